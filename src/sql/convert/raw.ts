/**
 * The shape of the grammar's own tree (libpg-query's JSON), narrowed so that the converters can read it with checked types.
 * Only sql/convert and sql/parser import this file; the types exist at compile time only.
 */
import type { Node } from '@pgsql/types';

type Union<N> = N extends N ? keyof N : never;
type Content<N, K extends PropertyKey> = N extends Record<K, infer C> ? C : never;

/** Every tag that a node can have: 'SelectStmt', 'A_Expr', ... */
export type Tag = Union<Node>;

/** A node: an object with one property, named by its tag. An absent node inside a list is the empty object. */
export type Raw = { readonly [K in Tag]?: Content<Node, K> };

/** The tag of a node, or undefined for the empty object that stands for NULL. */
export function tagOf(node: Raw): Tag | undefined {
  for (const key in node) return key as Tag;
  return undefined;
}

/** One top-level statement as the grammar returns it; offsets are in bytes of UTF-8. */
export interface RawStatement {
  readonly stmt: Raw;
  readonly stmt_location?: number;
  /** Absent or 0: to the end of the text. */
  readonly stmt_len?: number;
}
