-- LuaSQL: cursors, column names and types, transactions, errors.
local luasql = require 'luasql.postgres'
local env = assert(luasql.postgres())
local c = assert(env:connect(os.getenv 'PGDATABASE', os.getenv 'PGUSER', '', os.getenv 'PGHOST', os.getenv 'PGPORT'))
local function run(sql)
  local result, message = c:execute(sql)
  if result == nil then print('!', (message:gsub('\n.*', ''))) return end
  if type(result) ~= 'userdata' then print(sql:match '%S+', result) return end
  print(table.concat(result:getcolnames(), ','), table.concat(result:getcoltypes(), ','), result:numrows())
  local row = result:fetch({}, 'n')
  while row do
    local shown = {}
    for i = 1, #result:getcolnames() do shown[i] = tostring(row[i]) end
    print(table.concat(shown, '|'))
    row = result:fetch(row, 'n')
  end
  result:close()
end
run "create table lu(id int primary key, v varchar(10), n numeric(6,2), ok boolean, at timestamp, a int[], d float8)"
run("insert into lu values (1, '" .. c:escape("it's") .. "', 1.5, true, '2024-02-29 01:02:03', '{1,2}', 0.1), (2, null, null, null, null, null, 'NaN')")
run "select * from lu order by id"
run "select count(*), sum(n), max(at) from lu"
run "select * from nothing"
run "insert into lu(id) values (1)"
run "update lu set v = 'x' where id < 10"
run "select 1; select 2 as two"
c:setautocommit(false)
run "delete from lu"
c:rollback()
run "select count(*) from lu"
run "insert into lu(id) values (3)"
c:commit()
c:setautocommit(true)
run "select id from lu order by id desc"
run "explain (costs off) select nothing"
run "select ''::text, 'é', chr(9731)"
c:close() env:close()
