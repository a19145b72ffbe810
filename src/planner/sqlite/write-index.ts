/**
 * Index expressions and predicates as SQLite text over the columns of the file, without parameters: SQLite keeps the text and evaluates it at every write.
 * Called by the session for planner/ddl.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Exclusion, Table } from '../../catalog/table.js';
import type { Expression } from '../../plan/expression.js';
import type { OutputColumn } from '../../plan/logical.js';
import { raisingFor } from './connection-functions.js';
import { columnScale, keyCall } from './column-declaration.js';
import { generalForm } from './numeric.js';
import { Level, quoteIdentifier } from './spelled.js';
import type { BoundExclusion } from '../bind/bind.js';
import type { Scope } from './scope.js';
import { newScope } from './write.js';
import { writerOptions } from './write-mutation.js';

export interface WrittenIndex {
  readonly keys: readonly string[];
  readonly predicate: string | undefined;
}

/** `row`: the table's columns as the expressions name them. A key's text is that of its type's key, as comparisons are spelled. */
export function writeIndex(
  table: Table,
  row: readonly OutputColumn[],
  keys: readonly Expression[],
  predicate: Expression | undefined,
  catalog: CatalogSnapshot,
): WrittenIndex {
  const { scope, finish } = rowScope(table, row, catalog);
  return {
    keys: keys.map((key) => {
      const { text } = generalForm(scope.expression(key));
      return finish(keyCall(key.type.oid, text));
    }),
    predicate: predicate === undefined ? undefined : finish(scope.expression(predicate).text),
  };
}

/** An exclusion constraint: `condition` over the row and `others`, the keys of another one. */
export function writeExclusion(
  table: Table,
  row: readonly OutputColumn[],
  { keys, predicate, others, condition }: BoundExclusion,
  catalog: CatalogSnapshot,
): NonNullable<Exclusion['sql']> {
  const { scope, finish } = rowScope(table, row, catalog);
  for (const [i, { id, type }] of others.entries()) scope.bind(id, { text: `?${String(i + 1)}`, level: Level.atom, weight: 0, type, nullable: true });
  return {
    keys: keys.map((key) => finish(generalForm(scope.expression(key)).text)),
    ...(predicate === undefined ? {} : { predicate: finish(scope.expression(predicate).text) }),
    condition: finish(scope.expression(condition).text),
  };
}

/** A scope that sees the columns of the file. */
function rowScope(table: Table, row: readonly OutputColumn[], catalog: CatalogSnapshot): { readonly scope: Scope; readonly finish: (text: string) => string } {
  const scope = newScope(writerOptions({ catalog, exactNumeric: true }));
  for (const [i, column] of table.columns.entries()) {
    const output = row[i];
    const text = quoteIdentifier(column.physicalName);
    const scale = columnScale(column.typeOid, column.typmod);
    if (output === undefined) continue;
    scope.bind(output.id, {
      text,
      level: Level.atom,
      weight: 0,
      type: { oid: column.typeOid, typmod: column.typmod },
      nullable: true,
      ...(scale === undefined ? {} : { decimal: { scale, digits: 18, nanLeaves: [text], raw: false } }),
    });
  }
  const [first] = table.columns;
  const finish = (text: string): string => scope.parameters.inline(first === undefined ? text : raisingFor(text, quoteIdentifier(first.physicalName)));
  return { scope, finish };
}
