/**
 * Access privileges as catalog objects, and the arithmetic of GRANT and REVOKE on them. One record an object that has other than its default privileges: so system
 * objects can have some too, and what privileges are is no business of the objects themselves.
 * Source: acl.h and acl.c of PostgreSQL 15 (aclupdate, recursive_revoke, select_best_grantor, acldefault).
 */

/** Kinds of objects that have privileges; columns are parts of relations. */
export type AclObject = 'relation' | 'function' | 'type' | 'schema' | 'database' | 'language' | 'parameter' | 'largeObject';

/** What a kind's default privileges follow from: relations are tables or sequences. */
export type AclKind = 'table' | 'column' | 'sequence' | 'function' | 'type' | 'schema' | 'database' | 'language' | 'parameter' | 'largeObject';

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
/** In the order of the letters that aclitem shows. */
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
  largeObject: bits('select', 'update'),
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
  largeObject: 0,
};

/** acldefault(): what an object without an ACL of its own allows. */
export function defaultAcl(kind: AclKind, owner: number): readonly AclItem[] {
  const items: AclItem[] = [];
  if (publicPrivileges[kind] !== 0) items.push({ grantee: 0, grantor: owner, privileges: publicPrivileges[kind], options: 0 });
  // (The options of an owner go without saying.)
  if (kind !== 'column' && kind !== 'parameter') items.push({ grantee: owner, grantor: owner, privileges: allPrivileges[kind], options: 0 });
  return items;
}

// --------------------------------------------------------------------------------------------------------------- GRANT and REVOKE

/** aclmask(): what of `wanted` (privileges, or with `options` grant options) a role holds by its own items, those of PUBLIC, and those of roles `hasPrivilegesOf`. */
export function heldPrivileges(acl: readonly AclItem[], owner: number, wanted: number, options: boolean, hasPrivilegesOf: (role: number) => boolean): number {
  if (options && hasPrivilegesOf(owner)) return wanted;
  let held = 0;
  for (const item of acl) {
    const has = (options ? item.options : item.privileges) & wanted & ~held;
    if (has !== 0 && (item.grantee === 0 ? !options : hasPrivilegesOf(item.grantee))) held |= has;
  }
  return held;
}

export class DependentPrivileges extends Error {}

function updated(acl: readonly AclItem[], grantee: number, grantor: number, change: (item: AclItem) => AclItem): readonly AclItem[] {
  const at = acl.findIndex((item) => item.grantee === grantee && item.grantor === grantor);
  const next = change(at < 0 ? { grantee, grantor, privileges: 0, options: 0 } : (acl[at] as AclItem));
  const isEmpty = next.privileges === 0 && next.options === 0;
  if (at < 0) return isEmpty ? acl : [...acl, next];
  return isEmpty ? acl.filter((_, i) => i !== at) : acl.map((item, i) => (i === at ? next : item));
}

/** aclupdate() of a GRANT. */
export function granted(acl: readonly AclItem[], grantee: number, grantor: number, privileges: number, withOption: boolean): readonly AclItem[] {
  return updated(acl, grantee, grantor, (item) => ({
    ...item,
    privileges: item.privileges | privileges,
    options: withOption ? item.options | privileges : item.options,
  }));
}

/** Whether granting with option closes a circle: the grantee gave the grantor what the grantor would give. Source: check_circularity(). */
export function closesCircle(acl: readonly AclItem[], grantee: number, grantor: number, privileges: number, owner: number): boolean {
  if (grantor === owner) return false;
  // Without what the grantee has given away, is there still somebody from whom the grantor has it?
  let rest = acl;
  for (let again = true; again; ) {
    again = false;
    for (const item of rest)
      if (item.grantee === grantee && (item.options & privileges) !== 0) {
        rest = revoked(rest, grantee, item.grantor, privileges, false, owner, true);
        again = true;
        break;
      }
  }
  return (heldPrivileges(rest, owner, privileges, true, (role) => role === grantor) & privileges) !== privileges;
}

/** aclupdate() of a REVOKE: also takes away what was granted on the ground of a lost grant option, or throws DependentPrivileges. */
export function revoked(
  acl: readonly AclItem[],
  grantee: number,
  grantor: number,
  privileges: number,
  optionOnly: boolean,
  owner: number,
  cascade: boolean,
): readonly AclItem[] {
  const before = acl.find((item) => item.grantee === grantee && item.grantor === grantor)?.options ?? 0;
  const next = updated(acl, grantee, grantor, (item) => ({
    ...item,
    privileges: optionOnly ? item.privileges : item.privileges & ~privileges,
    options: item.options & ~privileges,
  }));
  const lost = before & privileges;
  return lost === 0 || grantee === 0 || grantee === owner ? next : withoutDependents(next, grantee, lost, owner, cascade);
}

/** recursive_revoke(). */
function withoutDependents(given: readonly AclItem[], grantee: number, lost: number, owner: number, cascade: boolean): readonly AclItem[] {
  let acl = given;
  const gone = lost & ~heldPrivileges(acl, owner, lost, true, (role) => role === grantee);
  if (gone === 0 || grantee === owner) return acl;
  for (;;) {
    const dependent = acl.find((item) => item.grantor === grantee && (item.privileges & gone) !== 0);
    if (dependent === undefined) return acl;
    if (!cascade) throw new DependentPrivileges();
    acl = revoked(acl, dependent.grantee, grantee, gone, false, owner, true);
  }
}

/** The ACL with what another item gives on top. */
export function withItem(acl: readonly AclItem[], item: AclItem): readonly AclItem[] {
  return updated(acl, item.grantee, item.grantor, (old) => ({
    ...old,
    privileges: old.privileges | item.privileges,
    options: old.options | item.options,
  }));
}

/** aclnewowner(): the old owner's part is the new one's. */
export function withNewOwner(acl: readonly AclItem[], from: number, to: number): readonly AclItem[] {
  let result: readonly AclItem[] = [];
  const moved = (role: number): number => (role === from ? to : role);
  for (const item of acl) result = withItem(result, { ...item, grantee: moved(item.grantee), grantor: moved(item.grantor) });
  return result;
}

function count(mask: number): number {
  let n = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++;
  return n;
}

/** select_best_grantor(): as whom a role grants, and which of the privileges it may grant. `roles`: itself first, then those whose privileges it has. */
export function bestGrantor(
  acl: readonly AclItem[],
  owner: number,
  role: number,
  roles: Iterable<number>,
  isSuperuser: boolean,
  privileges: number,
): { readonly grantor: number; readonly options: number } {
  if (role === owner || isSuperuser) return { grantor: owner, options: privileges };
  let best = { grantor: role, options: 0 };
  for (const other of roles) {
    const held = other === owner ? privileges : heldPrivileges(acl, owner, privileges, true, (one) => one === other);
    if (held === privileges) return { grantor: other, options: held };
    if (count(held) > count(best.options)) best = { grantor: other, options: held };
  }
  return best;
}

/** Whether both give the same, in whatever order. */
export function sameAcl(a: readonly AclItem[], b: readonly AclItem[]): boolean {
  const key = (item: AclItem): string => [item.grantee, item.grantor, item.privileges, item.options].join();
  return a.map(key).sort().join(' ') === b.map(key).sort().join(' ');
}
