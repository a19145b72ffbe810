"""LibreOffice Base: a data source on the server as its windows use it: tables, columns, keys, views, forms (row sets that read and write), queries with parameters."""
import os, shutil, subprocess, tempfile, time
import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sdbc import SQLException

home = tempfile.mkdtemp(prefix="shoal-office-")
pipe = "shoal%d" % os.getpid()
office = subprocess.Popen(
    ["soffice", "-env:UserInstallation=file://" + home, "--headless", "--invisible", "--norestore", "--nologo", "--accept=pipe,name=%s;urp;" % pipe],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def connected():
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(600):
        try:
            return resolver.resolve("uno:pipe,name=%s;urp;StarOffice.ComponentContext" % pipe)
        except NoConnectException:
            time.sleep(0.2)
    raise SystemExit("soffice does not answer")


def rows(result, width=None):
    width = result.getMetaData().getColumnCount() if width is None else width
    found = []
    while result.next():
        row = []
        for at in range(1, width + 1):
            value = result.getString(at)
            row.append(None if result.wasNull() else value)
        found.append(row)
    return found


def failing(what, act):
    try:
        act()
        print(what, "succeeds")
    except SQLException as error:
        print(what, "->", error.SQLState, error.Message.split("\n")[0])


context = connected()
desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
try:
    databases = context.ServiceManager.createInstanceWithContext("com.sun.star.sdb.DatabaseContext", context)
    source = databases.createInstance()
    source.URL = "sdbc:postgresql:host=%s port=%s dbname=%s" % (os.environ["PGHOST"], os.environ["PGPORT"], os.environ["PGDATABASE"])
    connection = source.getConnection(os.environ["PGUSER"], os.environ.get("PGPASSWORD", ""))
    facts = connection.MetaData
    print(facts.DatabaseProductName, facts.supportsTransactions(), facts.getIdentifierQuoteString())
    statement = connection.createStatement()
    for text in (
        "CREATE TABLE author (id serial PRIMARY KEY, name varchar(40) NOT NULL, born date)",
        "CREATE TABLE book (id int PRIMARY KEY, author int REFERENCES author ON DELETE CASCADE, title text, price numeric(8,2) DEFAULT 1.5, read bool, at timestamp, UNIQUE (author, title))",
        "CREATE VIEW priced AS SELECT a.name, b.title, b.price FROM author a JOIN book b ON b.author = a.id",
        "COMMENT ON TABLE book IS 'what they wrote'",
        "INSERT INTO author (name, born) VALUES ('Ann', '1970-01-02'), ('Bob', NULL)",
        "INSERT INTO book VALUES (1, 1, 'One', 10, true, '2020-01-02 03:04:05'), (2, 1, 'Two', 20.25, false, NULL), (3, 2, 'Three', NULL, NULL, NULL)",
    ):
        statement.execute(text)

    chosen = ("bool int2 int4 int8 float4 float8 numeric money text varchar bpchar bytea date time timetz timestamp timestamptz interval uuid json jsonb xml inet cidr macaddr "
              "bit varbit point box tsvector int4range author book priced").split()

    # What the table pane and the table designer show.
    connection.Tables.refresh()
    print(sorted(name for name in connection.Tables.ElementNames if name.startswith("public.")))
    for name in ("public.author", "public.book"):
        table = connection.Tables.getByName(name)
        print(name, table.Type, table.Description)
        for column in [table.Columns.getByIndex(at) for at in range(table.Columns.Count)]:
            print("  ", column.Name, column.TypeName, column.Type, column.Precision, column.Scale, column.IsNullable, column.IsAutoIncrement, column.DefaultValue)
        for key in [table.Keys.getByIndex(at) for at in range(table.Keys.Count)]:
            print("  key", key.Type, key.ReferencedTable, key.DeleteRule, key.UpdateRule, list(key.Columns.ElementNames))
        for index in [table.Indexes.getByIndex(at) for at in range(table.Indexes.Count)]:
            print("  index", index.Name, index.IsUnique, list(index.Columns.ElementNames))
    for name, width, found in (
        ("tables", 5, facts.getTables(None, "public", "%", ("TABLE", "VIEW"))),
        ("columns", 18, facts.getColumns(None, "public", "book", "%")),
        ("primary keys", 6, facts.getPrimaryKeys(None, "public", "book")),
        ("imported keys", 14, facts.getImportedKeys(None, "public", "book")),
        ("exported keys", 14, facts.getExportedKeys(None, "public", "author")),
        ("index info", 13, facts.getIndexInfo(None, "public", "book", False, False)),
        ("privileges", 7, facts.getTablePrivileges(None, "public", "book")),
        ("types", 18, facts.getTypeInfo()),
    ):
        print(name)
        for row in rows(found, width):
            # (Row types of the catalog's own relations, which nobody chooses, are not all there.)
            if name == "types" and row[0].lstrip("_") not in chosen:
                continue
            print("  ", row)

    # The table designer makes a column, a table; the view designer a view.
    table = connection.Tables.getByName("public.author")
    made = table.Columns.createDataDescriptor()
    made.Name, made.TypeName, made.Type, made.Precision, made.IsNullable = "motto", "varchar", 12, 80, 1
    table.Columns.appendByDescriptor(made)
    described = connection.Tables.createDataDescriptor()
    described.Name, described.SchemaName = "shelf", "public"
    column = described.Columns.createDataDescriptor()
    column.Name, column.TypeName, column.Type, column.IsNullable = "place", "int4", 4, 0
    described.Columns.appendByDescriptor(column)
    connection.Tables.appendByDescriptor(described)
    print(sorted(name for name in connection.Tables.ElementNames if name.startswith("public.")))
    connection.Tables.dropByName("public.shelf")
    print(rows(statement.executeQuery("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'author' ORDER BY ordinal_position")))

    # A form: a row set that is walked through, changed, enlarged.
    form = context.ServiceManager.createInstanceWithContext("com.sun.star.sdb.RowSet", context)
    form.ActiveConnection, form.CommandType, form.Command, form.Order = connection, 0, "public.book", '"id" ASC'
    form.execute()
    form.last()
    print("form", form.RowCount, form.getInt(1), form.getString(3))
    form.first()
    form.updateString(3, "One, again")
    form.updateRow()
    form.moveToInsertRow()
    form.updateInt(1, 4)
    form.updateInt(2, 2)
    form.updateString(3, "Four")
    form.insertRow()
    form.absolute(2)
    form.deleteRow()
    print(rows(statement.executeQuery("SELECT id, author, title, price FROM book ORDER BY id")))
    form.Filter, form.ApplyFilter = "\"title\" LIKE 'F%'", True
    form.execute()
    print("filtered", [row[2] for row in rows(form)])

    # A query with a parameter, by the designer's parser; one by the driver alone.
    prepared = connection.prepareStatement('SELECT "name", count(*) FROM "priced" WHERE "price" > ? GROUP BY "name" ORDER BY "name"')
    prepared.setDouble(1, 2.5)
    print(rows(prepared.executeQuery()))
    composer = connection.createInstance("com.sun.star.sdb.SingleSelectQueryComposer")
    composer.Query = 'SELECT * FROM "public"."book" WHERE "author" = 2'
    composer.Order = '"title" DESC'
    print(composer.Query, [composer.Columns.getByIndex(at).Name for at in range(composer.Columns.Count)])

    # Transactions and mistakes.
    own = source.getIsolatedConnection(os.environ["PGUSER"], os.environ.get("PGPASSWORD", ""))
    own.setAutoCommit(False)
    print(own.createStatement().executeUpdate("DELETE FROM book"))
    own.rollback()
    own.close()
    print(rows(statement.executeQuery("SELECT count(*) FROM book")))
    failing("a second key", lambda: statement.execute("INSERT INTO book (id) VALUES (1)"))
    failing("no such table", lambda: statement.executeQuery("SELECT * FROM nothing"))
    statement.execute("DROP VIEW priced")
    statement.execute("DROP TABLE book, author")
    connection.close()
finally:
    try:
        desktop.terminate()
    except Exception:
        pass
    try:
        office.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(office.pid, 9)
    shutil.rmtree(home, ignore_errors=True)
