/**
 * DDL steps on the writer connection: applied in the transaction, re-applied when a parked transaction goes on, undone when it is rolled back.
 * Also finds out which tables two catalogs have different, for DDL's locks.
 */
import type { CatalogData } from '../../catalog/snapshot.js';
import type { Relation } from '../../catalog/table.js';
import { createGroupFiles } from '../files/bootstrap.js';
import { toCatalogJson } from '../files/catalog-json.js';
import type { Connection } from '../files/connection.js';
import { type DatabaseLayout, globalSchema } from '../files/layout.js';
import type { DdlStep } from '../ports.js';
import type { Effect } from './transaction.js';

/** The file that a step writes to: the first schema that its text names. A step writes to one file. */
export function stepSchema(step: DdlStep, attached: ReadonlySet<string>): string {
  if (step.kind !== 'sql') return globalSchema;
  for (const [, quoted, word] of step.sql.matchAll(/(?:"((?:[^"]|"")*)"|([A-Za-z_][\w$]*))\s*\./g)) {
    const name = quoted?.replaceAll('""', '"') ?? (word as string);
    if (attached.has(name)) return name;
  }
  throw new Error(`assertion failed: a DDL step names its file: ${step.sql}`);
}

/** What a step does to files. Sequences and the removal of files wait for the commit (or are done once, by the lane). */
export function applyStep(connection: Connection, layout: DatabaseLayout, effect: Extract<Effect, { kind: 'ddl' }>): void {
  const { step } = effect;
  switch (step.kind) {
    case 'sql': {
      const { holder } = connection;
      const before = holder.current;
      holder.current = effect.context;
      try {
        connection.db.exec(step.sql);
      } finally {
        holder.current = before;
      }
      break;
    }
    case 'createGroup':
      for (const schema of createGroupFiles(layout, step.group, step.shards)) connection.attach(schema);
      break;
    case 'dropGroup':
    case 'setSequence':
    case 'dropSequence':
      break;
  }
}

/** OIDs of tables that are gone or different in the new catalog: a transaction that has used them must end first. */
export function changedTables(before: CatalogData, after: CatalogData): readonly number[] {
  const fresh = new Map<number, Relation>(after.relations.map((relation) => [relation.oid, relation]));
  return before.relations.flatMap((relation) => {
    if (relation.kind !== 'table') return [];
    const now = fresh.get(relation.oid);
    return now === relation || (now !== undefined && toCatalogJson(now) === toCatalogJson(relation)) ? [] : [relation.oid];
  });
}
