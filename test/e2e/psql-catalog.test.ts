/** What psql's commands show of a schema, beside a real PostgreSQL 15 that holds the same one; and that the queries of its tab completion run. */
import assert from 'node:assert/strict';
import { peerBinary, peerEnvironment } from '../../scripts/peers.mjs';
import { libpqEnvironment } from '../support/connection.js';
import { run } from '../support/process.js';
import { sharedPostgres } from '../support/postgres.js';
import { psql, psqlOk, requireClient } from '../support/psql.js';
import type { Connection } from '../support/connection.js';
import { Shoal } from '../support/shoal.js';

const schema = `
CREATE SCHEMA app;
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email varchar(80) UNIQUE,
  balance numeric(12,2) DEFAULT 0 NOT NULL,
  created timestamptz DEFAULT now(),
  active boolean DEFAULT true,
  visits int,
  CONSTRAINT visits_positive CHECK (visits >= 0)
);
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers(id) ON DELETE CASCADE,
  placed date DEFAULT CURRENT_DATE,
  total numeric(10,2),
  note text DEFAULT 'none'::text,
  tags text[],
  doubled integer GENERATED ALWAYS AS (1 + 1) STORED
);
CREATE INDEX orders_placed ON orders (placed DESC, customer_id);
CREATE INDEX orders_lower ON orders (lower(note)) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX orders_incl ON orders (customer_id, id) INCLUDE (note);
CREATE TABLE app.lines (
  order_id int,
  line int,
  price double precision,
  code char(3),
  PRIMARY KEY (order_id, line),
  FOREIGN KEY (order_id) REFERENCES orders(id) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED
);
CREATE VIEW active_customers AS SELECT id, name FROM customers WHERE active;
CREATE VIEW placed AS SELECT c.name, count(*) AS orders FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.name;
CREATE SEQUENCE steps INCREMENT BY 5 START 10;
`;

const commands = [
  '\\d',
  '\\dt',
  '\\dt app.*',
  '\\d customers',
  '\\d orders',
  '\\d app.lines',
  '\\d+ orders',
  '\\d active_customers',
  '\\d+ active_customers',
  '\\d+ placed',
  '\\d steps',
  '\\d customers_id_seq',
  '\\d orders_id_seq',
  '\\d orders_placed',
  '\\d orders_pkey',
  '\\d nothing_there',
  '\\di',
  '\\dv',
  '\\ds',
  '\\dn',
  '\\du',
  '\\df lower',
  '\\df json_each',
  '\\df make_interval',
  '\\dfa min',
  '\\dT',
  '\\dC',
  '\\dp',
  '\\sv active_customers',
  '\\db',
  '\\dx nothing',
  '\\dO',
  '\\dRp',
  '\\dX',
  '\\dd',
  '\\ddp',
  '\\drds',
  '\\des',
  '\\dy',
  '\\dm',
  '\\dE',
  '\\dD',
];

/** Queries of other clients, whose rows must be PostgreSQL's. */
const queries = [
  `SELECT * FROM information_schema.table_constraints WHERE table_schema IN ('public', 'app') AND constraint_name NOT LIKE '%not_null' ORDER BY constraint_name`,
  `SELECT * FROM information_schema.key_column_usage WHERE table_schema IN ('public', 'app') ORDER BY constraint_name, ordinal_position`,
  `SELECT * FROM information_schema.referential_constraints ORDER BY constraint_name`,
  `SELECT * FROM information_schema.constraint_column_usage WHERE table_schema IN ('public', 'app') ORDER BY constraint_name, column_name`,
  `SELECT * FROM information_schema.columns WHERE table_schema IN ('public', 'app') AND table_name IN ('customers', 'orders', 'lines') ORDER BY table_name, ordinal_position`,
  `SELECT * FROM information_schema.sequences ORDER BY sequence_name`,
  `SELECT * FROM pg_indexes WHERE schemaname IN ('public', 'app') ORDER BY indexname`,
  `SELECT * FROM pg_sequences ORDER BY sequencename`,
  `SELECT castsource, casttarget, castfunc, castcontext, castmethod FROM pg_cast ORDER BY 1, 2`,
  `SELECT conname, contype, conkey, confkey, condeferrable, confupdtype, confdeltype, confmatchtype, conpfeqop, pg_get_constraintdef(oid)
     FROM pg_constraint WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'app')) ORDER BY 1`,
  `SELECT 23::regtype, 'lower(text)'::regprocedure, 1247::regclass, 'int4pl'::regproc, 2200::regnamespace, 10::regrole, 15::regoper, 96::regoperator`,
  `SELECT to_regclass('nope'), to_regclass('app.lines'), to_regtype('int4'), to_regproc('now'), to_regnamespace('app'), to_regrole('postgres')`,
  `SELECT pg_get_serial_sequence('orders', 'id'), pg_get_serial_sequence('customers', 'id'), pg_get_serial_sequence('orders', 'note')`,
  `SELECT oid::regclass::text FROM pg_class WHERE relname IN ('orders', 'lines') ORDER BY 1`,
  `SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, a.attgenerated
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid
     LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
     WHERE a.attrelid = '"orders"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  `SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = 'app.lines'::regclass AND indisprimary) i
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx`,
  `SELECT c.conname, array(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx) JOIN pg_attribute AS ca ON cols.colid = ca.attnum
     WHERE ca.attrelid = c.conrelid ORDER BY cols.arridx), c.contype FROM pg_constraint AS c JOIN pg_class AS cl ON c.conrelid = cl.oid WHERE cl.relname = 'orders' ORDER BY 1`,
  `SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type AS t LEFT JOIN pg_range AS r ON oid = rngtypid
     WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'numeric', 'bool', 'timestamptz', 'int4range') ORDER BY 1`,
  `SELECT oid, opcname, opcintype FROM pg_opclass WHERE opcmethod = 403 AND opcdefault ORDER BY 1`,
  `SELECT current_setting('server_encoding'), current_schemas(true), pg_table_is_visible('app.lines'::regclass), has_table_privilege('orders', 'select')`,
];

/** As psql 15 sends them while completing names. */
const completions = [
  `SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') AND substring(pg_catalog.quote_ident(c.relname),1,2)='or' AND pg_catalog.pg_table_is_visible(c.oid)
   UNION SELECT pg_catalog.quote_ident(n.nspname) || '.' FROM pg_catalog.pg_namespace n WHERE substring(pg_catalog.quote_ident(n.nspname) || '.',1,2)='or' LIMIT 1000`,
  `SELECT pg_catalog.quote_ident(attname) FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c WHERE c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped AND (pg_catalog.quote_ident(relname)='orders') ORDER BY 1`,
  `SELECT pg_catalog.quote_ident(datname) FROM pg_catalog.pg_database WHERE datname LIKE 'post%' LIMIT 1000`,
  `SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles WHERE rolname LIKE 'postg%'`,
  `SELECT pg_catalog.lower(name) FROM pg_catalog.pg_settings WHERE name LIKE 'search%'`,
];

async function shown(connection: Connection, input: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await psql(connection, `${input}\n`, args);
  return stdout + stderr;
}

describe('psql on the catalog', function () {
  this.timeout(180_000);
  let shoal: Shoal;
  let oracle: Connection;

  before(async function () {
    requireClient(this, 'psql');
    const postgres = await sharedPostgres(this);
    oracle = { ...(await postgres.createDatabase('psql_catalog')) };
    shoal = await Shoal.start();
    await psqlOk(oracle, schema);
    await psqlOk(shoal.connection, schema);
  });

  after(async () => {
    await shoal?.stop();
  });

  const own = (text: string): string => text.replaceAll('psql_catalog', 'postgres');

  for (const command of commands) {
    it(`shows ${command} as PostgreSQL does`, async () => {
      assert.equal(await shown(shoal.connection, command, ['-q']), own(await shown(oracle, command, ['-q'])));
    });
  }

  for (const query of [...queries, ...completions]) {
    it(`answers ${query.replace(/\s+/g, ' ').slice(0, 90)} as PostgreSQL does`, async () => {
      assert.equal(await shown(shoal.connection, `${query};`, ['-qAt']), own(await shown(oracle, `${query};`, ['-qAt'])));
    });
  }

  for (const command of [
    '\\l',
    '\\l+',
    '\\dt+',
    '\\di+',
    '\\dn+',
    '\\df+ lower',
    '\\do <',
    '\\conninfo',
    '\\dS',
    '\\d pg_class',
    '\\dconfig search_path',
    '\\dL',
    '\\dA',
    '\\dF',
    '\\dc',
  ]) {
    it(`answers ${command} without an error`, async () => {
      const { status, stderr } = await psql(shoal.connection, `${command}\n`, ['-q']);
      assert.equal(stderr, '');
      assert.equal(status, 0);
    });
  }

  it('is dumped by pg_dump, and the dump restores into PostgreSQL', async function () {
    const binary = peerBinary('pg_dump');
    if (binary === undefined) this.skip();
    await psqlOk(shoal.connection, `INSERT INTO customers (name) VALUES ('Ada'), ('Bob'); INSERT INTO orders (customer_id, tags) VALUES (1, '{a,b}');`);
    const dump = await run(binary, [], { env: libpqEnvironment(shoal.connection, peerEnvironment(binary)) });
    assert.equal(dump.status, 0, dump.stderr);
    const restored = await (await sharedPostgres(this)).createDatabase('psql_restored');
    await psqlOk(restored, dump.stdout);
    const rows = `SELECT o.id, tags, name FROM orders o JOIN customers c ON c.id = customer_id; SELECT nextval('customers_id_seq');`;
    assert.equal(await psqlOk(restored, rows), await psqlOk(shoal.connection, rows));
  });

  it('shows objects that the open transaction has made', async () => {
    const script = `BEGIN;\nCREATE TABLE mine (a int PRIMARY KEY CHECK (a > 1));\n\\d mine\nSELECT 'mine'::regclass, conrelid::regclass FROM pg_constraint WHERE conname = 'mine_pkey';\nROLLBACK;`;
    assert.equal(await shown(shoal.connection, script, ['-q']), await shown(oracle, script, ['-q']));
  });
});
