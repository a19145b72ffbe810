"""psqlODBC by pyodbc: the catalog functions, parameters, cursors by declare and fetch."""
import pyodbc,sys
import os; port=os.environ['PGPORT']
setup=pyodbc.connect(f'Driver=/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so;Server=127.0.0.1;Port={port};Database={os.environ["PGDATABASE"]};Uid=postgres', autocommit=True)
setup.execute("create table od_a(id int primary key, name varchar(20) not null default 'x', amount numeric(10,3), ts timestamptz, u uuid unique); create table od_b(id bigint generated always as identity primary key, a_id int references od_a(id) on delete cascade, t text); create index od_b_t on od_b(t); create function od_f(x int) returns text language sql as 'select x::text'")
drv='/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so'
for extra in ['', 'UseDeclareFetch=1;Fetch=10;', 'UseServerSidePrepare=0;']:
    c=pyodbc.connect(f'Driver={drv};Server=127.0.0.1;Port={port};Database={os.environ["PGDATABASE"]};Uid=postgres;'+extra)
    k=c.cursor()
    print([tuple(r)[:4] for r in k.tables(schema='public', table='od%')])
    print([(r.column_name,r.type_name,r.column_size,r.nullable) for r in k.columns(table='od_a', schema='public')])
    print([tuple(r)[3:6] for r in k.primaryKeys(table='od_b')], [tuple(r)[2:8] for r in k.foreignKeys(table='od_a')], [tuple(r)[3:9] for r in k.statistics(table='od_b')])
    print(len(list(k.getTypeInfo())), [r.procedure_name for r in k.procedures(procedure='od_f')], [r.column_name for r in k.procedureColumns(procedure='od_f')], [tuple(r)[:4] for r in k.rowIdColumns('od_a')], [tuple(r) for r in k.rowVerColumns('od_a')][:1])
    k.execute('create temp table od(a int, b text, c numeric(8,2), d timestamp, e bytea, f bool)')
    k.executemany('insert into od values(?,?,?,?,?,?)', [(1,'é',1.5,None,b'x',True),(2,None,None,None,None,False)])
    k.execute('select * from od order by a'); print([tuple(r) for r in k.fetchall()], [d[:2] for d in k.description])
    k.execute('select generate_series(1,1000)'); print(sum(r[0] for r in k))
    try: k.execute('select 1/0'); k.fetchall()
    except Exception as e: print(str(e)[:60])
    c.rollback(); print(c.getinfo(pyodbc.SQL_DBMS_NAME)); c.close()
