/**
 * The CHECK of a domain as SQLite text over the value `?1` in general form, without other parameters: kept in the catalog, so that every thread can evaluate it
 * where a text becomes a value. Called by the session for planner/ddl.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Expression } from '../../plan/expression.js';
import type { OutputColumn } from '../../plan/logical.js';
import { Level } from './spelled.js';
import { newScope } from './write.js';
import { writerOptions } from './write-mutation.js';

export function writeDomainCheck(value: OutputColumn, condition: Expression, catalog: CatalogSnapshot): string {
  const scope = newScope(writerOptions({ catalog, exactNumeric: true }));
  scope.bind(value.id, { text: '?1', level: Level.atom, weight: 0, type: { oid: value.type.oid, typmod: value.type.typmod }, nullable: true });
  return scope.parameters.inline(scope.expression(condition).text);
}
