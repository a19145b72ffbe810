/**
 * Syntax trees of texts that the catalog keeps (defaults, checks, views), parsed once a thread: trees are immutable and a text means the same tree always.
 */
import type * as ast from '../../sql/ast.js';
import type { Binder } from './binder.js';

const limit = 2000;

function remembered<T>(cache: Map<string, T>, text: string, parse: (text: string) => T): T {
  let tree = cache.get(text);
  if (tree === undefined) {
    tree = parse(text);
    if (cache.size >= limit) cache.clear();
    cache.set(text, tree);
  }
  return tree;
}

const expressions = new Map<string, ast.Expression>();
const queries = new Map<string, ast.Select>();
const bodies = new Map<string, readonly ast.Statement[]>();

export function storedExpression(binder: Binder, text: string): ast.Expression {
  return remembered(expressions, text, (one) => binder.context.parser.expression(one));
}

export function storedQuery(binder: Binder, text: string): ast.Select {
  return remembered(queries, text, (one) => binder.context.parser.query(one));
}

export function storedStatements(binder: Binder, text: string): readonly ast.Statement[] {
  return remembered(bodies, text, (one) => binder.context.parser.statements?.(one) ?? []);
}

const placeReaders = new WeakMap<object, boolean>();

/** Whether a tree reads `ctid`: then the tables in it are scanned with the places of their rows. */
export function readsPlaces(tree: object): boolean {
  let found = placeReaders.get(tree);
  if (found === undefined) {
    found = namesPlace(tree);
    placeReaders.set(tree, found);
  }
  return found;
}

function namesPlace(tree: unknown): boolean {
  if (Array.isArray(tree)) return tree.some(namesPlace);
  if (typeof tree !== 'object' || tree === null) return false;
  const { kind, parts } = tree as { readonly kind?: unknown; readonly parts?: unknown };
  if (kind === 'column' && Array.isArray(parts) && parts[parts.length - 1] === 'ctid') return true;
  for (const part of Object.values(tree)) if (typeof part === 'object' && namesPlace(part)) return true;
  return false;
}
