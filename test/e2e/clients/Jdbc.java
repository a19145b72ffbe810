/** JDBC: DatabaseMetaData in full, batches, generated keys, binary transfer, cursors, updatable results, COPY, callable statements, timeouts. */
import java.sql.*; import java.util.*; import java.lang.reflect.*; import java.io.*; import java.math.*;
public class Jdbc {
  static int n(ResultSet r) throws Exception { int c=0; ResultSetMetaData m=r.getMetaData(); while(r.next()){ c++; for(int i=1;i<=m.getColumnCount();i++) r.getString(i);} r.close(); return c; }
  static String dump(ResultSet r) throws Exception { StringBuilder b=new StringBuilder(); ResultSetMetaData m=r.getMetaData(); int rows=0; while(r.next()){ rows++; for(int i=1;i<=m.getColumnCount();i++) b.append(m.getColumnLabel(i)).append('=').append(r.getString(i)).append(' '); b.append('\n'); } r.close(); return b.toString(); }
  public static void main(String[] a) throws Exception {
    Properties p=new Properties(); p.put("user",System.getenv("PGUSER")); p.put("binaryTransfer","true"); p.put("prepareThreshold","1");
    Connection c=DriverManager.getConnection("jdbc:postgresql://"+System.getenv("PGHOST")+":"+System.getenv("PGPORT")+"/"+System.getenv("PGDATABASE"),p);
    Statement s=c.createStatement();
    s.execute("drop table if exists jb cascade; drop table if exists ja cascade; drop schema if exists js cascade; drop sequence if exists jseq; drop function if exists jf; drop type if exists jt; drop domain if exists jd; create schema js");
    s.execute("create table ja(id int primary key, name varchar(20) not null default 'x', amount numeric(10,3), ts timestamptz, u uuid unique, arr int[])");
    s.execute("create table jb(id bigint generated always as identity, a_id int references ja(id) on delete cascade on update set null, t text, primary key(id)); create index jb_t on jb(t desc); comment on table ja is 'the a'; comment on column ja.name is 'its name'; create view jv as select * from ja; create sequence jseq; create function jf(x int, out y text) language sql as 'select x::text'; create type jt as enum('q','r'); create domain jd as int check(value>0)");
    DatabaseMetaData d=c.getMetaData();
    System.out.println(d.getDatabaseProductName()+" "+d.getDatabaseMajorVersion());
    String[] t={"TABLE","VIEW"};
    Map<String,Object[]> calls=new LinkedHashMap<>();
    System.out.println(dump(d.getTables(null,"public","j%",t))); System.out.println(dump(d.getColumns(null,"public","ja","%")));
    System.out.println(dump(d.getPrimaryKeys(null,"public","jb"))); System.out.println(dump(d.getImportedKeys(null,"public","jb"))); System.out.println(dump(d.getExportedKeys(null,"public","ja")));
    System.out.println(dump(d.getIndexInfo(null,"public","jb",false,false))); System.out.println(dump(d.getCrossReference(null,"public","ja",null,"public","jb")));
    System.out.println(dump(d.getProcedures(null,"public","j%"))+dump(d.getFunctions(null,"public","jf"))+dump(d.getFunctionColumns(null,"public","j%",null)));
    System.out.println("types "+(n(d.getTypeInfo())>0)+(n(d.getSchemas())>0)+(n(d.getCatalogs())>0)+" table types "+n(d.getTableTypes())+" best "+n(d.getBestRowIdentifier(null,"public","ja",2,false))+" ver "+n(d.getVersionColumns(null,"public","ja"))+" udt "+n(d.getUDTs(null,"public","j%",null))+" "+(n(d.getTables(null,null,"%",null))>0)+(n(d.getColumns(null,null,"%","%"))>0)+(n(d.getFunctions(null,null,"%"))>0)+(n(d.getProcedures(null,null,"%"))>=0)+(n(d.getProcedureColumns(null,null,"%","%"))>=0)+" "+d.getMaxColumnNameLength());
    System.out.println(dump(d.getTablePrivileges(null,"public","ja"))+dump(d.getColumnPrivileges(null,"public","ja","name")));
    int bad=0, ok=0; for(Method m: DatabaseMetaData.class.getMethods()) if(m.getParameterCount()==0) { try { Object o=m.invoke(d); ok++; if(o instanceof ResultSet) ((ResultSet)o).close(); } catch(InvocationTargetException e){ bad++; System.out.println(m.getName()+": "+e.getCause().getMessage()); } }
    System.out.println("meta ok "+ok+" bad "+bad);
    PreparedStatement ps=c.prepareStatement("insert into ja values(?,?,?,?,?,?)", Statement.RETURN_GENERATED_KEYS);
    for(int i=0;i<5;i++){ ps.setInt(1,i); ps.setString(2,"n"+i); ps.setBigDecimal(3,new BigDecimal("1."+i)); ps.setTimestamp(4,new Timestamp(0)); ps.setObject(5,UUID.randomUUID()); ps.setArray(6,c.createArrayOf("int4",new Object[]{1,2,i})); ps.addBatch(); }
    System.out.println(Arrays.toString(ps.executeBatch()));
    PreparedStatement q=c.prepareStatement("insert into jb(a_id,t) values(?,?)", new String[]{"id"}); q.setInt(1,1); q.setString(2,"z"); q.executeUpdate(); ResultSet g=q.getGeneratedKeys(); g.next(); System.out.println("key "+g.getLong(1));
    for(int k=0;k<3;k++){ PreparedStatement x=c.prepareStatement("select id,name,amount,ts,u,arr,?::date,?::bytea,?::float8,?::time, ?::bool from ja order by id"); x.setDate(1,java.sql.Date.valueOf("2024-01-02")); x.setBytes(2,new byte[]{1,2}); x.setDouble(3,1.5); x.setTime(4,Time.valueOf("10:00:00")); x.setBoolean(5,true); ResultSet r=x.executeQuery(); r.next(); System.out.println(r.getInt(1)+r.getString(2)+r.getBigDecimal(3)+r.getTimestamp(4)+Arrays.toString((Object[])r.getArray(6).getArray())+r.getDate(7)+r.getBytes(8).length+r.getDouble(9)+r.getTime(10)+r.getBoolean(11)); r.close(); }
    c.setAutoCommit(false); Statement f=c.createStatement(); f.setFetchSize(10); ResultSet r=f.executeQuery("select generate_series(1,1000)"); int c2=0; while(r.next()) c2++; System.out.println("fetched "+c2); 
    Savepoint sp=c.setSavepoint("x"); try { s.execute("select 1/0"); } catch(SQLException e){ System.out.println(e.getSQLState()+" "+e.getMessage()); } c.rollback(sp); c.commit();
    Statement us=c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE); ResultSet ur=us.executeQuery("select * from ja order by id"); ur.last(); ur.updateString("name","upd"); ur.updateRow(); ur.moveToInsertRow(); ur.updateInt("id",99); ur.updateString("name","ins"); ur.insertRow(); ur.first(); ur.deleteRow(); c.commit();
    org.postgresql.copy.CopyManager cm=((org.postgresql.PGConnection)c).getCopyAPI(); System.out.println("copy "+cm.copyIn("copy ja(id,name) from stdin", new StringReader("500\tcp\n"))); StringWriter w=new StringWriter(); cm.copyOut("copy (select id from ja order by 1) to stdout", w); System.out.println(w.toString().replace("\n",",")); c.commit();
    CallableStatement cs=c.prepareCall("{? = call upper(?)}"); cs.registerOutParameter(1,Types.VARCHAR); cs.setString(2,"abc"); cs.execute(); System.out.println(cs.getString(1));
    cs=c.prepareCall("{call jf(?,?)}"); cs.setInt(1,5); cs.registerOutParameter(2,Types.VARCHAR); cs.execute(); System.out.println(cs.getString(2)); c.commit();
    c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE); System.out.println(c.getTransactionIsolation()); c.setReadOnly(true); try{ s.execute("delete from ja"); }catch(SQLException e){System.out.println(e.getSQLState());} c.rollback(); c.setReadOnly(false); c.setAutoCommit(true);
    s.execute("set session characteristics as transaction isolation level read committed"); Statement qs=c.createStatement(); qs.setQueryTimeout(1); try { qs.execute("select pg_sleep(5)"); } catch(SQLException e){ System.out.println(e.getSQLState()); }
    ParameterMetaData pm=c.prepareStatement("select * from ja where id=? and name=? and ts>?").getParameterMetaData(); System.out.println(pm.getParameterCount()+pm.getParameterTypeName(1)+pm.getParameterTypeName(2)+pm.getParameterTypeName(3));
    ResultSetMetaData rm=c.prepareStatement("select id as i, name, amount*2 from ja").getMetaData(); System.out.println(rm.getColumnName(1)+rm.getTableName(1)+rm.getColumnTypeName(2)+rm.getPrecision(2)+rm.isAutoIncrement(1)+rm.isNullable(2)+rm.getColumnTypeName(3));
    SQLXML xx=null; System.out.println(c.isValid(2)); c.setSchema("js"); System.out.println(c.getSchema()+" "+c.getCatalog()); c.setClientInfo("ApplicationName","app"); System.out.println(c.getClientInfo("ApplicationName")); c.close();
  }
}
