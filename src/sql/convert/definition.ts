/**
 * The pieces that many definition statements share: options, roles, sequence options, names of objects. Called by the other converters.
 */
import { PgError } from '../../common/errors.js';
import type { FunctionSignature, ObjectReference, ObjectType, Option, OptionValue, RoleName, RoleOption, SequenceOptions, TypeName } from '../ast.js';
import { namesOf, qualifiedNameOf, refuseParameter, stringOf, unexpected, type Context } from './context.js';
import { convertTypeName } from './expression.js';
import type { Raw } from './raw.js';
import type { DefElem, Node, ObjectType as RawObjectType, ObjectWithArgs, RangeVar, RoleSpec } from '@pgsql/types';

const none: readonly never[] = [];

export function convertOptions(nodes: readonly Node[] | undefined, context: Context): readonly Option[] {
  return nodes === undefined ? none : (nodes as readonly Raw[]).map((node) => convertOption(node.DefElem ?? {}, context));
}

function convertOption(element: DefElem, context: Context): Option {
  const { defaction } = element;
  return {
    namespace: element.defnamespace,
    name: element.defname ?? '',
    value: element.arg === undefined ? undefined : optionValue(element.arg, context),
    action: defaction === 'DEFELEM_SET' ? 'set' : defaction === 'DEFELEM_ADD' ? 'add' : defaction === 'DEFELEM_DROP' ? 'drop' : undefined,
    position: context.position(element.location),
  };
}

function optionValue(node: Raw, context: Context): OptionValue {
  refuseParameter(node, context);
  if (node.String !== undefined) return { kind: 'string', value: node.String.sval ?? '' };
  if (node.Integer !== undefined) return { kind: 'integer', value: node.Integer.ival ?? 0 };
  if (node.Float !== undefined) return { kind: 'numeric', text: node.Float.fval ?? '' };
  if (node.Boolean !== undefined) return { kind: 'boolean', value: node.Boolean.boolval ?? false };
  if (node.List !== undefined) return { kind: 'list', items: ((node.List.items ?? []) as readonly Raw[]).map((item) => optionValue(item, context)) };
  if (node.A_Star !== undefined) return { kind: 'star' };
  if (node.TypeName !== undefined) return { kind: 'type', type: convertTypeName(node.TypeName, context) };
  if (node.A_Const !== undefined) {
    const { sval, ival, fval, boolval } = node.A_Const;
    if (sval !== undefined) return { kind: 'string', value: sval.sval ?? '' };
    if (ival !== undefined) return { kind: 'integer', value: ival.ival ?? 0 };
    if (fval !== undefined) return { kind: 'numeric', text: fval.fval ?? '' };
    if (boolval !== undefined) return { kind: 'boolean', value: boolval.boolval ?? false };
  }
  throw unexpected(node, 'the value of an option');
}

/** Options of CREATE and ALTER ROLE, some of which are lists of roles. */
export function convertRoleOptions(nodes: readonly Node[] | undefined, context: Context): readonly RoleOption[] {
  if (nodes === undefined) return none;
  return (nodes as readonly Raw[]).map(({ DefElem: element = {} }) => {
    const items = (element.arg as Raw | undefined)?.List?.items as readonly Raw[] | undefined;
    if (items?.[0]?.RoleSpec === undefined) return convertOption(element, context);
    return { name: element.defname ?? '', roles: convertRoles(items as readonly Node[], context), position: context.position(element.location) };
  });
}

export function convertRole(role: RoleSpec | undefined, context: Context): RoleName {
  const position = context.position(role?.location);
  switch (role?.roletype) {
    case 'ROLESPEC_CURRENT_ROLE':
      return { kind: 'currentRole', name: 'current_role', position };
    case 'ROLESPEC_CURRENT_USER':
      return { kind: 'currentUser', name: 'current_user', position };
    case 'ROLESPEC_SESSION_USER':
      return { kind: 'sessionUser', name: 'session_user', position };
    case 'ROLESPEC_PUBLIC':
      return { kind: 'public', name: 'public', position };
    default:
      return { kind: 'name', name: role?.rolename ?? '', position };
  }
}

export function convertRoles(nodes: readonly Node[] | undefined, context: Context): readonly RoleName[] {
  return nodes === undefined ? none : (nodes as readonly Raw[]).map((node) => convertRole(node.RoleSpec, context));
}

/** A number of a sequence option; undefined for an absent argument. */
function bigintOf(node: Raw | undefined): bigint | undefined {
  if (node?.Integer !== undefined) return BigInt(node.Integer.ival ?? 0);
  const text = node?.Float?.fval;
  return text !== undefined && /^[-+]?\d+$/.test(text) ? BigInt(text) : undefined;
}

export function convertSequenceOptions(nodes: readonly Node[] | undefined, context: Context): SequenceOptions {
  const options: { -readonly [K in keyof SequenceOptions]: SequenceOptions[K] } = {};
  const seen = new Set<string>();
  for (const { DefElem: element = {} } of (nodes ?? []) as readonly Raw[]) {
    const argument = element.arg as Raw | undefined;
    const option = element.defname ?? '';
    if (seen.has(option)) throw new PgError('42601', 'conflicting or redundant options').at(context.position(element.location));
    seen.add(option);
    switch (option) {
      case 'as':
        options.dataType = convertTypeName(argument?.TypeName ?? {}, context);
        break;
      case 'increment':
        options.increment = bigintOf(argument);
        break;
      case 'minvalue':
        options.minValue = bigintOf(argument) ?? null;
        break;
      case 'maxvalue':
        options.maxValue = bigintOf(argument) ?? null;
        break;
      case 'start':
        options.start = bigintOf(argument);
        break;
      case 'restart':
        options.restart = bigintOf(argument) ?? 'start';
        break;
      case 'cache':
        options.cache = bigintOf(argument);
        break;
      case 'cycle':
        options.cycle = argument?.Boolean?.boolval ?? false;
        break;
      case 'owned_by': {
        const names = namesOf(argument?.List?.items);
        options.ownedBy = names.length === 1 && names[0] === 'none' ? none : names;
        break;
      }
      case 'sequence_name':
        options.name = qualifiedNameOf(namesOf(argument?.List?.items), context.position(element.location));
        break;
      default:
        // 'generated' of ALTER COLUMN ... SET belongs to the column.
        break;
    }
  }
  return options;
}

const objectTypes = new Map<RawObjectType, ObjectType>([
  ['OBJECT_ACCESS_METHOD', 'accessMethod'],
  ['OBJECT_AGGREGATE', 'aggregate'],
  ['OBJECT_ATTRIBUTE', 'attribute'],
  ['OBJECT_CAST', 'cast'],
  ['OBJECT_COLUMN', 'column'],
  ['OBJECT_COLLATION', 'collation'],
  ['OBJECT_CONVERSION', 'conversion'],
  ['OBJECT_DATABASE', 'database'],
  ['OBJECT_DEFACL', 'defaultPrivileges'],
  ['OBJECT_DOMAIN', 'domain'],
  ['OBJECT_DOMCONSTRAINT', 'domainConstraint'],
  ['OBJECT_EVENT_TRIGGER', 'eventTrigger'],
  ['OBJECT_EXTENSION', 'extension'],
  ['OBJECT_FDW', 'foreignDataWrapper'],
  ['OBJECT_FOREIGN_SERVER', 'foreignServer'],
  ['OBJECT_FOREIGN_TABLE', 'foreignTable'],
  ['OBJECT_FUNCTION', 'function'],
  ['OBJECT_INDEX', 'index'],
  ['OBJECT_LANGUAGE', 'language'],
  ['OBJECT_LARGEOBJECT', 'largeObject'],
  ['OBJECT_MATVIEW', 'materializedView'],
  ['OBJECT_OPCLASS', 'operatorClass'],
  ['OBJECT_OPERATOR', 'operator'],
  ['OBJECT_OPFAMILY', 'operatorFamily'],
  ['OBJECT_PARAMETER_ACL', 'parameter'],
  ['OBJECT_POLICY', 'policy'],
  ['OBJECT_PROCEDURE', 'procedure'],
  ['OBJECT_PUBLICATION', 'publication'],
  ['OBJECT_ROLE', 'role'],
  ['OBJECT_ROUTINE', 'routine'],
  ['OBJECT_RULE', 'rule'],
  ['OBJECT_SCHEMA', 'schema'],
  ['OBJECT_SEQUENCE', 'sequence'],
  ['OBJECT_SUBSCRIPTION', 'subscription'],
  ['OBJECT_STATISTIC_EXT', 'statistics'],
  ['OBJECT_TABCONSTRAINT', 'tableConstraint'],
  ['OBJECT_TABLE', 'table'],
  ['OBJECT_TABLESPACE', 'tablespace'],
  ['OBJECT_TRANSFORM', 'transform'],
  ['OBJECT_TRIGGER', 'trigger'],
  ['OBJECT_TSCONFIGURATION', 'textSearchConfiguration'],
  ['OBJECT_TSDICTIONARY', 'textSearchDictionary'],
  ['OBJECT_TSPARSER', 'textSearchParser'],
  ['OBJECT_TSTEMPLATE', 'textSearchTemplate'],
  ['OBJECT_TYPE', 'type'],
  ['OBJECT_USER_MAPPING', 'userMapping'],
  ['OBJECT_VIEW', 'view'],
]);

export function convertObjectType(type: RawObjectType | undefined): ObjectType {
  const found = type === undefined ? undefined : objectTypes.get(type);
  if (found === undefined) throw unexpected({}, `an object of type ${String(type)}`);
  return found;
}

export function rangeNames(range: RangeVar | undefined): readonly string[] {
  const names: string[] = [];
  if (range?.catalogname !== undefined) names.push(range.catalogname);
  if (range?.schemaname !== undefined) names.push(range.schemaname);
  names.push(range?.relname ?? '');
  return names;
}

function signature(object: ObjectWithArgs, context: Context): FunctionSignature {
  const name = namesOf(object.objname);
  if (object.args_unspecified === true) return { name };
  return {
    name,
    arguments: ((object.objargs ?? []) as readonly Raw[]).map((argument) =>
      argument.TypeName === undefined ? undefined : convertTypeName(argument.TypeName, context),
    ),
  };
}

/** Whatever form a statement names its object in. */
export function convertObject(node: Raw | undefined, context: Context): ObjectReference {
  if (node === undefined) return { name: none };
  if (node.String !== undefined) return { name: [node.String.sval ?? ''] };
  if (node.RangeVar !== undefined) return { name: rangeNames(node.RangeVar) };
  if (node.Integer !== undefined) return { name: [String(node.Integer.ival ?? 0)] };
  if (node.Float !== undefined) return { name: [node.Float.fval ?? ''] };
  if (node.ObjectWithArgs !== undefined) return { name: namesOf(node.ObjectWithArgs.objname), signature: signature(node.ObjectWithArgs, context) };
  if (node.TypeName !== undefined) return { name: namesOf(node.TypeName.names), types: [convertTypeName(node.TypeName, context)] };
  if (node.List !== undefined) {
    const name: string[] = [];
    const types: TypeName[] = [];
    for (const item of (node.List.items ?? []) as readonly Raw[]) {
      if (item.TypeName === undefined) name.push(stringOf(item as Node));
      else {
        types.push(convertTypeName(item.TypeName, context));
        name.push(...namesOf(item.TypeName.names));
      }
    }
    return types.length === 0 ? { name } : { name, types };
  }
  throw unexpected(node, 'the name of an object');
}
