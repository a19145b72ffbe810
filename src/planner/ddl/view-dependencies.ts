/**
 * Which views read a relation. Views are kept as text whose names are qualified, so their dependencies are read off the parsed text.
 */
import type { DdlContext } from './ddl.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Relation, Table, View } from '../../catalog/table.js';
import type * as ast from '../../sql/ast.js';
import { parse } from '../../sql/parser.js';

/** Names of tables and views in FROM lists anywhere in the tree. */
function tableNames(value: unknown, found: ast.QualifiedName[]): void {
  if (Array.isArray(value)) {
    for (const item of value) tableNames(item, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as { readonly kind?: string; readonly name?: ast.QualifiedName };
  if (node.kind === 'table' && typeof node.name === 'object') found.push(node.name);
  for (const part of Object.values(value)) tableNames(part, found);
}

/** The relations that a stored query names. */
export function relationsNamed(text: string): readonly ast.QualifiedName[] {
  const names: ast.QualifiedName[] = [];
  tableNames(parse(text), names);
  return names;
}

/** Views and materialized views whose definition names the relation. */
export function dependentViews(catalog: CatalogSnapshot, relation: Relation): readonly ((View | Table) & { readonly queryText: string })[] {
  if (relation.kind === 'sequence') return [];
  return catalog.data.relations.flatMap((candidate) => {
    if (candidate.oid === relation.oid) return [];
    const queryText = candidate.kind === 'view' ? candidate.queryText : candidate.kind === 'table' ? candidate.materialized?.queryText : undefined;
    if (queryText === undefined || (candidate.kind !== 'view' && candidate.kind !== 'table')) return [];
    const names = relationsNamed(queryText);
    return names.some((name) => name.name === relation.name && (name.schema ?? 'public') === relation.schema) ? [{ ...candidate, queryText }] : [];
  });
}

/** The views among dependentViews() that read a certain column. */
export function viewsReading(context: DdlContext, relation: Relation, column: string): ReturnType<typeof dependentViews> {
  const { snapshot } = context.editor;
  return dependentViews(snapshot, relation).filter((view) => {
    let reads = false;
    const names = view.columns.map((one) => one.name);
    context.binder(snapshot).restateQuery(view.queryText, names, snapshot, (oid, name) => {
      reads ||= oid === relation.oid && name === column;
    });
    return reads;
  });
}
