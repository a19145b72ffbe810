/**
 * Which views read a relation. Views are kept as text whose names are qualified, so their dependencies are read off the parsed text.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Relation, View } from '../../catalog/table.js';
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

/** Views whose definition names the relation. */
export function dependentViews(catalog: CatalogSnapshot, relation: Relation): readonly View[] {
  if (relation.kind === 'sequence') return [];
  return catalog.data.relations.filter((candidate): candidate is View => {
    if (candidate.kind !== 'view' || candidate.oid === relation.oid) return false;
    return relationsNamed(candidate.queryText).some((name) => name.name === relation.name && (name.schema ?? 'public') === relation.schema);
  });
}
