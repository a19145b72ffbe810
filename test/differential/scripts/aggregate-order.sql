create table g(k int, a int, b text);
insert into g values (1,1,'b'),(2,2,'c'),(3,0,'a'),(4,3,'a'),(5,1,'a'),(6,2,'a');
select json_agg(g order by k) from g where k < 3;
select jsonb_agg(g order by k) from g where k < 3;
select json_agg(array[k,a] order by k) from g where k < 3;
select json_agg(x order by k) from (select k, row_to_json(g) x from g where k<3) y;
select string_agg(distinct b, a::text order by b) from g;
select json_agg(row(k,a) order by k) from g where k < 3;
