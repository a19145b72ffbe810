/**
 * The catalog's own relations beside PostgreSQL's: the columns of every one of pg_catalog and information_schema, and the rows about built-in objects, OID by OID. What may
 * differ is listed here, with the reason.
 */
import assert from 'node:assert/strict';
import pg from 'pg';
import type { Connection } from '../support/connection.js';
import { type Postgres, sharedPostgres } from '../support/postgres.js';
import { Shoal } from '../support/shoal.js';

interface Contents {
  readonly relation: string;
  readonly key: string;
  /** Rows that both must have: the OIDs that PostgreSQL assigns by hand or its bootstrap assigns in order. */
  readonly where?: string;
  /** Columns that mean nothing here. */
  readonly without?: readonly string[];
  /** Keys of rows of PostgreSQL's that Shoal does not have, or the other way round; with the reason. */
  readonly onlyThere?: RegExp;
  readonly onlyHere?: RegExp;
}

/** Shoal's own functions and aggregates. */
const own = /^91\d{5}$/;

const contents: readonly Contents[] = [
  { relation: 'pg_am', key: 'oid' },
  { relation: 'pg_amop', key: 'oid' },
  { relation: 'pg_amproc', key: 'oid' },
  { relation: 'pg_opclass', key: 'oid' },
  { relation: 'pg_opfamily', key: 'oid' },
  { relation: 'pg_cast', key: 'oid' },
  { relation: 'pg_conversion', key: 'oid' },
  { relation: 'pg_operator', key: 'oid' },
  { relation: 'pg_range', key: 'rngtypid' },
  { relation: 'pg_aggregate', key: 'aggfnoid::oid', onlyHere: own },
  // Trees of PostgreSQL's parser (prosqlbody, proargdefaults): Shoal has its own.
  { relation: 'pg_proc', key: 'oid', where: "pronamespace = 'pg_catalog'::regnamespace", without: ['prosqlbody', 'proargdefaults'], onlyHere: own },
  // Row types of the catalog's relations.
  { relation: 'pg_type', key: 'oid', where: "oid < 10000 AND typtype <> 'c' AND typname !~ '^_pg_'", onlyThere: /^210$/ },
  // Locales of the operating system and of ICU.
  { relation: 'pg_collation', key: 'oid', where: "collname IN ('default', 'C', 'POSIX', 'ucs_basic')" },
  { relation: 'pg_ts_parser', key: 'oid' },
  // Synonyms, ispell and thesaurus.
  { relation: 'pg_ts_template', key: 'oid', onlyThere: /^37\d\d$/ },
  // Languages other than English.
  { relation: 'pg_ts_dict', key: 'oid', where: "dictname IN ('simple', 'english_stem')" },
  { relation: 'pg_ts_config', key: 'oid', where: "cfgname IN ('simple', 'english')" },
  { relation: 'pg_ts_config_map', key: "mapcfg || ' ' || maptokentype", where: "mapcfg IN ('simple'::regconfig, 'english'::regconfig)" },
  // Only of what both have: not of the locales and languages that are left out above, and not of TOAST's schema.
  {
    relation: 'pg_description',
    key: "classoid::regclass || ' ' || objoid",
    where: "classoid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_am'::regclass, 'pg_conversion'::regclass) AND objoid < 13000",
  },
  // Values are the server's own.
  { relation: 'pg_settings', key: 'name', without: ['setting', 'source', 'reset_val', 'sourcefile', 'sourceline'], onlyHere: /^shoal\./ },
  { relation: 'pg_timezone_abbrevs', key: 'abbrev' },
  { relation: 'pg_tablespace', key: 'oid' },
  // initdb counts on to plpgsql's OIDs and those of information_schema.
  { relation: 'pg_language', key: 'lanname', without: ['oid'] },
  { relation: 'pg_namespace', key: 'nspname', without: ['oid'] },
  { relation: 'information_schema.sql_features', key: "feature_id || ' ' || sub_feature_id" },
  // The version of the server.
  { relation: 'information_schema.sql_implementation_info', key: 'implementation_info_id', where: "implementation_info_id <> '18'" },
  { relation: 'information_schema.sql_parts', key: 'feature_id' },
  { relation: 'information_schema.sql_sizing', key: 'sizing_id' },
];

type Rows = ReadonlyMap<string, ReadonlyMap<string, string | null>>;

async function rowsOf(client: pg.Client, { relation, key, where = 'true', without = [] }: Contents): Promise<Rows> {
  const named = relation.includes('.') ? relation : `pg_catalog.${relation}`;
  const columns = (await client.query(`SELECT * FROM ${named} LIMIT 0`)).fields.map(({ name }) => name).filter((name) => !without.includes(name));
  const texts = columns.map((name) => `t."${name}"::text`).join(', ');
  const { rows } = await client.query<(string | null)[]>({ text: `SELECT (${key})::text, ${texts} FROM ${named} t WHERE ${where}`, rowMode: 'array' });
  return new Map(rows.map(([found, ...values]) => [found ?? '', new Map(values.map((value, at) => [columns[at] ?? '', value]))]));
}

const columnsQuery = `
  SELECT n.nspname || '.' || c.relname AS relation, c.relkind::text AS kind,
         string_agg(a.attname || ' ' || coalesce(b.oid, t.oid)::regtype || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
  WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
  GROUP BY 1, 2 ORDER BY 1`;

describe("the catalog's own relations beside PostgreSQL's", function () {
  this.timeout(60_000);
  let shoal: Shoal;
  let here: pg.Client;
  let there: pg.Client;

  before(async function () {
    const postgres: Postgres = await sharedPostgres(this);
    shoal = await Shoal.start();
    there = await connect(postgres.connection);
    here = await connect(shoal.connection);
  });

  after(async () => {
    await Promise.all([here?.end(), there?.end()]);
    await shoal?.stop();
  });

  it('has the same relations with the same columns', async () => {
    const [wanted, found] = await Promise.all([there, here].map(columnsOf));
    assert.deepEqual([...(found?.keys() ?? [])], [...(wanted?.keys() ?? [])]);
    for (const [relation, row] of wanted ?? []) assert.deepEqual(found?.get(relation), row);
  });

  for (const one of contents)
    it(`${one.relation} tells the same of what both have`, async () => {
      const [wanted, found] = await Promise.all([rowsOf(there, one), rowsOf(here, one)]);
      const missing = [...wanted.keys()].filter((key) => !found.has(key) && one.onlyThere?.test(key) !== true);
      const extra = [...found.keys()].filter((key) => !wanted.has(key) && one.onlyHere?.test(key) !== true);
      assert.deepEqual({ missing, extra }, { missing: [], extra: [] });
      for (const [key, row] of wanted) {
        const mine = found.get(key);
        if (mine !== undefined) assert.deepEqual([...mine], [...row], `${one.relation} ${key}`);
      }
    });
});

interface Columns {
  readonly relation: string;
  readonly kind: string;
  readonly columns: string;
}

async function columnsOf(client: pg.Client): Promise<ReadonlyMap<string, Columns>> {
  const { rows } = await client.query<Columns>(columnsQuery);
  // The row types of the catalog's relations are not there: pg_statistic_ext_data.stxdexpr is shown as texts.
  return new Map(rows.map((row) => [row.relation, { ...row, columns: row.columns.replace('pg_statistic[]', 'text[]') }]));
}

async function connect(connection: Connection): Promise<pg.Client> {
  const client = new pg.Client(connection);
  await client.connect();
  return client;
}
