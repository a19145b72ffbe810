/**
 * The objects that GRANT and REVOKE name, as privileges see them.
 */
import { allFunctions } from '../../functions/registry.js';
import { withSystemSchema } from '../../catalog/object-names.js';
import {
  languages,
  ownerOid,
  type Securable,
  securableDatabase,
  securableFunction,
  securableLanguage,
  securableLargeObject,
  securableRelation,
  securableSchema,
  securableSystemRelation,
  securableType,
} from '../../catalog/privileges.js';
import { systemRelationNamed } from '../../catalog/pg-catalog/system-relations.js';
import { bootstrapRoleOid } from '../../catalog/role.js';
import { findIndex } from '../../catalog/edit.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { typeByName } from '../../types/registry.js';
import { type DdlContext, toQualifiedName, undefinedRelation } from './ddl.js';
import { findFunctionNamed, requireFunction } from './function.js';
import { requireLargeObject } from './large-object.js';
import { requireSchemaUsage } from './owner.js';
import { findNamed, undefinedType } from './type-names.js';

export type NamedColumns = readonly { readonly name: string; readonly attribute: number }[];

/** Columns that may have privileges of their own. */
export function columnsOf(context: DdlContext, one: Securable): NamedColumns {
  const relation = context.editor.snapshot.relationByOid(one.oid);
  if (relation === undefined) {
    const system = one.isSystem === true ? (systemRelationNamed('pg_catalog', one.name) ?? systemRelationNamed('information_schema', one.name)) : undefined;
    return system?.columns.map(({ name }, i) => ({ name, attribute: i + 1 })) ?? [];
  }
  switch (relation.kind) {
    case 'sequence':
      return ['last_value', 'log_cnt', 'is_called'].map((name, i) => ({ name, attribute: i + 1 }));
    case 'view':
      return relation.columns.map(({ name }, i) => ({ name, attribute: i + 1 }));
    default:
      return relation.columns;
  }
}

function relationNamed(context: DdlContext, parts: readonly string[], object: 'table' | 'sequence'): Securable {
  const { snapshot } = context.editor;
  const name = toQualifiedName(parts);
  if (name.schema !== undefined) {
    if (!snapshot.schemaExists(name.schema)) throw new PgError('3F000', `schema "${name.schema}" does not exist`);
    requireSchemaUsage(context, name.schema);
  }
  for (const schema of name.schema === undefined ? withSystemSchema(context.searchPath) : [name.schema]) {
    const system = systemRelationNamed(schema, name.name);
    if (system !== undefined) return securableSystemRelation(system);
    const relation = snapshot.relation(schema, name.name);
    if (relation === undefined) continue;
    const found = securableRelation(snapshot, relation.oid) as Securable;
    if (object === 'sequence' && found.kind !== 'sequence') throw new PgError('42809', `"${name.name}" is not a sequence`);
    return found;
  }
  if (findIndex(snapshot, name.schema === undefined ? context.searchPath : [name.schema], name.name) !== undefined)
    throw new PgError('42809', `"${name.name}" is an index`);
  const type = findNamed(context, parts)?.named.type;
  if (type?.kind === 'composite') throw new PgError('42809', `"${name.name}" is a composite type`);
  throw undefinedRelation(name);
}

function functionNamed(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference): Securable {
  const { snapshot } = context.editor;
  const own = findFunctionNamed(context, object, target);
  if (own !== undefined) return securableFunction(own, ownerOid(snapshot, own.owner));
  const name = target.name.at(-1) ?? '';
  if (target.name.length === 1 || target.name[0] === 'pg_catalog') {
    const binder = context.binder(snapshot);
    const types = target.signature?.arguments?.map((type) => (type === undefined ? 2276 : binder.typeName(type).oid));
    const found = allFunctions().filter(
      (entry) => entry.name === name && (types === undefined || (entry.args.length === types.length && entry.args.every((arg, i) => arg === types[i]))),
    );
    const [only] = found;
    if (found.length > 1)
      throw new PgError('42725', `function name "${target.name.join('.')}" is not unique`, {
        hint: 'Specify the argument list to select the function unambiguously.',
      });
    if (only?.oid !== undefined) return securableFunction({ oid: only.oid, name, kind: only.kind }, bootstrapRoleOid);
  }
  const missing = requireFunction(context, object, target);
  return securableFunction(missing, ownerOid(snapshot, missing.owner));
}

function typeNamed(context: DdlContext, parts: readonly string[], isDomain: boolean): Securable {
  const found = findNamed(context, parts);
  const name = parts.at(-1) ?? '';
  if (found === undefined) {
    const builtIn = parts.length === 1 || parts[0] === 'pg_catalog' ? typeByName(name) : undefined;
    if (builtIn === undefined) throw undefinedType(parts);
    if (isDomain) throw new PgError('42809', `"${builtIn.name}" is not a domain`);
    if (builtIn.name.startsWith('_')) throw arrayType();
    return securableType(builtIn.oid, builtIn.name, bootstrapRoleOid);
  }
  if (found.isArray) throw arrayType();
  const { type } = found.named;
  if (type === undefined) {
    const relation = context.editor.snapshot.find(context.searchPath, name);
    return securableType(found.named.oid, name, relation === undefined ? bootstrapRoleOid : ownerOid(context.editor.snapshot, relation.owner));
  }
  if (isDomain && type.kind !== 'domain') throw new PgError('42809', `"${name}" is not a domain`);
  return securableType(type.oid, type.name, ownerOid(context.editor.snapshot, type.owner));
}

function arrayType(): PgError {
  return new PgError('0LP01', 'cannot set privileges of array types', { hint: 'Set the privileges of the element type instead.' });
}

function schemaNamed(context: DdlContext, name: string): Securable {
  const found = securableSchema(context.editor.snapshot, name);
  if (found === undefined) throw new PgError('3F000', `schema "${name}" does not exist`);
  return found;
}

/** What the statement names, in its order. */
export function findSecurables(context: DdlContext, statement: ast.Grant): readonly Securable[] {
  return statement.allInSchema
    ? statement.objects.flatMap((object) => allIn(context, statement.object, object.name[0] ?? ''))
    : statement.objects.map((object) => securableNamed(context, statement.object, object));
}

function allIn(context: DdlContext, object: ast.ObjectType, schema: string): readonly Securable[] {
  const { snapshot } = context.editor;
  const found = schemaNamed(context, schema);
  requireSchemaUsage(context, found.name);
  if (object === 'table' || object === 'sequence')
    return snapshot.data.relations
      .filter((relation) => relation.schema === schema && (relation.kind === 'sequence') === (object === 'sequence'))
      .map((relation) => securableRelation(snapshot, relation.oid) as Securable);
  return [...snapshot.functions.all()]
    .filter((definition) => definition.schema === schema && (object === 'routine' || definition.kind === (object === 'procedure' ? 'procedure' : 'function')))
    .map((definition) => securableFunction(definition, ownerOid(snapshot, definition.owner)));
}

function securableNamed(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference): Securable {
  const { snapshot } = context.editor;
  const name = target.name.at(-1) ?? '';
  switch (object) {
    case 'table':
    case 'sequence':
      return relationNamed(context, target.name, object);
    case 'schema':
      return schemaNamed(context, name);
    case 'database': {
      const entry = snapshot.databaseNamed(name);
      if (entry === undefined) throw new PgError('3D000', `database "${name}" does not exist`);
      return securableDatabase(snapshot, entry);
    }
    case 'function':
    case 'procedure':
    case 'routine':
      return functionNamed(context, object, target);
    case 'type':
    case 'domain':
      return typeNamed(context, target.types?.[0]?.names ?? target.name, object === 'domain');
    case 'language': {
      const found = securableLanguage(name);
      if (found === undefined) throw new PgError('42704', `language "${name}" does not exist`);
      if (languages.find((one) => one.name === name)?.trusted !== true)
        throw new PgError('42809', `language "${name}" is not trusted`, {
          detail: 'GRANT and REVOKE are not allowed on untrusted languages, because only superusers can use untrusted languages.',
        });
      return found;
    }
    case 'tablespace':
      if (name !== 'pg_default' && name !== 'pg_global') throw new PgError('42704', `tablespace "${name}" does not exist`);
      throw notSupported('GRANT ON TABLESPACE');
    case 'foreignServer':
      throw new PgError('42704', `server "${name}" does not exist`);
    case 'foreignDataWrapper':
      throw new PgError('42704', `foreign-data wrapper "${name}" does not exist`);
    case 'largeObject': {
      const { oid, owner } = requireLargeObject(context, name);
      return securableLargeObject(oid, owner);
    }
    default:
      throw notSupported(`GRANT ON ${object.toUpperCase()}`);
  }
}
