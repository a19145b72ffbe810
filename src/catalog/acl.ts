/**
 * Access privileges as catalog objects, and the arithmetic of GRANT and REVOKE on them. One record an object that has other than its default privileges: so system
 * objects can have some too, and what privileges are is no business of the objects themselves.
 * Source: acl.h and acl.c of PostgreSQL 15 (aclupdate, recursive_revoke, select_best_grantor, acldefault).
 */

/** Kinds of objects that have privileges; columns are parts of relations. */
export type AclObject = 'relation' | 'function' | 'type' | 'schema' | 'database' | 'language' | 'parameter';

/** What a kind's default privileges follow from: relations are tables or sequences. */
export type AclKind = 'table' | 'column' | 'sequence' | 'function' | 'type' | 'schema' | 'database' | 'language' | 'parameter';

export interface AclItem {
  /** OID of a role; 0: PUBLIC. */
  readonly grantee: number;
  readonly grantor: number;
  /** Bits of `privilegeBits`. */
  readonly privileges: number;
  /** Those of them that are held WITH GRANT OPTION. */
  readonly options: number;
}

export interface ObjectAcl {
  readonly kind: AclObject;
  readonly oid: number;
  /** Absent: the default. */
  readonly acl?: readonly AclItem[];
  readonly columns?: readonly { readonly attribute: number; readonly acl: readonly AclItem[] }[];
}

/** ALTER DEFAULT PRIVILEGES: a row of pg_default_acl. */
export interface DefaultAcl {
  readonly oid: number;
  readonly role: number;
  /** 0: in all schemas. */
  readonly schema: number;
  readonly kind: 'table' | 'sequence' | 'function' | 'type' | 'schema';
  readonly acl: readonly AclItem[];
}

/** In the order in which aclitem shows their letters. */
const letters = 'arwdDxtXUCTcsA';
export type PrivilegeName =
  | 'insert'
  | 'select'
  | 'update'
  | 'delete'
  | 'truncate'
  | 'references'
  | 'trigger'
  | 'execute'
  | 'usage'
  | 'create'
  | 'temporary'
  | 'connect'
  | 'set'
  | 'alter system';
export const privilegeNames: readonly PrivilegeName[] = [
  'insert',
  'select',
  'update',
  'delete',
  'truncate',
  'references',
  'trigger',
  'execute',
  'usage',
  'create',
  'temporary',
  'connect',
  'set',
  'alter system',
];
export const privilegeBits: Readonly<Record<PrivilegeName, number>> = Object.fromEntries(privilegeNames.map((name, i) => [name, 1 << i])) as Record<
  PrivilegeName,
  number
>;

const bits = (...names: readonly PrivilegeName[]): number => names.reduce((all, name) => all | privilegeBits[name], 0);

/** Every privilege that a kind of objects can have. */
export const allPrivileges: Readonly<Record<AclKind, number>> = {
  table: bits('insert', 'select', 'update', 'delete', 'truncate', 'references', 'trigger'),
  column: bits('insert', 'select', 'update', 'references'),
  sequence: bits('select', 'update', 'usage'),
  function: bits('execute'),
  type: bits('usage'),
  schema: bits('usage', 'create'),
  database: bits('create', 'temporary', 'connect'),
  language: bits('usage'),
  parameter: bits('set', 'alter system'),
};

const publicPrivileges: Readonly<Record<AclKind, number>> = {
  table: 0,
  column: 0,
  sequence: 0,
  function: bits('execute'),
  type: bits('usage'),
  schema: 0,
  database: bits('temporary', 'connect'),
  language: bits('usage'),
  parameter: 0,
};

/** acldefault(): what an object without an ACL of its own allows. */
export function defaultAcl(kind: AclKind, owner: number): readonly AclItem[] {
  const items: AclItem[] = [];
  if (publicPrivileges[kind] !== 0) items.push({ grantee: 0, grantor: owner, privileges: publicPrivileges[kind], options: 0 });
  // (The options of an owner go without saying.)
  if (kind !== 'column' && kind !== 'parameter') items.push({ grantee: owner, grantor: owner, privileges: allPrivileges[kind], options: 0 });
  return items;
}

/** The letters of an item: `r*w`. */
export function privilegeLetters({ privileges, options }: Pick<AclItem, 'privileges' | 'options'>): string {
  let text = '';
  for (let i = 0; i < letters.length; i++) {
    if ((privileges & (1 << i)) !== 0) text += letters[i] as string;
    if ((options & (1 << i)) !== 0) text += '*';
  }
  return text;
}

/** The bit of a letter; 0 for none. */
export function privilegeOfLetter(letter: string): number {
  const at = letters.indexOf(letter);
  return at < 0 ? 0 : 1 << at;
}
