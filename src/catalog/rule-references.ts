/** NEW and OLD in the syntax trees of rules. Used by planner/ddl/rule and planner/bind/rewrite-rules. */

/** Whether a tree names a column of NEW or OLD, or the row itself. */
export function hasSome(tree: unknown, which: 'new' | 'old'): boolean {
  if (Array.isArray(tree)) return tree.some((item) => hasSome(item, which));
  if (typeof tree !== 'object' || tree === null) return false;
  const { kind, parts, qualifier } = tree as { readonly kind?: string; readonly parts?: readonly string[]; readonly qualifier?: readonly string[] };
  if (kind === 'column' && parts?.[0] === which) return true;
  if (kind === 'star' && qualifier?.[0] === which) return true;
  return Object.values(tree).some((part) => hasSome(part, which));
}
