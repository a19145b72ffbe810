/**
 * TPC-H at scale factor 0.01 on clusters: three layouts (a schema each), through every node, with statements spread over all copies; the answers are PostgreSQL's, whatever the
 * number of nodes. CI has three nodes and asks each query once with the hardest layout and a third of them with the others; SHOAL_TPCH_NODES=1,2,3,5 asks every node of such
 * clusters everything.
 */
import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Connection } from '../../support/connection.js';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';
import { psqlOk, requireClient } from '../../support/psql.js';
import { connect } from '../../support/subject.js';
import { readTpch, requireTpchAnswer, requireTpchCounts, tpchCopies, tpchLayouts, tpchQueries, tpchSchema } from '../../support/tpch.js';

const asked = process.env['SHOAL_TPCH_NODES'];
const sizes = (asked ?? '3').split(',').map(Number);
const copiesMax = 3;
/** (The fourth differs from the second in its spelling only.) */
const layouts = tpchLayouts
  .filter(({ name }) => !name.includes('create_distributed_table'))
  .map((layout, at) => ({ ...layout, schema: `layout${String(at)}` }));

for (const size of sizes) {
  describe(`TPC-H on ${String(size)} node${size === 1 ? '' : 's'}`, function () {
    this.timeout(300_000);
    const cluster = new LocalCluster(size);
    const clients: pg.Client[] = [];
    const connection = (node: number): Connection => ({ host: '127.0.0.1', port: cluster.port(node), user: 'postgres', database: 'postgres' });

    before(async function () {
      needEtcd(this);
      requireClient(this, 'psql');
      await cluster.up();
      await cluster.replicated(Math.min(size, copiesMax));
      for (const node of cluster.nodes) {
        const client = await connect(connection(node));
        clients.push(client);
        await client.query("SET shoal.min_parallel_nodes_size = '0'");
      }
    });
    after(async () => {
      await Promise.all(clients.map(async (client) => client.end()));
      await cluster.down();
    });

    const through = (query: number): readonly pg.Client[] => (asked === undefined ? clients.slice(query % size, (query % size) + 1) : clients);

    for (const layout of layouts) {
      it(`is loaded with ${layout.name}`, async () => {
        // (Each through another node.)
        const node = (layouts.indexOf(layout) % size) + 1;
        const session = `CREATE SCHEMA ${layout.schema};\nSET search_path = ${layout.schema};\n`;
        await psqlOk(connection(node), `${session}${tpchSchema(layout)}\n${tpchCopies()}${layout.keys ? readTpch('indexes.sql') : ''}`);
        for (const client of clients) {
          await client.query(`SET search_path = ${layout.schema}`);
          await requireTpchCounts(client);
        }
      });

      if (size > 1)
        it(`exchanges rows from node to node, and none through the coordinator, with ${layout.name}`, async () => {
          const [client] = clients as [pg.Client];
          // (A thread that is busy is left out of a statement.)
          await cluster.until('rows go between nodes', async () => {
            const { rows } = await client.query<{ readonly 'QUERY PLAN': string }>(`EXPLAIN ANALYZE ${readTpch('queries/q03.sql').replace(/;\s*$/, '')}`);
            const exchanges = rows.map((row) => row['QUERY PLAN']).filter((line) => /^ *Exchange /.test(line));
            if (layout === layouts[0]) return exchanges.length === 0;
            assert.deepEqual(
              exchanges.filter((line) => !line.includes('node to node')),
              [],
            );
            return exchanges.some((line) => /[1-9]\d* of them between nodes/.test(line));
          });
          await cluster.cachesEmpty();
        });

      const isSampled = asked === undefined && layout !== layouts.at(-1);
      for (const [at, query] of tpchQueries.entries()) {
        if (isSampled && at % layouts.length !== layouts.indexOf(layout)) continue;
        it(`answers ${query} with ${layout.name}`, async () => {
          for (const client of through(at)) await requireTpchAnswer(client, query);
        });
      }
    }
  });
}
