/** pg_dump of Shoal restores into PostgreSQL 15 and the other way round; dumps of both ends are the same but for what is listed here. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerBinary, peerEnvironment } from '../../../scripts/peers.mjs';
import { type Connection, libpqEnvironment } from '../../support/connection.js';
import { sharedPostgres } from '../../support/postgres.js';
import { run } from '../../support/process.js';
import { psqlOk } from '../../support/psql.js';
import { Shoal } from '../../support/shoal.js';

const schema = String.raw`
CREATE SCHEMA app;
CREATE SCHEMA "Odd ""Name";
COMMENT ON SCHEMA app IS 'the app''s';
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'it''s');
COMMENT ON TYPE app.mood IS 'moods';
CREATE TYPE app.point3 AS (x int, y text, z numeric(8,2));
CREATE DOMAIN app.positive AS integer DEFAULT 5 NOT NULL CONSTRAINT positive_check CHECK (VALUE > 0);
CREATE DOMAIN app.short AS varchar(10) COLLATE "C";
COMMENT ON DOMAIN app.positive IS 'more than 0';
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5) PRIMARY KEY,
  name text NOT NULL,
  email varchar(80) UNIQUE,
  balance numeric(12,2) DEFAULT 0 NOT NULL,
  created timestamptz DEFAULT '2024-01-02 03:04:05+00',
  active boolean DEFAULT true,
  visits app.positive,
  mood app.mood DEFAULT 'ok',
  where3 app.point3,
  moods app.mood[],
  CONSTRAINT visits_less CHECK (balance < 1000)
);
COMMENT ON TABLE customers IS 'who buys';
COMMENT ON COLUMN customers.name IS 'as they say it';
COMMENT ON CONSTRAINT visits_less ON customers IS 'not too many';
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers(id) ON DELETE CASCADE,
  placed date DEFAULT CURRENT_DATE,
  total numeric(10,2),
  note text DEFAULT 'none'::text,
  tags text[],
  doubled numeric GENERATED ALWAYS AS (total * 2) STORED,
  data jsonb DEFAULT '{"a": 1}',
  span int4range, token uuid, raw bytea, ival interval, ip inet, bits bit(3), f4 real, f8 double precision, c char(3), t time, tz timetz, ts timestamp(3), m money, js json, tsv tsvector
);
CREATE INDEX orders_placed ON orders (placed DESC, customer_id);
CREATE INDEX orders_lower ON orders (lower(note)) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX orders_incl ON orders (customer_id, id) INCLUDE (note);
CREATE INDEX orders_hash ON orders USING hash (note);
CREATE INDEX orders_gin ON orders USING gin (data);
COMMENT ON INDEX orders_placed IS 'by day';
CREATE TABLE app.lines (
  order_id int, line smallint, price double precision, code char(3),
  PRIMARY KEY (order_id, line),
  CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders(id) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE "Odd ""Name"."Select" ("from" int DEFAULT 1, "Two Words" text, UNIQUE NULLS NOT DISTINCT ("from"));
CREATE UNLOGGED TABLE scratch (a int);
CREATE TABLE parent (a int CHECK (a > 0), b text);
CREATE TABLE child (c date) INHERITS (parent);
CREATE VIEW active_customers AS SELECT id, name FROM customers WHERE active;
COMMENT ON VIEW active_customers IS 'av';
CREATE VIEW placed WITH (security_barrier=true) AS SELECT c.name, count(*) AS orders FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.name;
CREATE VIEW over_view AS SELECT upper(name) AS n, app.lines.* FROM active_customers, app.lines;
CREATE VIEW upd AS SELECT a, b FROM parent WHERE a < 100 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY 1;
CREATE UNIQUE INDEX totals_customer ON totals (customer_id);
CREATE MATERIALIZED VIEW empty_one AS SELECT 1 AS a WITH NO DATA;
CREATE SEQUENCE steps AS smallint INCREMENT BY 5 MINVALUE 5 MAXVALUE 500 START 10 CYCLE;
CREATE FUNCTION app.twice(x int, y int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT x * y$$;
COMMENT ON FUNCTION app.twice(int, int) IS 'doubles';
CREATE FUNCTION app.outs(IN a int, OUT b int, OUT c text) LANGUAGE sql AS 'select a, a::text';
CREATE FUNCTION app.tab(n int) RETURNS TABLE(i int, j text) LANGUAGE sql STABLE ROWS 10 COST 5 AS $$ SELECT g, g::text FROM generate_series(1, n) g $$;
CREATE FUNCTION app.std(x int) RETURNS int LANGUAGE sql RETURN x + 1;
CREATE FUNCTION app.pl(x int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'app' AS $f$ BEGIN RETURN x + 1; END $f$;
SELECT lo_from_bytea(7001, '\x00ff61'), lo_from_bytea(7002, convert_to(repeat('large', 1000), 'UTF8'));
SELECT lo_create(7003);
COMMENT ON LARGE OBJECT 7001 IS 'three bytes';
GRANT SELECT ON LARGE OBJECT 7002 TO PUBLIC;
CREATE PROCEDURE app.proc(x int) LANGUAGE sql AS $$ INSERT INTO public.scratch VALUES (x) $$;
CREATE TABLE uses_function (a int DEFAULT app.twice(3), CHECK (app.twice(a) > 0));
INSERT INTO customers (name, visits, mood, where3, moods) VALUES ('Ada', 3, 'sad', '(1,"a b",2.50)', '{ok,"it''s"}'), ('Bo''b', 7, 'ok', NULL, NULL);
INSERT INTO orders (customer_id, placed, total, tags, span, token, raw, ival, ip, bits, f4, f8, c, t, tz, ts, m, js, tsv) VALUES (100, '2024-05-05', 12.5, '{a,"b c",NULL}', '[1,5)', '00000000-0000-0000-0000-000000000001', '\x00ff', '1 mon 2 days', '10.0.0.1/8', '101', 0.1, 1e300, 'ab', '10:11', '10:11+02', '2024-01-01 10:10:10.123', '$3.50', '{"b":  2}', 'a:1 b:2'), (105, '2024-05-06', NULL, NULL, 'empty', NULL, NULL, '-1 day', NULL, NULL, 'NaN', '-Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO app.lines VALUES (1, 1, 2.5, 'x'), (1, 2, NULL, NULL);
INSERT INTO "Odd ""Name"."Select" VALUES (1, E'tab\there\nnew\\line');
INSERT INTO scratch VALUES (1), (2);
INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', '2024-01-01');
REFRESH MATERIALIZED VIEW totals;
SELECT nextval('steps'), nextval('steps');

GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT ON customers TO reader; GRANT SELECT, INSERT (name, visits), UPDATE (name) ON customers TO writer WITH GRANT OPTION;
GRANT ALL ON SEQUENCE steps TO writer; REVOKE ALL ON FUNCTION app.twice(int, int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.twice(int, int) TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;
ALTER TABLE app.lines OWNER TO writer;
CREATE EXTENSION "uuid-ossp" SCHEMA app;
CREATE TABLE ids (id uuid DEFAULT app.uuid_generate_v4(), day date) PARTITION BY RANGE (day);
CREATE TABLE ids_2024 PARTITION OF ids FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE ids_rest PARTITION OF ids DEFAULT;
CREATE TABLE events (id int NOT NULL, day date NOT NULL, kind text DEFAULT 'a' NOT NULL CHECK (kind <> ''), customer bigint REFERENCES customers(id), PRIMARY KEY (id, day, kind), CONSTRAINT events_id UNIQUE (kind, day, id)) PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (kind);
CREATE TABLE events_2025_a PARTITION OF events_2025 FOR VALUES IN ('a', 'b');
CREATE TABLE events_2025_rest PARTITION OF events_2025 DEFAULT;
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX events_kind ON events (kind DESC, lower(kind));
CREATE INDEX events_2024_own ON events_2024 (id) WHERE id > 5;
COMMENT ON INDEX events_2024_own IS 'of one partition';
COMMENT ON COLUMN events_2024.kind IS 'last year''s';
CREATE TABLE hashed (a int, b text) PARTITION BY HASH (a);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX ON hashed (b);
INSERT INTO events VALUES (1, '2024-05-05', 'a', 100), (2, '2025-05-05', 'b', NULL), (3, '2025-05-05', 'z', NULL), (4, '2030-01-01', 'c', NULL);
CREATE SEQUENCE cached CACHE 20 MAXVALUE 1000;
CREATE TABLE counted (id int GENERATED BY DEFAULT AS IDENTITY (START WITH 3 INCREMENT BY 3 MAXVALUE 300 CACHE 4 CYCLE), v int);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF a ON scratch FOR EACH ROW WHEN (new.a > 0) EXECUTE FUNCTION app.touch('it''s');
CREATE TRIGGER after_all AFTER DELETE ON app.lines EXECUTE FUNCTION app.touch();
ALTER TABLE app.lines DISABLE TRIGGER after_all;
COMMENT ON TRIGGER touched ON scratch IS 'touches';
ALTER TABLE counted ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON counted FOR UPDATE TO reader USING (v > 0) WITH CHECK (v < 9);
COMMENT ON POLICY own ON counted IS 'one''s own';
INSERT INTO ids VALUES ('00000000-0000-0000-0000-000000000001', '2024-05-05'), ('00000000-0000-0000-0000-000000000002', '2030-01-01');
`;

/** Made apart: roles belong to the whole server. */
const roles = 'CREATE ROLE reader; CREATE ROLE writer LOGIN;';

async function tool(program: string, connection: Connection, args: readonly string[], input = ''): Promise<string> {
  const binary = peerBinary(program);
  assert(binary !== undefined, `${program} is there`);
  const { status, stdout, stderr } = await run(binary, args, { input, env: libpqEnvironment(connection, peerEnvironment(binary)), timeoutMs: 120_000 });
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`);
  assert.equal(stderr, '');
  return stdout;
}

/** Without the lines that name versions and the random key of \restrict. */
async function dump(connection: Connection, args: readonly string[] = []): Promise<string> {
  const text = await tool('pg_dump', connection, args);
  return text.replaceAll(/^(?:-- Dumped (?:from|by) .*|\\(?:un)?restrict .*)\n/gm, '');
}

describe('pg_dump and pg_restore', function () {
  this.timeout(300_000);
  let shoal: Shoal;
  let second: Shoal;
  let oracle: Connection;
  let restored: Connection;

  before(async function () {
    const postgres = await sharedPostgres(this);
    if (peerBinary('pg_dump') === undefined || peerBinary('pg_restore') === undefined) {
      console.log('      skipped: pg_dump and pg_restore are not installed and could not be fetched');
      this.skip();
    }
    oracle = await postgres.createDatabase('dump_source');
    restored = await postgres.createDatabase('dump_restored');
    [shoal, second] = await Promise.all([Shoal.start(), Shoal.start()]);
    for (const connection of [oracle, shoal.connection, second.connection]) await psqlOk(connection, roles);
    for (const connection of [oracle, shoal.connection]) await psqlOk(connection, schema);
  });

  after(async function () {
    await shoal?.stop();
    await second?.stop();
    if (oracle === undefined) return;
    const postgres = await sharedPostgres(this);
    for (const name of ['dump_source', 'dump_restored']) await postgres.createDatabase(name);
    await psqlOk(oracle, 'DROP ROLE reader; DROP ROLE writer;');
  });

  for (const args of [
    [],
    ['--inserts'],
    ['--data-only'],
    ['--schema-only'],
    ['--clean', '--if-exists'],
    ['--table=customers'],
    ['--schema=app'],
    ['--no-owner', '--no-privileges', '--no-comments', '--exclude-table=orders'],
    ['--column-inserts', '--rows-per-insert=2', '--data-only'],
    ['--data-only', '--disable-triggers', '--table=app.lines'],
    ['--table=events*'],
    ['--exclude-schema=app', '--no-owner'],
    ['--section=pre-data'],
    ['--section=post-data'],
    ['--load-via-partition-root', '--data-only'],
    ['--exclude-table-data=orders', '--no-comments'],
  ]) {
    it(`dumps with ${args.length === 0 ? 'no options' : args.join(' ')} as PostgreSQL does`, async () => {
      assert.equal(await dump(shoal.connection, args), await dump(oracle, args));
    });
  }

  it('restores what PostgreSQL has dumped', async () => {
    await tool('psql', second.connection, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'], await dump(oracle));
    assert.equal(await dump(second.connection), await dump(oracle));
  });

  it('is restored by pg_restore into PostgreSQL from the custom format', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-dump-'));
    try {
      const file = join(directory, 'shoal.dump');
      await tool('pg_dump', shoal.connection, ['--format=custom', `--file=${file}`]);
      await tool('pg_restore', restored, ['--exit-on-error', `--dbname=${restored.database}`, file]);
      assert.equal(await dump(restored), await dump(oracle));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  for (const format of ['custom', 'directory', 'tar']) {
    it(`is restored into a Shoal by pg_restore from the ${format} format, in parallel where that can be, what a list says`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'shoal-dump-'));
      try {
        const file = join(directory, 'shoal.dump');

        await tool('pg_dump', shoal.connection, [`--format=${format}`, ...(format === 'directory' ? ['--jobs=4'] : []), `--file=${file}`]);
        const list = join(directory, 'list');
        const entries = await tool('pg_restore', shoal.connection, ['--list', file]);
        assert.match(entries, /TABLE DATA public events_2025_a postgres/);
        writeFileSync(list, entries.replaceAll(/^(?=.*\bTABLE DATA app lines\b)/gm, ';'));
        const third = await Shoal.start();
        try {
          await psqlOk(third.connection, roles);
          await tool('pg_restore', third.connection, [
            '--exit-on-error',
            ...(format === 'tar' ? [] : ['--jobs=2']),
            `--use-list=${list}`,
            `--dbname=${third.connection.database}`,
            file,
          ]);
          assert.equal(await dump(third.connection, ['--exclude-table-data=app.lines']), await dump(oracle, ['--exclude-table-data=app.lines']));
          assert.match(await dump(third.connection, ['--data-only', '--table=app.lines']), /FROM stdin;\n\\\.\n/);
        } finally {
          await third.stop();
        }
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }

  it('is dumped by four processes as of one moment while transfers between its tables go on', async function () {
    const tables = ['north', 'east', 'south', 'west'];
    await psqlOk(shoal.connection, 'CREATE DATABASE bank');
    const bank = { ...shoal.connection, database: 'bank' };
    const directory = mkdtempSync(join(tmpdir(), 'shoal-dump-'));
    try {
      await psqlOk(
        bank,
        tables.map((table) => `CREATE TABLE ${table} (id int PRIMARY KEY, v int); INSERT INTO ${table} SELECT g, 0 FROM generate_series(1, 200) g;`).join('\n'),
      );
      await psqlOk(bank, `SELECT create_distributed_table('south', 'id'), create_distributed_table('west', 'id')`);
      const transfers = Array.from({ length: 60 }, (_, i) => {
        const [from, to] = [tables[i % 4], tables[(i + 1 + (i % 3)) % 4]].map(String);
        return `BEGIN; UPDATE ${from} SET v = v - 1 WHERE id = ${String(i + 1)}; UPDATE ${to} SET v = v + 1 WHERE id = ${String(200 - i)}; COMMIT;`;
      }).join('\n');
      let dumping = true;
      const writer = (async () => {
        let rounds = 0;
        for (; dumping; rounds++) await psqlOk(bank, transfers);
        return rounds;
      })();
      try {
        await tool('pg_dump', bank, ['--format=directory', '--jobs=4', `--file=${join(directory, 'bank')}`]);
      } finally {
        dumping = false;
      }
      assert.ok((await writer) > 0);
      const copy = await (await sharedPostgres(this)).createDatabase('bank_restored');
      await tool('pg_restore', copy, ['--exit-on-error', `--dbname=${copy.database}`, join(directory, 'bank')]);
      const sums = `SELECT sum(v), count(*) FROM (${tables.map((table) => `TABLE ${table}`).join(' UNION ALL ')}) _`;
      assert.equal(await psqlOk(copy, sums), '0|800\n');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('dumps its roles by pg_dumpall', async () => {
    const text = await tool('pg_dumpall', shoal.connection, ['--roles-only']);
    assert.match(text, /CREATE ROLE reader;\nALTER ROLE reader WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;/);
  });
});
