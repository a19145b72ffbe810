-- ts_headline
select ts_headline('english','The most common type of search is to find all documents containing given query terms', to_tsquery('english','query & terms'));
select ts_headline('The quick brown fox', 'fox'::tsquery);
select ts_headline('english','a b c d', to_tsquery('d'), 'StartSel=<, StopSel=>');
select ts_headline('english', 'The most common type of search
is to find all documents containing given query terms
and return them in order of their similarity to the
query.', to_tsquery('english', 'query & similarity'));
select ts_headline('english', 'Search terms may occur
many times in a document,
requiring ranking of the search matches to decide which
occurrences to display in the result.', to_tsquery('english', 'search & term'), 'MaxFragments=10, MaxWords=7, MinWords=3, StartSel=<<, StopSel=>>');
select ts_headline('english', 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur sint occaecat cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum.', to_tsquery('english', 'dolor & veniam'));
select ts_headline('english', 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur sint occaecat cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum.', to_tsquery('english', 'dolor | laborum'), 'MaxFragments=3, MaxWords=8, MinWords=2, FragmentDelimiter=" *** "');
select ts_headline('english', 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat.', to_tsquery('english', 'lorem & consequat'), 'MaxWords=10, MinWords=5');
select ts_headline('english', 'Lorem ipsum dolor sit amet, consectetur adipiscing elit', to_tsquery('english', 'nothing'), 'MinWords=3, MaxWords=6');
select ts_headline('english', 'Lorem ipsum dolor sit amet', ''::tsquery);
select ts_headline('english', '', to_tsquery('english', 'x'));
select ts_headline('english', 'foo bar foo', to_tsquery('english', 'foo & !bar'));
select ts_headline('english', 'foo bar baz foo', to_tsquery('english', 'foo <-> bar'));
select ts_headline('english', 'bar foo then much later foo bar', to_tsquery('english', 'foo <-> bar'), 'MaxWords=4, MinWords=2');
select ts_headline('english', 'abc abd abcde xyz', to_tsquery('english', 'ab:* & abcd:*'));
select ts_headline('english', 'supernovae supernova', to_tsquery('english', 'super:*A'));
select ts_headline('simple', 'The stars shine', to_tsquery('simple', 'star | stars'));
select ts_headline('english', 'The stars shine', to_tsquery('english', 'star'), 'HighlightAll=true');
select ts_headline('english', '<html><b>The</b> stars shine &amp; glow http://www.example.com/a/b.html in well-known skies</html>', to_tsquery('english', 'sky | known | example'));
select ts_headline('english', '<html><b>The</b> stars shine &amp; glow http://www.example.com/a/b.html in well-known skies</html>', to_tsquery('english', 'sky | well-known'), 'HighlightAll=on');
select ts_headline('english', 'mail me at foo@bar.com or 12.5 or -7 now', to_tsquery('english', 'foo@bar.com | now'), 'ShortWord=0');
select ts_headline('english', 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty', to_tsquery('english', 'ten'), 'MaxWords=5, MinWords=2, ShortWord=3');
select ts_headline('english', 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty', to_tsquery('english', 'ten'), 'MaxWords=5, MinWords=4, ShortWord=5, MaxFragments=1');
select ts_headline('english', 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty', to_tsquery('english', 'twenty'), 'MaxWords=8, MinWords=6');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'MaxWords=3');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'MinWords=0');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'ShortWord=-1');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'MaxFragments=-1');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'NoSuch=1');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'MaxWords=abc');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'MaxWords');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), '');
select ts_headline('english', 'x one', to_tsquery('english', 'one'), 'startsel = "[ ", stopsel='' ]''');
select ts_headline('english', null::text, to_tsquery('english', 'one'));
select ts_headline('nosuch', 'x one', to_tsquery('english', 'one'));
select ts_headline('english', '{"a": "one two", "b": ["three one", 1, null, {"c": "one"}], "a": "x"}'::json, to_tsquery('english', 'one'));
select ts_headline('english', '{"a": "one two", "b": ["three one", 1, null, {"c": "one"}]}'::jsonb, to_tsquery('english', 'one'), 'StartSel=<, StopSel=>');
select ts_headline('{"a": "one two"}'::jsonb, 'one'::tsquery);
select ts_headline('{"a": "one two"}'::json, 'one'::tsquery, 'StartSel=*, StopSel=*');
create table hl (id int primary key, d text);
insert into hl values (1, 'a fat cat sat on a mat and ate a fat rat'), (2, 'cats and dogs');
select id, ts_headline('english', d, q) from hl, to_tsquery('english', 'cat & rat | dog') q order by id;
