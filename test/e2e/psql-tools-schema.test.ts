/** What psql's commands show of the schema that the catalog queries of the tools are compared on, beside a PostgreSQL 15 that holds the same one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Postgres, sharedPostgres } from '../support/postgres.js';
import { psql, psqlOk, requireClient } from '../support/psql.js';
import type { Connection } from '../support/connection.js';
import { Shoal } from '../support/shoal.js';

const schema = readFileSync(new URL('../differential/tools/schema.sql', import.meta.url), 'utf8');
const commands = [
  '\\d',
  '\\d+ customers',
  '\\d+ sales.orders',
  '\\d sales.lines',
  '\\d+ sales.returns',
  '\\d "Mixed Case".*',
  '\\d+ events',
  '\\d+ events_2024',
  '\\d events_2025',
  '\\d events_2025_a',
  '\\d animals',
  '\\d+ dogs',
  '\\d dropped',
  '\\d no_columns',
  '\\d+ active_customers',
  '\\d+ sales.totals',
  '\\d+ checked',
  '\\d+ sales.by_day',
  '\\d sales.numbers',
  '\\d customers_id_seq',
  '\\d sales.orders_placed',
  '\\d events_kind',
  '\\d events_2024_kind_idx',
  '\\d sales.address',
  '\\dt *.*ers',
  '\\dt sales.*',
  '\\di sales.*',
  '\\ds *.*',
  '\\dv *.active*',
  '\\dm sales.*',
  '\\dP',
  '\\dPt',
  '\\dPi',
  '\\dPn',
  '\\dn',
  '\\dnS',
  '\\dn+ sales',
  '\\du',
  '\\du+',
  '\\dg tool*',
  '\\drds',
  '\\ddp',
  '\\z sales.*',
  '\\df sales.*',
  '\\dfn sales.*',
  '\\dft',
  '\\dfp sales.*',
  '\\df+ twice',
  '\\df sales.many int[]',
  '\\dT',
  '\\dT+',
  '\\dT+ sales.*',
  '\\dD',
  '\\dD+',
  '\\dd',
  '\\dd sales.*',
  '\\des',
  '\\dew',
  '\\det',
  '\\deu',
  '\\dy',
  '\\dA',
  '\\dAc btree int4',
  '\\dAo btree int4_ops',
  '\\dAp btree int4_ops',
  '\\dx',
  '\\dX',
  '\\dRp',
  '\\dRs',
  '\\dO',
  '\\dOS C',
  '\\dconfig work_mem',
  '\\dconfig+ *timeout',
  '\\dc latin1*',
  '\\sf twice',
  '\\sf+ touch',
  '\\sf sales.parts',
  '\\sv active_customers',
  '\\sv+ sales.totals',
  '\\db',
  '\\dl',
  '\\dE',
  '\\dew+',
  '\\dconfig extra*',
  '\\dp sales.orders',
  '\\dg',
  '\\dpS pg_class',
  '\\dtvmsS pg_am',
];

async function shown(connection: Connection, command: string): Promise<string> {
  const { stdout, stderr } = await psql(connection, `${command}\n`, ['-q']);
  return stdout + stderr;
}

describe('psql on the schema of the tools', function () {
  this.timeout(180_000);
  let postgres: Postgres | undefined;
  let shoal: Shoal | undefined;
  let oracle: Connection;

  before(async function () {
    requireClient(this, 'psql');
    // A server of its own: the schema makes roles, and \du lists those of the whole server.
    await sharedPostgres(this);
    postgres = await Postgres.start();
    oracle = await postgres.createDatabase('psql_tools');
    shoal = await Shoal.start();
    await psqlOk(oracle, schema);
    await psqlOk(shoal.connection, schema);
  });

  after(async () => {
    await shoal?.stop();
    await postgres?.stop();
  });

  for (const command of commands) {
    it(`shows ${command} as PostgreSQL does`, async () => {
      assert.ok(shoal);
      assert.equal(await shown(shoal.connection, command), (await shown(oracle, command)).replaceAll('psql_tools', 'postgres'));
    });
  }
});
