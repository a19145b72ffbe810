/**
 * Which views can be written through, and which of their columns: what binding a write, WITH CHECK OPTION, information_schema and pg_relation_is_updatable ask.
 * Source: view_query_is_auto_updatable and relation_is_updatable of PostgreSQL 15's rewriteHandler.c.
 */
import { functionsNamed } from '../functions/registry.js';
import type { Expression, Select, TableItem } from '../sql/ast.js';
import { parse } from '../sql/parser.js';
import { walkExpression } from '../sql/walk.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Relation, View } from './table.js';

/** What a simple view reads. */
export interface SimpleView {
  readonly kind: 'simple';
  readonly item: TableItem;
  readonly targets: readonly Expression[];
  readonly where: Expression | undefined;
}

/** Or why it is none, as PostgreSQL's DETAIL says it. */
export interface ReadOnlyView {
  readonly kind: 'readOnly';
  readonly reason: string;
}

function calls(targets: readonly Expression[], wanted: 'aggregate' | 'window' | 'set'): boolean {
  let found = false;
  for (const target of targets)
    walkExpression(target, {
      expression: (node) => {
        if (node.kind !== 'function') return !found;
        const kinds = functionsNamed(node.name[node.name.length - 1] ?? '').map((entry) => entry.kind as string);
        const kind = node.over !== undefined ? 'window' : kinds[0];
        if (kind === wanted) found = true;
        return !found;
      },
    });
  return found;
}

export function simpleView(query: Select): SimpleView | ReadOnlyView {
  const { body } = query;
  const readOnly = (what: string): ReadOnlyView => ({ kind: 'readOnly', reason: `Views ${what} are not automatically updatable.` });
  if (body.kind === 'core' && body.distinct) return readOnly('containing DISTINCT');
  if (body.kind === 'core' && body.groupBy.length > 0) return readOnly('containing GROUP BY');
  if (body.kind === 'core' && body.having !== undefined) return readOnly('containing HAVING');
  if (body.kind === 'setOperation') return readOnly('containing UNION, INTERSECT, or EXCEPT');
  if (query.with !== undefined) return readOnly('containing WITH');
  if (query.limit !== undefined || query.offset !== undefined) return readOnly('containing LIMIT or OFFSET');
  if (body.kind !== 'core') return readOnly('that do not select from a single table or view');
  const targets = body.targets.map((target) => target.expression);
  if (calls(targets, 'aggregate')) return readOnly('that return aggregate functions');
  if (calls(targets, 'window')) return readOnly('that return window functions');
  if (calls(targets, 'set')) return readOnly('that return set-returning functions');
  const [item] = body.from;
  if (body.from.length !== 1 || item?.kind !== 'table') return readOnly('that do not select from a single table or view');
  if (item.sample !== undefined) return readOnly('containing TABLESAMPLE');
  return { kind: 'simple', item, targets, where: body.where };
}

interface TargetPlace {
  readonly node: Expression;
  readonly at: number | undefined;
}

/** The targets with stars written out, over columns of these names; of plain columns their place among them. */
export function targetPlaces(targets: readonly Expression[], names: readonly string[]): readonly TargetPlace[] {
  return targets.flatMap((node): readonly TargetPlace[] => {
    if (node.kind === 'star') return names.map((name, at) => ({ node: { kind: 'column' as const, parts: [name] }, at }));
    const at = node.kind === 'column' ? names.indexOf(node.parts[node.parts.length - 1] ?? '') : -1;
    return [{ node, at: at < 0 ? undefined : at }];
  });
}

/** Which columns of a relation can be assigned; undefined when it cannot be written at all. */
export function updatableColumns(catalog: CatalogSnapshot, relation: Relation | undefined): readonly boolean[] | undefined {
  if (relation?.kind === 'table') return relation.materialized === undefined ? relation.columns.map(() => true) : undefined;
  if (relation?.kind === 'partition') return relation.columns.map(() => true);
  if (relation?.kind !== 'view') return undefined;
  const [only] = parse(relation.queryText);
  const simple = only?.statement.kind === 'select' ? simpleView(only.statement) : undefined;
  if (simple?.kind !== 'simple') return undefined;
  const { name, alias } = simple.item;
  const below = name.schema === undefined ? catalog.find(['public'], name.name) : catalog.relation(name.schema, name.name);
  const columns = updatableColumns(catalog, below);
  if (columns === undefined || below === undefined || below.kind === 'sequence') return undefined;
  const names = below.columns.map((column, i) => alias?.columns[i] ?? column.name);
  const places = targetPlaces(simple.targets, names).map(({ at }) => at !== undefined && columns[at] === true);
  return places;
}

const [updateBit, insertBit, deleteBit] = [4, 8, 16];

/** As pg_relation_is_updatable: 4 UPDATE, 8 INSERT, 16 DELETE. */
function writeEvents(catalog: CatalogSnapshot, relation: Relation | undefined): number {
  const columns = updatableColumns(catalog, relation);
  if (columns === undefined) return 0;
  return columns.includes(true) || relation?.kind !== 'view' ? updateBit | insertBit | deleteBit : deleteBit;
}

/** Both UPDATE and DELETE, as information_schema means it. */
export function isUpdatable(catalog: CatalogSnapshot, relation: View): boolean {
  return (writeEvents(catalog, relation) & (updateBit | deleteBit)) === (updateBit | deleteBit);
}
