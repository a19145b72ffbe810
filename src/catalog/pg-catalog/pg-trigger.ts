/** pg_trigger: the triggers of tables, partitions and views, and those that stand for foreign keys. */
import { internalFunctionOid, internalTriggers } from '../internal-trigger.js';
import { type Partition, rootOf } from '../partition.js';
import { ownAttributes, parentPart, partOf } from '../partition-parts.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { ForeignKey, Table, View } from '../table.js';
import { type Trigger, triggerType } from '../trigger.js';
import { targetIndex } from './pg-constraint.js';
import { type CatalogRow, relation } from './relation.js';

const enabled = { origin: 'O', disabled: 'D', replica: 'R', always: 'A' } as const;

function triggerRow(table: Table | View | Partition, root: Table | View, trigger: Trigger): CatalogRow {
  const columns = table.kind === 'partition' && root.kind === 'table' ? ownAttributes(root, table, trigger.columns) : trigger.columns;
  return {
    oid: trigger.oid,
    tgrelid: table.oid,
    tgparentid: 0,
    tgname: trigger.name,
    tgfoid: trigger.functionOid,
    tgtype: triggerType(trigger),
    tgenabled: enabled[trigger.enabled],
    tgisinternal: false,
    tgconstrrelid: trigger.constraint?.referencedOid ?? 0,
    tgconstrindid: 0,
    tgconstraint: trigger.constraint === undefined ? 0 : trigger.oid,
    tgdeferrable: trigger.constraint?.deferrable ?? false,
    tginitdeferred: trigger.constraint?.initiallyDeferred ?? false,
    tgnargs: trigger.args.length,
    tgattr: columns.join(' '),
    tgargs: Buffer.from(trigger.args.map((one) => `${one}\0`).join('')),
    tgqual: trigger.whenText ?? null,
    tgoldtable: trigger.transitions?.old ?? null,
    tgnewtable: trigger.transitions?.new ?? null,
  };
}

/** Those of a foreign key, or of its copy in a partition. */
function* internalRows(
  catalog: CatalogSnapshot,
  table: Table,
  key: ForeignKey,
  copy?: { readonly oid: number; readonly table: Partition },
): Generator<CatalogRow> {
  const target = catalog.relationByOid(key.targetOid);
  if (target?.kind !== 'table') return;
  const parents =
    copy === undefined ? undefined : internalTriggers(key, parentPart(catalog, copy.table, key.oid) ?? key.oid).filter(({ on }) => on === 'referencing');
  for (const [at, trigger] of internalTriggers(key, copy?.oid).entries()) {
    const own = copy?.table.oid ?? table.oid;
    yield {
      oid: trigger.oid,
      tgrelid: trigger.on === 'referenced' ? key.targetOid : own,
      tgparentid: parents?.[at]?.oid ?? 0,
      tgname: trigger.name,
      tgfoid: internalFunctionOid(trigger),
      tgtype: trigger.type,
      tgenabled: 'O',
      tgisinternal: true,
      tgconstrrelid: trigger.on === 'referenced' ? own : key.targetOid,
      tgconstrindid: targetIndex(target, key),
      tgconstraint: copy?.oid ?? key.oid,
      tgdeferrable: trigger.deferrable,
      tginitdeferred: trigger.initiallyDeferred,
      tgnargs: 0,
      tgattr: '',
      tgargs: new Uint8Array(0),
    };
  }
}

export const pgTrigger = relation('pg_catalog.pg_trigger', function* ({ catalog }) {
  for (const table of catalog.data.relations) {
    if (table.kind === 'table' || table.kind === 'view') for (const trigger of table.triggers ?? []) yield triggerRow(table, table, trigger);
    if (table.kind === 'table') for (const key of table.foreignKeys) yield* internalRows(catalog, table, key);
    if (table.kind !== 'partition') continue;
    const root = rootOf(catalog, table);
    for (const key of root.foreignKeys) {
      const part = partOf(table, key.oid);
      if (part !== undefined) yield* internalRows(catalog, root, key, { oid: part.oid, table });
    }
    for (const trigger of root.triggers ?? []) {
      const part = partOf(table, trigger.oid);
      if (part === undefined) continue;
      const parent = parentPart(catalog, table, trigger.oid) ?? 0;
      yield { ...triggerRow(table, root, trigger), oid: part.oid, tgparentid: parent };
    }
  }
});
