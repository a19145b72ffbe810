/** pg_trigger: the triggers of tables and views. */
import { triggerType } from '../trigger.js';
import { relation } from './relation.js';

const enabled = { origin: 'O', disabled: 'D', replica: 'R', always: 'A' } as const;

export const pgTrigger = relation('pg_catalog.pg_trigger', function* ({ catalog }) {
  for (const table of catalog.data.relations) {
    if (table.kind !== 'table' && table.kind !== 'view') continue;
    for (const trigger of table.triggers ?? [])
      yield {
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
        tgattr: trigger.columns.join(' '),
        tgargs: Buffer.from(trigger.args.map((one) => `${one}\0`).join('')),
        tgqual: trigger.whenText ?? null,
        tgoldtable: trigger.transitions?.old ?? null,
        tgnewtable: trigger.transitions?.new ?? null,
      };
  }
});
