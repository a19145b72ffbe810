/** pg_constraint. */
import type { SqlValue } from '../../types/value.js';
import type { ReferentialAction } from '../table.js';
import { relation } from './relation.js';
import { schemaOid } from './role-oid.js';

const actions: Readonly<Record<ReferentialAction, string>> = { noAction: 'a', restrict: 'r', cascade: 'c', setNull: 'n', setDefault: 'd' };

function array(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

export const pgConstraint = relation(
  'pg_catalog',
  'pg_constraint',
  2606,
  [
    ['oid', 26],
    ['conname', 19],
    ['connamespace', 26],
    ['contype', 18],
    ['condeferrable', 16],
    ['condeferred', 16],
    ['convalidated', 16],
    ['conrelid', 26],
    ['contypid', 26],
    ['conindid', 26],
    ['conparentid', 26],
    ['confrelid', 26],
    ['confupdtype', 18],
    ['confdeltype', 18],
    ['confmatchtype', 18],
    ['conislocal', 16],
    ['coninhcount', 23],
    ['connoinherit', 16],
    ['conkey', 1005],
    ['confkey', 1005],
    ['conbin', 25],
  ],
  function* ({ catalog }) {
    for (const table of catalog.data.relations) {
      if (table.kind !== 'table') continue;
      const common = (oid: number, name: string, type: string, deferrable: boolean, deferred: boolean): SqlValue[] => [
        oid,
        name,
        schemaOid(catalog, table.schema),
        type,
        deferrable ? 1 : 0,
        deferred ? 1 : 0,
        1,
        table.oid,
        0,
      ];
      for (const index of table.indexes) {
        if (index.constraint)
          yield [
            ...common(index.oid + 1_000_000_000, index.name, index.primary ? 'p' : 'u', false, false),
            index.oid,
            0,
            0,
            ' ',
            ' ',
            ' ',
            1,
            0,
            1,
            array(index.keys.map((key) => key.attribute)),
            null,
            null,
          ];
      }
      for (const check of table.checks)
        yield [...common(check.oid, check.name, 'c', false, false), 0, 0, 0, ' ', ' ', ' ', 1, 0, 0, null, null, check.expressionText];
      for (const key of table.foreignKeys) {
        yield [
          ...common(key.oid, key.name, 'f', key.deferrable, key.initiallyDeferred),
          0,
          0,
          key.targetOid,
          actions[key.onUpdate],
          actions[key.onDelete],
          key.matchFull ? 'f' : 's',
          1,
          0,
          1,
          array(key.columns),
          array(key.targetColumns),
          null,
        ];
      }
    }
  },
);
