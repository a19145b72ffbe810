/**
 * What every converter carries along: positions, the depth of nesting, and the way from expressions back to queries and statements
 * (as functions, so that the files do not import each other in a circle). Plus the smallest pieces: names and lists of names.
 */
import { notSupported, PgError } from '../../common/errors.js';
import { maximumDepth, type Delete, type Insert, type Merge, type QualifiedName, type Select, type Statement, type Update } from '../ast.js';
import { tagOf, type Raw } from './raw.js';
import type { Source } from './source.js';
import type { Node, RangeVar, SelectStmt } from '@pgsql/types';

export interface Converters {
  select(raw: SelectStmt, context: Context): Select;
  /** A statement that may stand in a WITH clause or in COPY (...). */
  query(node: Raw, context: Context): Select | Insert | Update | Delete | Merge;
  statement(node: Raw, context: Context): Statement;
}

export class Context {
  #depth = 0;

  constructor(
    readonly source: Source,
    readonly convert: Converters,
  ) {}

  position(location: number | undefined): number | undefined {
    return this.source.position(location);
  }

  /** To be paired with `leave` on the way back; an error needs no pairing, for the context ends with it. */
  enter(): void {
    if (++this.#depth > maximumDepth) throw tooComplex();
  }

  leave(): void {
    this.#depth--;
  }
}

/** 54001, in PostgreSQL's words. */
export function tooComplex(): PgError {
  return new PgError('54001', 'stack depth limit exceeded', { hint: 'Split the statement or write it with less nesting.' });
}

/** A node as the tagged record that the converters read. */
export function raw(node: Node): Raw {
  return node;
}

/** The text of a String node. */
export function stringOf(node: Node | undefined): string {
  return node === undefined ? '' : ((node as Raw).String?.sval ?? '');
}

const noNames: readonly string[] = [];

/** The texts of a list of String nodes. */
export function namesOf(nodes: readonly Node[] | undefined): readonly string[] {
  if (nodes === undefined) return noNames;
  const names = new Array<string>(nodes.length);
  for (let i = 0; i < nodes.length; i++) names[i] = stringOf(nodes[i]);
  return names;
}

export function qualifiedName(range: RangeVar | undefined, context: Context): QualifiedName {
  return { catalog: range?.catalogname, schema: range?.schemaname, name: range?.relname ?? '', position: context.position(range?.location) };
}

/** A qualified name that the grammar gives as a list of strings. */
export function qualifiedNameOf(names: readonly string[], position?: number): QualifiedName {
  const [first = '', second, third] = names;
  if (third !== undefined) return { catalog: first, schema: second, name: third, position };
  return second === undefined ? { name: first, position } : { schema: first, name: second, position };
}

/** A construct of the grammar that the tree has no form for. */
export function unexpected(node: Raw, place: string): PgError {
  return notSupported(`${tagOf(node) ?? 'NULL'} as ${place}`);
}

/** The library's grammar takes `$1` in places where PostgreSQL's takes only literals: settings, passwords, options. */
export function refuseParameter(node: Raw, context: Context): void {
  const { ParamRef: parameter } = node;
  if (parameter === undefined) return;
  const position = context.position(parameter.location);
  throw new PgError('42601', `syntax error at or near "$${parameter.number ?? 0}"`, position === undefined ? {} : { position });
}
