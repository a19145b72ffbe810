/** shoal.placements: which node has which database, and which shall have it. Of a node alone: its databases. */
import type { CatalogSnapshot } from '../snapshot.js';
import { relation } from './relation.js';

/** As the catalog has it now; `told`: of one that it does not list, as the server's own. */
export function databaseName({ databases }: CatalogSnapshot, oid: number, told: string): string {
  return databases.find((database) => database.oid === oid)?.name ?? told;
}

export const shoalPlacements = relation(
  'shoal.placements',
  function* ({ catalog, replication }) {
    if (replication === undefined) return;
    if (replication.isAlone) {
      for (const { name } of catalog.databases) yield { database: name, node: replication.node, role: 'primary', wanted: 'primary', state: 'in place' };
      return;
    }
    for (const { database, name, node, is, wanted, state, reason, bytes } of replication.placements) {
      yield {
        database: databaseName(catalog, database, name),
        ...{ node, role: is, wanted, state, reason: reason ?? null },
        bytes: bytes === undefined ? null : BigInt(bytes),
      };
    }
  },
  'replication',
);
