/**
 * The triggers by which PostgreSQL enforces foreign keys. Shoal checks keys without them: they are here for pg_trigger, pg_depend and pg_get_triggerdef, made of the
 * key. Four for a key: two on the table that is referred to, two on the one that refers.
 */
import { functionsNamed } from '../functions/registry.js';
import { quoteIdentifier } from '../sql/quote.js';
import { rootOf } from './partition.js';
import { partOf } from './partition-parts.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { ForeignKey, ReferentialAction, Relation } from './table.js';
import { triggerType, type TriggerEvent } from './trigger.js';

/** They have no OIDs of their own: these follow from the keys'. */
const offset = 1_600_000_000;

export interface InternalTrigger {
  readonly oid: number;
  readonly name: string;
  readonly on: 'referenced' | 'referencing';
  readonly event: TriggerEvent;
  readonly type: number;
  readonly functionName: string;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}

const actionNames: Readonly<Record<ReferentialAction, string>> = {
  noAction: 'noaction',
  restrict: 'restrict',
  cascade: 'cascade',
  setNull: 'setnull',
  setDefault: 'setdefault',
};

const shortEvents = { insert: 'ins', update: 'upd', delete: 'del', truncate: 'trunc' } as const;

/** The triggers of a key, in the order of their OIDs. `constraintOid`: the key's, or that of its copy in a partition, which has only those of the referring side. */
export function internalTriggers(key: ForeignKey, constraintOid = key.oid): readonly InternalTrigger[] {
  const all = [
    { on: 'referenced', event: 'delete', action: key.onDelete },
    { on: 'referenced', event: 'update', action: key.onUpdate },
    { on: 'referencing', event: 'insert' },
    { on: 'referencing', event: 'update' },
  ] as const;
  return all.flatMap((one, at): readonly InternalTrigger[] => {
    const action = 'action' in one ? one.action : undefined;
    if (action !== undefined && constraintOid !== key.oid) return [];
    const oid = offset + constraintOid * all.length + at;
    // Only checks and NO ACTION can wait for the end of the transaction.
    const mayWait = key.deferrable && (action === undefined || action === 'noAction');
    return [
      {
        oid,
        name: `RI_ConstraintTrigger_${one.on === 'referenced' ? 'a' : 'c'}_${oid}`,
        on: one.on,
        event: one.event,
        type: triggerType({ timing: 'after', level: 'row', events: [one.event] }),
        functionName: `RI_FKey_${action === undefined ? 'check' : actionNames[action]}_${shortEvents[one.event]}`,
        deferrable: mayWait,
        initiallyDeferred: mayWait && key.initiallyDeferred,
      },
    ];
  });
}

/** pg_get_triggerdef() of such a trigger. */
export function internalTriggerDefinition(catalog: CatalogSnapshot, searchPath: readonly string[], oid: number): string | undefined {
  if (oid < offset) return undefined;
  const short = ({ schema, name }: Relation): string =>
    `${catalog.find(searchPath, name)?.schema === schema ? '' : `${quoteIdentifier(schema)}.`}${quoteIdentifier(name)}`;
  for (const table of catalog.data.relations) {
    if (table.kind !== 'table' && table.kind !== 'partition') continue;
    const root = table.kind === 'partition' ? rootOf(catalog, table) : table;
    for (const key of root.foreignKeys) {
      const constraintOid = table.kind === 'partition' ? partOf(table, key.oid)?.oid : key.oid;
      const trigger = constraintOid === undefined ? undefined : internalTriggers(key, constraintOid).find((one) => one.oid === oid);
      const target = catalog.relationByOid(key.targetOid);
      if (trigger === undefined || target === undefined) continue;
      const [on, from] = trigger.on === 'referenced' ? [target, table] : [table, target];
      return [
        `CREATE CONSTRAINT TRIGGER "${trigger.name}" AFTER ${trigger.event.toUpperCase()} ON ${quoteIdentifier(on.schema)}.${quoteIdentifier(on.name)}`,
        `FROM ${short(from)} ${trigger.deferrable ? '' : 'NOT '}DEFERRABLE INITIALLY ${trigger.initiallyDeferred ? 'DEFERRED' : 'IMMEDIATE'}`,
        `FOR EACH ROW EXECUTE FUNCTION "${trigger.functionName}"()`,
      ].join(' ');
    }
  }
  return undefined;
}

export function internalFunctionOid({ functionName }: InternalTrigger): number {
  return functionsNamed(functionName)[0]?.oid ?? 0;
}
