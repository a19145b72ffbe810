/**
 * Types in stored texts (defaults, checks, views): names are written out with their schema when the text is stored, and follow when the type is renamed or moved.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Relation } from '../../catalog/table.js';
import type { UserType } from '../../catalog/user-type.js';
import type * as ast from '../../sql/ast.js';
import { typeByName } from '../../types/registry.js';
import type { DdlContext } from './ddl.js';
import { qualifiedText } from './type-names.js';

function isTypeName(node: object): node is ast.TypeName {
  return 'names' in node && 'arrayBounds' in node && 'typmods' in node;
}

/** The tree with the schema before the name of every user-defined type. */
export function qualifyTypes<T>(tree: T, catalog: CatalogSnapshot, searchPath: readonly string[]): T {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
    if (!isTypeName(value) || value.names.length !== 1) return copy;
    const [name] = value.names as [string];
    const oid = typeByName(name) === undefined ? catalog.types.find(searchPath, name) : undefined;
    const named = oid === undefined ? undefined : catalog.types.named(oid);
    return named === undefined ? copy : { ...copy, names: [named.schema, name] };
  };
  return visit(tree) as T;
}

/** Puts the type's new name into every stored text that has the old one. */
export function rewriteTypeName(context: DdlContext, type: UserType, to: { readonly schema: string; readonly name: string }): void {
  const from = qualifiedText(type);
  const next = qualifiedText(to);
  // (Constructors of ranges keep their name.)
  const end = type.kind === 'range' || type.kind === 'multirange' ? '(?![\\w"(])' : '(?![\\w"])';
  const pattern = new RegExp(`(?<![\\w".])${from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}${end}`, 'g');
  const changed = (text: string): string => text.replace(pattern, () => next);
  for (const relation of context.editor.snapshot.data.relations) {
    const renamed = rewritten(relation, changed);
    if (renamed !== relation) context.editor.put(renamed);
  }
  for (const other of context.editor.snapshot.data.types ?? []) {
    if (other.kind !== 'domain' || other.oid === type.oid) continue;
    const { defaultText } = other;
    context.editor.putType({
      ...other,
      ...(defaultText === undefined ? {} : { defaultText: changed(defaultText) }),
      checks: other.checks.map((check) => ({ ...check, expressionText: changed(check.expressionText) })),
    });
  }
}

function rewritten(relation: Relation, changed: (text: string) => string): Relation {
  if (relation.kind === 'sequence') return relation;
  if (relation.kind === 'view') {
    const queryText = changed(relation.queryText);
    return queryText === relation.queryText ? relation : { ...relation, queryText };
  }
  let different = false;
  const text = (old: string): string => {
    const next = changed(old);
    different ||= next !== old;
    return next;
  };
  const columns = relation.columns.map((column) => (column.defaultText === undefined ? column : { ...column, defaultText: text(column.defaultText) }));
  const checks = relation.checks.map((check) => ({ ...check, expressionText: text(check.expressionText) }));
  return different ? { ...relation, columns, checks } : relation;
}
