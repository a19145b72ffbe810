/**
 * Finding user-defined types by their written names, and the errors when there is none. Used by the statements about types.
 */
import { clipName } from '../../common/names.js';
import { PgError } from '../../common/errors.js';
import type { CompositeType, DomainType, EnumType, UserType } from '../../catalog/user-type.js';
import type { NamedType } from '../../catalog/database-types.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { typeByName } from '../../types/registry.js';
import type { DdlContext } from './ddl.js';

export function nameText(parts: readonly string[]): string {
  return parts.join('.');
}

/** The type (or the element type of the array type) of that name; undefined when there is none. */
export function findNamed(context: DdlContext, parts: readonly string[]): { readonly named: NamedType; readonly isArray: boolean } | undefined {
  const name = parts[parts.length - 1] ?? '';
  const schema = parts.length > 1 ? parts[parts.length - 2] : undefined;
  const { types } = context.editor.snapshot;
  const oid = schema === undefined ? types.find(context.searchPath, name) : types.oidOf(schema, name);
  const named = oid === undefined ? undefined : types.named(oid);
  return named === undefined ? undefined : { named, isArray: named.oid !== oid };
}

export function undefinedType(parts: readonly string[]): PgError {
  return new PgError('42704', `type "${nameText(parts)}" does not exist`);
}

/** The definition; 42704 when there is none, 42809 for types that no CREATE TYPE has made. */
export function requireUserType(context: DdlContext, parts: readonly string[], what: string): UserType {
  const found = findNamed(context, parts);
  const name = parts[parts.length - 1] ?? '';
  if (found === undefined) {
    const builtIn = parts.length === 1 || parts[0] === 'pg_catalog' ? typeByName(name) : undefined;
    if (builtIn === undefined) throw undefinedType(parts);
    throw what === 'type' ? new PgError('42501', `must be owner of type ${builtIn.displayName}`) : new PgError('42809', `${quoted(name)} is not ${what}`);
  }
  const { type } = found.named;
  if (found.isArray || type === undefined) {
    if (what !== 'type') throw new PgError('42809', `${found.isArray ? nameText(parts) : quoted(name)} is not ${what}`);
    if (found.isArray) {
      throw new PgError('42809', `cannot alter array type ${shown(context, found.named)}[]`, {
        hint: `You can alter type ${shown(context, found.named)}, which will alter the array type as well.`,
      });
    }
    throw new PgError('42809', `${shown(context, found.named)} is a table's row type`, { hint: 'Use ALTER TABLE instead.' });
  }
  return type;
}

export function requireEnum(context: DdlContext, parts: readonly string[]): EnumType {
  const type = requireUserType(context, parts, 'an enum');
  if (type.kind !== 'enum') throw new PgError('42809', `${shown(context, type)} is not an enum`);
  return type;
}

export function requireDomain(context: DdlContext, parts: readonly string[]): DomainType {
  const type = requireUserType(context, parts, 'a domain');
  if (type.kind !== 'domain') throw new PgError('42809', `${shown(context, type)} is not a domain`);
  return type;
}

export function requireComposite(context: DdlContext, parts: readonly string[]): CompositeType {
  const type = requireUserType(context, parts, 'a composite type');
  if (type.kind !== 'composite') throw new PgError('42809', `${quoted(type.name)} is not a composite type`);
  return type;
}

/** As format_type shows it under the session's path. */
export function shown(context: DdlContext, type: { readonly oid: number }): string {
  return context.editor.snapshot.types.displayName(type.oid, context.searchPath);
}

function quoted(name: string): string {
  return `"${name}"`;
}

/** A schema and name as they stand in stored texts. */
export function qualifiedText(type: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(type.schema)}.${quoteIdentifier(type.name)}`;
}

/** The name of a new array type: `_name`, with more underscores as long as that is taken. */
export function freeArrayName(context: DdlContext, schema: string, name: string): string {
  const { types } = context.editor.snapshot;
  for (let candidate = `_${name}`; ; candidate = `_${candidate}`) {
    const clipped = clipName(candidate);
    if (types.oidOf(schema, clipped) === undefined) return clipped;
  }
}

/** 42710 when the schema has a type of that name. Array types make way. */
export function refuseTakenName(context: DdlContext, schema: string, name: string): void {
  const { types } = context.editor.snapshot;
  const oid = types.oidOf(schema, name);
  if (oid === undefined) return;
  const named = types.named(oid);
  if (named !== undefined && named.oid !== oid && named.type !== undefined) {
    context.editor.putType({ ...named.type, arrayName: freeArrayName(context, schema, named.type.name === name ? name : `_${named.type.name}`) });
    return;
  }
  if (named?.oid === oid) throw new PgError('42710', `type "${name}" already exists`);
}
