/**
 * CREATE TYPE ... AS RANGE: the range type and its multirange type. Their constructors are made by `bind/range-constructors`, as they follow from the type alone.
 * Source: DefineRange of PostgreSQL 15's typecmds.c.
 */
import { requireCollation } from '../../catalog/collation.js';
import { notSupported, PgError } from '../../common/errors.js';
import { functionsNamed } from '../../functions/registry.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid, requireType } from '../../types/registry.js';
import type { TypeRef } from '../../plan/expression.js';
import { findOperator } from '../bind/resolve.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, toQualifiedName } from './ddl.js';
import { optionNames } from './option-names.js';
import { freeArrayName, refuseTakenName } from './type-names.js';

const knownOptions: ReadonlySet<string> = new Set(['subtype', 'subtype_opclass', 'collation', 'canonical', 'subtype_diff', 'multirange_type_name']);

function namesOf(option: ast.Option): readonly string[] {
  const names = optionNames(option);
  if (names === undefined) throw new PgError('42601', `${option.name} requires a parameter`);
  return names;
}

function subtypeOf(context: DdlContext, option: ast.Option): TypeRef {
  if (option.value?.kind !== 'type' && option.value?.kind !== 'string') throw new PgError('42601', 'subtype requires a parameter');
  const written: ast.TypeName =
    option.value.kind === 'type' ? option.value.type : { names: [option.value.value], typmods: [], arrayBounds: [], setOf: false, percentType: false };
  const { position: _position, ...name } = written;
  return context.binder(context.editor.snapshot).typeName(name);
}

function checkDifference(subtype: number, names: readonly string[]): number | undefined {
  const name = names.at(-1) ?? '';
  const found = functionsNamed(name).find((entry) => entry.args.length === 2 && entry.args.every((arg) => arg === subtype));
  const shown = `${names.join('.')}(${formatType(subtype)}, ${formatType(subtype)})`;
  if (found === undefined) throw new PgError('42883', `function ${shown} does not exist`);
  if (found.result !== Oid.float8) throw new PgError('42P17', `range subtype diff function ${shown} must return type double precision`);
  return found.oid;
}

/** makeMultirangeTypeName(): "range" becomes "multirange", or that is put behind the name. */
function multirangeName(name: string): string {
  const at = name.indexOf('range');
  const made = at < 0 ? `${name}_multirange` : `${name.slice(0, at)}multi${name.slice(at)}`;
  return Buffer.from(made).subarray(0, 63).toString();
}

export function planCreateRange(statement: ast.CreateRangeType, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const name = toQualifiedName(statement.name);
  const schema = creationSchema(context, name);
  refuseTakenName(context, schema, name.name);
  const options = new Map<string, ast.Option>();
  for (const option of statement.options) {
    if (!knownOptions.has(option.name)) throw new PgError('42601', `type attribute "${option.name}" not recognized`);
    if (options.has(option.name)) throw new PgError('42601', 'conflicting or redundant options', { position: option.position });
    if (option.name === 'canonical')
      throw new PgError('42P17', 'cannot specify a canonical function without a pre-created shell type', {
        hint: 'Create the type as a shell type, then create its canonicalization function, then do a full CREATE TYPE.',
      });
    options.set(option.name, option);
  }
  const subtypeOption = options.get('subtype');
  if (subtypeOption === undefined) throw new PgError('42601', 'type attribute "subtype" is required');
  const reference = subtypeOf(context, subtypeOption);
  const subtypeOid = reference.domain ?? reference.oid;
  const subtype = requireType(reference.oid);
  if (subtype.kind === 'p') throw new PgError('42804', `range subtype cannot be ${formatType(subtypeOid)}`);
  if (reference.domain !== undefined) throw notSupported('a range type over a domain');
  const opclass = options.get('subtype_opclass');
  if (opclass !== undefined && namesOf(opclass).at(-1)?.endsWith('_pattern_ops') === true) throw notSupported('a range type with a pattern operator class');
  if (findOperator('<', reference.oid, reference.oid) === undefined)
    throw new PgError('42704', `data type ${formatType(subtypeOid)} has no default operator class for access method "btree"`, {
      hint: 'You must specify an operator class for the range type or define a default operator class for the subtype.',
    });
  const collation = options.get('collation');
  let rangeCollation = subtype.collationOid;
  if (collation !== undefined) {
    if (subtype.collationOid === 0) throw new PgError('42809', 'range collation specified but subtype does not support collation');
    rangeCollation = requireCollation(editor.snapshot, context.searchPath, namesOf(collation));
  }
  const difference = options.get('subtype_diff');
  const differenceOid = difference === undefined ? undefined : checkDifference(reference.oid, namesOf(difference));
  const [oid, arrayOid, multirangeOid, multirangeArrayOid] = [editor.freshOid(), editor.freshOid(), editor.freshOid(), editor.freshOid()];
  const base = { owner: context.currentUser };
  const arrayName = freeArrayName(context, schema, name.name);
  editor.putType({
    ...base,
    kind: 'range',
    constructors: { schema, name: name.name },
    rangeCollation,
    oid,
    arrayOid,
    arrayName,
    schema,
    name: name.name,
    subtypeOid,
    multirangeOid,
    ...(differenceOid === undefined ? {} : { differenceOid }),
  });
  const nameOption = options.get('multirange_type_name');
  const written = nameOption === undefined ? undefined : namesOf(nameOption);
  const multiName = written?.at(-1) ?? multirangeName(name.name);
  const multiSchema = written === undefined || written.length < 2 ? schema : creationSchema(context, toQualifiedName(written));
  const taken = editor.snapshot.types.oidOf(multiSchema, multiName);
  if (taken !== undefined && editor.snapshot.types.named(taken)?.oid === taken)
    throw new PgError(
      '42710',
      `type "${multiName}" already exists`,
      written !== undefined
        ? {}
        : {
            detail: `Failed while creating a multirange type for type "${name.name}".`,
            hint: 'You can manually specify a multirange type name using the "multirange_type_name" attribute.',
          },
    );
  refuseTakenName(context, multiSchema, multiName);
  editor.putType({
    ...base,
    kind: 'multirange',
    constructors: { schema: multiSchema, name: multiName },
    oid: multirangeOid,
    arrayOid: multirangeArrayOid,
    arrayName: freeArrayName(context, multiSchema, multiName),
    schema: multiSchema,
    name: multiName,
    rangeOid: oid,
    subtypeOid,
  });
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}
