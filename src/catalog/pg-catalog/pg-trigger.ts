/** pg_trigger: the triggers of tables, partitions and views. */
import { type Partition, rootOf } from '../partition.js';
import { ownAttributes, parentPart, partOf } from '../partition-parts.js';
import type { Table, View } from '../table.js';
import { type Trigger, triggerType } from '../trigger.js';
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

export const pgTrigger = relation('pg_catalog.pg_trigger', function* ({ catalog }) {
  for (const table of catalog.data.relations) {
    if (table.kind === 'table' || table.kind === 'view') for (const trigger of table.triggers ?? []) yield triggerRow(table, table, trigger);
    if (table.kind !== 'partition') continue;
    const root = rootOf(catalog, table);
    for (const trigger of root.triggers ?? []) {
      const part = partOf(table, trigger.oid);
      if (part === undefined) continue;
      const parent = parentPart(catalog, table, trigger.oid) ?? 0;
      yield { ...triggerRow(table, root, trigger), oid: part.oid, tgparentid: parent };
    }
  }
});
