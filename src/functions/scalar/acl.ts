/**
 * Privileges as functions see them: has_table_privilege() and its kin, pg_has_role(), aclitem values. Who holds what the catalog of the statement says.
 * Source: acl.c of PostgreSQL 15.
 */
import { notSupported, PgError } from '../../common/errors.js';
import { formatAclItem, parseAclItem, quotedRole } from '../../types/aclitem.js';
import { formatArray, vector } from '../array-value.js';
import type { CatalogLookup, EvaluationContext, Kernel, KernelValue, PrivilegeQuestion } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';

const implementations: Record<string, ScalarImplementation> = {};

function catalogOf(context: EvaluationContext): CatalogLookup {
  if (context.catalog === undefined) throw notSupported('privileges in this place');
  return context.catalog;
}

const plain = (value: KernelValue | undefined): string | number => (typeof value === 'number' ? value : String(value));

function asks(kind: PrivilegeQuestion['kind'], withRole: boolean, withColumn: boolean): Kernel {
  return (context, ...args) => {
    const rest = withRole ? args.slice(1) : args;
    return catalogOf(context).hasPrivilege({
      kind,
      role: withRole ? plain(args[0]) : context.currentUser,
      object: plain(rest[0]),
      ...(withColumn ? { column: plain(rest[1]) } : {}),
      privilege: String(rest[withColumn ? 2 : 1]),
    });
  };
}

const kinds: readonly PrivilegeQuestion['kind'][] = [
  'table',
  'sequence',
  'database',
  'function',
  'language',
  'schema',
  'tablespace',
  'foreign_data_wrapper',
  'server',
  'type',
  'any_column',
];
const ways: readonly (readonly [suffix: string, withRole: boolean])[] = [
  ['name_name', true],
  ['name_id', true],
  ['id_name', true],
  ['id_id', true],
  ['name', false],
  ['id', false],
];
for (const [suffix, withRole] of ways) {
  for (const kind of kinds) implementations[`has_${kind}_privilege_${suffix}`] = { kernel: asks(kind, withRole, false) };
  for (const last of ['name', 'attnum']) implementations[`has_column_privilege_${suffix}_${last}`] = { kernel: asks('column', withRole, true) };
  implementations[`pg_has_role_${suffix}`] = {
    kernel: (context, ...args) => {
      const rest = withRole ? args.slice(1) : args;
      return catalogOf(context).hasRole(withRole ? plain(args[0]) : context.currentUser, plain(rest[0]), String(rest[1]));
    },
  };
}
implementations['has_parameter_privilege_name_name'] = implementations['has_parameter_privilege_id_name'] = { kernel: asks('parameter', true, false) };
implementations['has_parameter_privilege_name'] = { kernel: asks('parameter', false, false) };

/** Default privileges by acldefault()'s letter of the object's kind: those of PUBLIC, those of the owner. Source: acldefault() of PostgreSQL 15's acl.c. */
const defaultPrivileges: ReadonlyMap<string, readonly [everyone: string, owner: string]> = new Map([
  ['c', ['', '']],
  ['r', ['', 'arwdDxt']],
  ['s', ['', 'rwU']],
  ['d', ['Tc', 'CTc']],
  ['f', ['X', 'X']],
  ['l', ['U', 'U']],
  ['L', ['', 'rw']],
  ['n', ['', 'UC']],
  ['p', ['', 'sA']],
  ['t', ['', 'C']],
  ['F', ['', 'U']],
  ['S', ['', 'U']],
  ['T', ['U', 'U']],
]);

function roleText(context: EvaluationContext, oid: KernelValue): string {
  return catalogOf(context).nameOf('role', oid as number) ?? String(oid);
}

const acldefault: Kernel = (context, kind, owner) => {
  const found = defaultPrivileges.get(kind as string);
  if (found === undefined) throw new PgError('XX000', `unrecognized object type abbreviation: ${kind as string}`);
  const name = quotedRole(roleText(context, owner));
  const items = [...(found[0] === '' ? [] : [`=${found[0]}/${name}`]), ...(found[1] === '' ? [] : [`${name}=${found[1]}/${name}`])];
  return formatArray(vector(items));
};

/** What the letters stand for. */
export const privilegeWords = [
  'INSERT',
  'SELECT',
  'UPDATE',
  'DELETE',
  'TRUNCATE',
  'REFERENCES',
  'TRIGGER',
  'EXECUTE',
  'USAGE',
  'CREATE',
  'TEMPORARY',
  'CONNECT',
  'SET',
  'ALTER SYSTEM',
] as const;

/** convert_priv_string(): one privilege. */
function maskOf(text: string): number {
  const word = text.toUpperCase();
  if (word === 'RULE') return 0;
  const bit = (privilegeWords as readonly string[]).indexOf(word === 'TEMP' ? 'TEMPORARY' : word);
  if (bit < 0) throw new PgError('22023', `unrecognized privilege type: "${text}"`);
  return 1 << bit;
}

const makeaclitem: Kernel = (context, grantee, grantor, text, grantable) => {
  const privileges = maskOf(text as string);
  return formatAclItem({
    grantee: grantee === 0 ? '' : roleText(context, grantee),
    grantor: roleText(context, grantor),
    privileges,
    options: grantable === true ? privileges : 0,
  });
};

const noLonger =
  (name: string): Kernel =>
  () => {
    throw new PgError('0A000', `${name} is no longer supported`);
  };

/** Text of both is canonical: equal items have equal text. */
const aclContains: Kernel = (_, array, item) => {
  const wanted = parseAclItem(item as string);
  return aclItems(array as string).some(
    (one) =>
      one.grantee === wanted.grantee &&
      one.grantor === wanted.grantor &&
      (one.privileges & wanted.privileges) === wanted.privileges &&
      (one.options & wanted.options) === wanted.options,
  );
};

/** The items of an aclitem[] as text. */
export function aclItems(array: string): readonly ReturnType<typeof parseAclItem>[] {
  const items: string[] = [];
  for (const match of array.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/g))
    items.push(match[1] === undefined ? (match[2] as string) : match[1].replace(/\\(.)/g, '$1'));
  return items.map(parseAclItem);
}

export const aclFunctions: ScalarImplementations = {
  ...implementations,
  acldefault_sql: { kernel: acldefault },
  makeaclitem: { kernel: makeaclitem },
  aclinsert: { kernel: noLonger('aclinsert') },
  aclremove: { kernel: noLonger('aclremove') },
  aclcontains: { kernel: aclContains },
  aclitem_eq: { kernel: (_, a, b) => a === b },
  row_security_active: { kernel: (context, table) => catalogOf(context).rowSecurityActive(table as number, context.currentUser) },
  row_security_active_name: { kernel: (context, table) => catalogOf(context).rowSecurityActive(table as string, context.currentUser) },
};
