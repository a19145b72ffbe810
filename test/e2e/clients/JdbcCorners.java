// pgjdbc beyond its metadata: batches rewritten, prepare thresholds, all query modes, COPY, notifications, savepoints, large objects and two-phase commit refused, cancelling, streams.
import java.io.*;
import java.math.BigDecimal;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

public class JdbcCorners {
  static String url(String more) {
    Map<String, String> e = System.getenv();
    return "jdbc:postgresql://" + e.get("PGHOST") + ":" + e.get("PGPORT") + "/" + e.get("PGDATABASE") + "?user=" + e.get("PGUSER") + more;
  }

  interface Work { void run() throws Exception; }

  static void fails(String label, Work work) throws Exception {
    try { work.run(); System.out.println(label + ": no failure"); }
    catch (BatchUpdateException e) { System.out.println(label + ": " + state(e) + " " + Arrays.toString(e.getUpdateCounts()) + " " + e.getNextException().getMessage().split("\n")[0]); }
    catch (SQLException e) { System.out.println(label + ": " + state(e) + " " + e.getMessage().split("\n")[0]); }
  }

  static String state(SQLException e) { return e.getSQLState() == null ? null : e.getSQLState().substring(0, 2) + " " + e.getSQLState().substring(2); }

  public static void main(String[] args) throws Exception {
    for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
      try (Connection c = DriverManager.getConnection(url("&preferQueryMode=" + mode + "&reWriteBatchedInserts=true&prepareThreshold=2"))) {
        System.out.println("== " + mode);
        try (Statement s = c.createStatement()) {
          s.execute("drop table if exists j; create table j(id int primary key, v text, n numeric(10,2), at timestamp, b bytea, arr int[])");
          System.out.println(s.execute("select 1; update j set v = 'x'; select 2 as two") + " " + s.getUpdateCount());
          while (s.getMoreResults() || s.getUpdateCount() >= 0) System.out.println(s.getResultSet() == null ? "count " + s.getUpdateCount() : s.getResultSet().getMetaData().getColumnName(1));
        }
        try (PreparedStatement p = c.prepareStatement("insert into j(id, v, n) values (?, ?, ?)")) {
          for (int i = 0; i < 300; i++) { p.setInt(1, i); p.setString(2, i % 7 == 0 ? null : "v" + i); p.setBigDecimal(3, new BigDecimal(i).movePointLeft(2)); p.addBatch(); }
          int[] counts = p.executeBatch();
          System.out.println("batch " + counts.length + " " + (counts[0] == 1 || counts[0] == Statement.SUCCESS_NO_INFO));
          p.setInt(1, 1000); p.setString(2, "new"); p.setNull(3, Types.NUMERIC); p.addBatch();
          p.setInt(1, 5); p.setString(2, "twice"); p.setNull(3, Types.NUMERIC); p.addBatch();
          fails("batch with a duplicate", p::executeBatch);
        }
        try (PreparedStatement p = c.prepareStatement("select id, v, n from j where id = ? and (v = ? or v is null)")) {
          for (int i = 0; i < 6; i++) {
            p.setInt(1, i); p.setString(2, "v" + i);
            try (ResultSet r = p.executeQuery()) { while (r.next()) System.out.print(r.getInt(1) + r.getString(2) + r.getBigDecimal(3) + " "); }
          }
          System.out.println(((PGStatement) p).isUseServerPrepare());
        }
        try (PreparedStatement p = c.prepareStatement("update j set at = ?, b = ?::bytea, arr = ? where id = ? returning at, b, arr")) {
          p.setTimestamp(1, Timestamp.valueOf("2024-02-29 12:34:56.789")); p.setString(2, "\\x0001ff"); p.setArray(3, c.createArrayOf("int4", new Object[] {1, null, 3})); p.setInt(4, 7);
          try (ResultSet r = p.executeQuery()) { r.next(); System.out.println(r.getTimestamp(1) + " " + Arrays.toString(r.getBytes(2)) + " " + Arrays.toString((Object[]) r.getArray(3).getArray())); }
        }
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
          s.setFetchSize(50);
          int sum = 0; ResultSet r = s.executeQuery("select id from j order by id"); while (r.next()) sum += r.getInt(1);
          System.out.println("fetched " + sum);
          Savepoint one = c.setSavepoint("one");
          fails("inside", () -> s.executeUpdate("insert into j values (1)"));
          fails("afterwards", () -> s.executeQuery("select 1"));
          c.rollback(one);
          System.out.println(s.executeUpdate("delete from j where id > 290"));
          c.releaseSavepoint(one);
        }
        c.rollback();
        c.setAutoCommit(true);
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
          ResultSet r = s.executeQuery("select id, v from j where id < 4 order by id");
          r.last(); System.out.println("last " + r.getRow()); r.absolute(2); r.updateString(2, "changed"); r.updateRow(); r.moveToInsertRow(); r.updateInt(1, 9999); r.updateString(2, "inserted"); r.insertRow(); r.first(); r.deleteRow();
        }
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select id, v from j where id in (0, 1, 9999) order by id")) { while (r.next()) System.out.print(r.getInt(1) + r.getString(2) + " "); System.out.println(); }
        if (!mode.equals("simple")) try (CallableStatement call = c.prepareCall("{? = call upper(?)}")) { call.registerOutParameter(1, Types.VARCHAR); call.setString(2, "shout"); call.execute(); System.out.println(call.getString(1)); }
        try (Statement s = c.createStatement()) {
          s.setQueryTimeout(1);
          fails("timeout", () -> s.executeQuery("select pg_sleep(30)"));
          s.setMaxRows(3); int n = 0; ResultSet r = s.executeQuery("select * from j"); while (r.next()) n++; System.out.println("at most " + n);
        }
      }
    }
    try (Connection c = DriverManager.getConnection(url("&binaryTransfer=true&prepareThreshold=-1"))) {
      PGConnection pg = c.unwrap(PGConnection.class);
      CopyManager copy = pg.getCopyAPI();
      try (Statement s = c.createStatement()) { s.execute("create table jc(a int primary key, b text)"); }
      System.out.println("in " + copy.copyIn("copy jc from stdin", new StringReader("1\tx\n2\t\\N\n")));
      StringWriter out = new StringWriter();
      System.out.println("out " + copy.copyOut("copy (select * from jc order by a) to stdout csv header force quote *", out) + " " + out.toString().replace("\n", "|"));
      CopyIn in = copy.copyIn("copy jc from stdin"); byte[] row = "3\tthree\n".getBytes(); in.writeToCopy(row, 0, row.length); in.cancelCopy();
      fails("copy of nonsense", () -> copy.copyIn("copy jc from stdin", new StringReader("x\ty\n")));
      fails("copy of a duplicate", () -> copy.copyIn("copy jc from stdin", new StringReader("1\ty\n")));
      try (Connection other = DriverManager.getConnection(url("")); Statement s = c.createStatement(); Statement o = other.createStatement()) {
        s.execute("listen jn"); o.execute("notify jn, 'from java'");
        PGNotification[] heard = pg.getNotifications(10000); System.out.println(heard.length + " " + heard[0].getName() + " " + heard[0].getParameter());
        s.execute("drop table j, jc");
      }
      System.out.println(c.isValid(5) + " " + c.getTransactionIsolation() + " " + pg.getParameterStatus("TimeZone"));
      c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE); c.setReadOnly(true);
      fails("read only", () -> { try (Statement s = c.createStatement()) { s.executeUpdate("create table never(a int)"); } });
    }
  }
}
