/* libpq in C: parameters in text and binary, prepared statements, descriptions, pipelines, single rows, COPY, notifications, cancelling, functions, errors' fields. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PGconn *connection;

static void show(const char *label, PGresult *result)
{
	printf("%s: %s '%s' affected '%s' rows %d columns %d", label, PQresStatus(PQresultStatus(result)), PQcmdStatus(result), PQcmdTuples(result), PQntuples(result), PQnfields(result));
	for (int column = 0; column < PQnfields(result); column++)
		printf(" [%s %u %d %d %d %d]", PQfname(result, column), PQftype(result, column), PQfsize(result, column), PQfmod(result, column), PQfformat(result, column), PQftablecol(result, column));
	for (int row = 0; row < PQntuples(result) && row < 5; row++)
	{
		printf(" (");
		for (int column = 0; column < PQnfields(result); column++)
		{
			if (PQgetisnull(result, row, column)) printf("%snull", column ? ", " : "");
			else if (PQfformat(result, column) == 0) printf("%s%s", column ? ", " : "", PQgetvalue(result, row, column));
			else
			{
				printf("%s", column ? ", " : "");
				for (int at = 0; at < PQgetlength(result, row, column); at++) printf("%02x", (unsigned char) PQgetvalue(result, row, column)[at]);
			}
		}
		printf(")");
	}
	if (PQresultStatus(result) == PGRES_FATAL_ERROR || PQresultStatus(result) == PGRES_NONFATAL_ERROR)
	{
		const int fields[] = {PG_DIAG_SEVERITY, PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT, PG_DIAG_STATEMENT_POSITION, PG_DIAG_CONTEXT, PG_DIAG_SCHEMA_NAME, PG_DIAG_TABLE_NAME, PG_DIAG_COLUMN_NAME, PG_DIAG_DATATYPE_NAME, PG_DIAG_CONSTRAINT_NAME};
		for (unsigned at = 0; at < sizeof fields / sizeof *fields; at++)
		{
			const char *text = PQresultErrorField(result, fields[at]);
			if (text != NULL && fields[at] == PG_DIAG_SQLSTATE) printf(" %c=%.2s %s", fields[at], text, text + 2);
			else if (text != NULL) printf(" %c=%s", fields[at], text);
		}
	}
	printf("\n");
	PQclear(result);
}

static void notice(void *arg, const PGresult *result)
{
	printf("notice: %s %s\n", PQresultErrorField(result, PG_DIAG_SEVERITY), PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

static void run(const char *text) { show(text, PQexec(connection, text)); }

static void drain(const char *label)
{
	PGresult *result;
	while ((result = PQgetResult(connection)) != NULL) show(label, result);
}

int main(void)
{
	connection = PQconnectdb("application_name=libpq");
	if (PQstatus(connection) != CONNECTION_OK) { fprintf(stderr, "%s", PQerrorMessage(connection)); return 1; }
	PQsetNoticeReceiver(connection, notice, NULL);
	printf("%d %d %s %s %s %s\n", PQprotocolVersion(connection), PQserverVersion(connection) / 10000, PQparameterStatus(connection, "client_encoding"), PQparameterStatus(connection, "integer_datetimes"), PQparameterStatus(connection, "standard_conforming_strings"), PQparameterStatus(connection, "is_superuser"));

	/* ---- simple and extended queries ---- */
	run("");
	run("select 1 as a, 'x'::varchar(5) as b, null as c, 1.50::numeric(5,2) as d");
	run("create table t(id int primary key, v text, n numeric(8,2)); insert into t values (1, 'one', 1.5), (2, null, null); select * from t order by id");
	const char *texts[] = {"41", NULL, "{1,2}"};
	show("params", PQexecParams(connection, "select $1::int + 1, $2::text, $3::int[]", 3, NULL, texts, NULL, NULL, 0));
	unsigned number = htonl(258);
	const char *values[] = {(char *) &number, "te\0xt"};
	const int lengths[] = {4, 5}, formats[] = {1, 1};
	const Oid types[] = {23, 17};
	show("binary", PQexecParams(connection, "select $1 + 1, $2, true, 'abc'::text, 1.5::float8, '{1,null}'::int[], 12.5::numeric, timestamp '2024-01-01', '00000000-0000-0000-0000-000000000001'::uuid", 2, types, values, lengths, formats, 1));
	show("two commands", PQexecParams(connection, "select 1; select 2", 0, NULL, NULL, NULL, NULL, 0));
	show("prepare", PQprepare(connection, "p", "select id, v from t where id = $1 and v like $2", 0, NULL));
	PGresult *described = PQdescribePrepared(connection, "p");
	printf("parameters %d: %u %u\n", PQnparams(described), PQparamtype(described, 0), PQparamtype(described, 1));
	show("described", described);
	const char *wanted[] = {"1", "o%"};
	for (int times = 0; times < 7; times++) show("prepared", PQexecPrepared(connection, "p", 2, wanted, NULL, NULL, 0));
	run("begin; declare c cursor for select id from t order by id");
	show("portal", PQdescribePortal(connection, "c"));
	run("fetch 1 from c");
	printf("transaction %d\n", PQtransactionStatus(connection));
	run("select nonsense from t");
	printf("transaction %d\n", PQtransactionStatus(connection));
	run("rollback");
	run("insert into t values (1, 'again')");
	run("insert into t values (3, repeat('x', 10), 1e9)");
	run("do $$ begin raise notice 'from %', 'plpgsql'; end $$");
	run("drop table if exists nowhere");

	/* ---- single rows ---- */
	PQsendQuery(connection, "select n, repeat('y', 200) from generate_series(1, 100000) n");
	PQsetSingleRowMode(connection);
	long count = 0, sum = 0;
	for (PGresult *row; (row = PQgetResult(connection)) != NULL; PQclear(row))
		if (PQresultStatus(row) == PGRES_SINGLE_TUPLE) { count++; sum += atol(PQgetvalue(row, 0, 0)); }
		else printf("end %s %d\n", PQresStatus(PQresultStatus(row)), PQntuples(row));
	printf("single rows %ld %ld\n", count, sum);
	PQsendQuery(connection, "select 10 / (3 - n) from generate_series(1, 5) n");
	PQsetSingleRowMode(connection);
	drain("single row");

	/* ---- pipelines ---- */
	PQenterPipelineMode(connection);
	PQsendQueryParams(connection, "insert into t values (10, 'ten')", 0, NULL, NULL, NULL, NULL, 0);
	PQsendQueryParams(connection, "select 1 / (random() * 0)::int", 0, NULL, NULL, NULL, NULL, 0);
	PQsendQueryParams(connection, "select 'never'", 0, NULL, NULL, NULL, NULL, 0);
	PQpipelineSync(connection);
	PQsendPrepare(connection, "q", "select $1::int * 2", 0, NULL);
	PQsendDescribePrepared(connection, "q");
	const char *twenty[] = {"21"};
	PQsendQueryPrepared(connection, "q", 1, twenty, NULL, NULL, 0);
	PQsendQueryParams(connection, "select count(*) from t", 0, NULL, NULL, NULL, NULL, 0);
	PQpipelineSync(connection);
	for (int syncs = 0; syncs < 2;)
	{
		PGresult *result = PQgetResult(connection);
		if (result == NULL) continue;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) syncs++;
		show("pipeline", result);
	}
	printf("left the pipeline %d %d\n", PQexitPipelineMode(connection), PQpipelineStatus(connection));
	PQenterPipelineMode(connection);
	for (int at = 0; at < 500; at++)
	{
		char text[12];
		snprintf(text, sizeof text, "%d", at);
		const char *one[] = {text};
		PQsendQueryPrepared(connection, "q", 1, one, NULL, NULL, 0);
	}
	PQpipelineSync(connection);
	sum = 0;
	for (PGresult *result;;)
	{
		if ((result = PQgetResult(connection)) == NULL) continue;
		const int last = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		if (PQresultStatus(result) == PGRES_TUPLES_OK) sum += atol(PQgetvalue(result, 0, 0));
		PQclear(result);
		if (last) break;
	}
	PQexitPipelineMode(connection);
	printf("long pipeline %ld\n", sum);

	/* ---- COPY ---- */
	run("copy t from stdin");
	const char *rows = "20\ttwenty\t2.5\n21\t\\N\t\\N\n";
	PQputCopyData(connection, rows, strlen(rows));
	PQputCopyEnd(connection, NULL);
	drain("copied");
	run("copy t from stdin (format csv)");
	PQputCopyData(connection, "22,\"a,b\"", 8);
	PQputCopyData(connection, ",3\nnonsense,x,1\n", 16);
	PQputCopyEnd(connection, NULL);
	drain("not copied");
	run("copy t from stdin");
	PQputCopyEnd(connection, "given up");
	drain("given up");
	show("out", PQexec(connection, "copy (select id, v from t order by id) to stdout"));
	char *buffer;
	for (int length; (length = PQgetCopyData(connection, &buffer, 0)) > 0; PQfreemem(buffer)) printf("line %d %s", length, buffer);
	drain("copied out");
	show("binary out", PQexec(connection, "copy (select 1::int, 'x'::text) to stdout binary"));
	long bytes = 0;
	for (int length; (length = PQgetCopyData(connection, &buffer, 0)) > 0; PQfreemem(buffer)) bytes += length;
	drain("binary copied out");
	printf("bytes %ld\n", bytes);

	/* ---- notifications, cancelling, functions ---- */
	run("listen \"Here\"");
	run("notify \"Here\", 'news'");
	for (PGnotify *heard; PQconsumeInput(connection), (heard = PQnotifies(connection)) != NULL; PQfreemem(heard)) printf("heard %s %s %d\n", heard->relname, heard->extra, heard->be_pid == PQbackendPID(connection));
	PGcancel *cancel = PQgetCancel(connection);
	char error[256];
	PQsendQuery(connection, "select pg_sleep(60)");
	usleep(300000);
	printf("cancel %d\n", PQcancel(cancel, error, sizeof error));
	drain("cancelled");
	PQfreeCancel(cancel);
	int result = 0, length = 0;
	const PQArgBlock args[] = {{4, 1, {.integer = 40}}, {4, 1, {.integer = 2}}};
	PGresult *called = PQfn(connection, 177, &result, &length, 1, args, 2);
	printf("function %s %d %d\n", PQresStatus(PQresultStatus(called)), result, length);
	PQclear(called);

	/* ---- encodings, escaping, the rest ---- */
	printf("encoding %d\n", PQsetClientEncoding(connection, "LATIN1"));
	show("latin1", PQexec(connection, "select length('\xe9'), '\xe9' = chr(233)"));
	PQsetClientEncoding(connection, "UTF8");
	char *literal = PQescapeLiteral(connection, "it's \\ here", 11), *name = PQescapeIdentifier(connection, "a\"b", 3);
	printf("%s %s\n", literal, name);
	char text[200];
	snprintf(text, sizeof text, "select %s as %s", literal, name);
	run(text);
	PQfreemem(literal);
	PQfreemem(name);
	size_t size;
	unsigned char *escaped = PQescapeByteaConn(connection, (unsigned char *) "a\0'\\", 4, &size), *plain = PQunescapeBytea((unsigned char *) "\\x610027", &size);
	printf("%s %zu\n", escaped, size);
	PQfreemem(escaped);
	PQfreemem(plain);
	printf("encrypted %.3s\n", PQencryptPasswordConn(connection, "x", "u", "md5"));
	printf("ping %d\n", PQping(""));
	PQreset(connection);
	run("select count(*) from t; drop table t");
	PGconn *wrong = PQconnectdb("dbname=nowhere");
	printf("%s", strstr(PQerrorMessage(wrong), "FATAL"));
	PQfinish(wrong);
	PGconn *slow = PQconnectStart("options='-c work_mem=9MB'");
	for (PostgresPollingStatusType status = PGRES_POLLING_WRITING; status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED;) { usleep(1000); status = PQconnectPoll(slow); }
	PGresult *setting = PQexec(slow, "show work_mem");
	printf("asynchronously %s\n", PQgetvalue(setting, 0, 0));
	PQclear(setting);
	PQfinish(slow);
	PQfinish(connection);
	return 0;
}
