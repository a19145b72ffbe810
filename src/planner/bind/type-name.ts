/** A written type name to the type it means: 42704 when there is none. */
import { notSupported, PgError } from '../../common/errors.js';
import { columnType, typeRef } from '../../plan/build.js';
import type { TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import { arrayTypeOf, type PgType, typeByName, typeByOid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { schemaExists, schemaMeant } from './coercion.js';

function typmodArguments(binder: Binder, type: ast.TypeName): number[] {
  return type.typmods.map((node) => {
    if (node.kind === 'integer') return node.value;
    if (node.kind === 'numeric' && /^-?\d+$/.test(node.text)) return Number(node.text);
    throw binder.error('42601', 'type modifiers must be simple constants or identifiers', type.position);
  });
}

function percentType(binder: Binder, type: ast.TypeName): TypeRef {
  const column = type.names[type.names.length - 1] as string;
  const table = type.names[type.names.length - 2] as string;
  const schema = type.names.length > 2 ? type.names[type.names.length - 3] : undefined;
  const { searchPath } = binder;
  const { catalog } = binder.context;
  const relation = schema === undefined ? catalog.find(searchPath, table) : catalog.relation(schemaMeant(binder, schema), table);
  if (relation === undefined) throw binder.error('42P01', `relation "${type.names.slice(0, -1).join('.')}" does not exist`, type.position);
  const found = relation.kind === 'sequence' ? undefined : relation.columns.find((one) => one.name === column);
  if (found === undefined) throw binder.error('42703', `column "${column}" of relation "${table}" does not exist`, type.position);
  return columnType(found);
}

/** The type of that name: built in, or the database's along the path. */
export function typeNamed(binder: Binder, schema: string | undefined, name: string): PgType | undefined {
  const builtIn = schema === undefined || schema === 'pg_catalog' ? typeByName(name) : undefined;
  // typeByName also knows SQL's spellings, which are not names: "integer" in quotes is no type.
  if (builtIn !== undefined && (schema !== undefined || builtIn.name === name || name.endsWith('[]'))) return builtIn;
  const { types } = binder.context.catalog;
  const oid = schema === undefined ? types.find(binder.searchPath, name) : types.oidOf(schemaMeant(binder, schema), name);
  return oid === undefined ? undefined : typeByOid(oid);
}

export function resolveTypeName(binder: Binder, type: ast.TypeName): TypeRef {
  if (type.percentType) return percentType(binder, type);
  const name = type.names[type.names.length - 1] as string;
  const schema = type.names.length > 1 ? type.names[type.names.length - 2] : undefined;
  const found = typeNamed(binder, schema, name);
  if (found === undefined) {
    if (schema !== undefined && !schemaExists(binder, schema)) throw binder.error('3F000', `schema "${schema}" does not exist`, type.position);
    throw binder.error('42704', `type "${type.names.join('.')}" does not exist`, type.position);
  }
  if (type.setOf) throw binder.error('42601', `type modifier SETOF is not allowed here`, type.position);
  let typmod = -1;
  if (type.typmods.length > 0) {
    if (found.typmodIn === undefined) throw binder.error('42601', `type modifier is not allowed for type "${type.names.join('.')}"`, type.position);
    try {
      typmod = found.typmodIn(typmodArguments(binder, type));
    } catch (error) {
      throw error instanceof PgError ? error.at(type.position) : error;
    }
  }
  if (type.arrayBounds.length === 0) return typeRef(found.oid, typmod);
  const array = typeByOid(found.oid)?.elementOid !== undefined && found.category === 'A' ? found : arrayTypeOf(found.oid);
  if (array === undefined) throw binder.error('42704', `could not find array type for data type ${found.displayName}`, type.position);
  if (found.kind === 'p' && found.oid !== array.elementOid) throw notSupported(`arrays of ${found.displayName}`, type.position);
  return typeRef(array.oid, typmod);
}
