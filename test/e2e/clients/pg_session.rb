# The gem pg: parameters, prepared statements, COPY, single-row mode, error fields, typed results.
require 'pg'
c=PG.connect; c.exec(%q(set client_min_messages = error))
c.exec("drop table if exists rb; create table rb(id int, b text)")
c.exec_params("insert into rb values($1,$2)",[1,"x"]); p c.exec("select * from rb").to_a
c.prepare('s',"select $1::int+1 as n"); p c.exec_prepared('s',[4]).getvalue(0,0)
c.copy_data("copy rb from stdin"){ c.put_copy_data("2\ty\n") }
c.send_query("select generate_series(1,3)"); c.set_single_row_mode; while r=c.get_result; r.check; print r.values; end
c.pipeline_sync rescue puts "no"
begin; c.exec("select x"); rescue PG::UndefinedColumn=>e; puts e.result.error_field(PG::PG_DIAG_STATEMENT_POSITION); end
m=PG::BasicTypeMapForResults.new(c); r=c.exec("select 1::int8, '{1,2}'::int[], '{\"a\":1}'::jsonb"); r.type_map=m; p r.values
