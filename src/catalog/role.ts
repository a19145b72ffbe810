/**
 * Roles as catalog objects: immutable, cloneable, stored and published like relations; and what a snapshot knows of them all (`Roles`): the predefined roles,
 * who is a member of what, whose privileges a role has. Read by the session (who may connect, SET ROLE), the binder (privileges) and pg_catalog's relations.
 */
import { predefinedRoles, databaseOwnerRole } from './predefined-roles.js';

/** That the role whose record it is in is a member of `role`. */
export interface Membership {
  readonly role: number;
  readonly grantor: number;
  /** WITH ADMIN OPTION. */
  readonly admin: boolean;
}

export interface Role {
  readonly oid: number;
  readonly name: string;
  readonly superuser: boolean;
  /** rolcanlogin. */
  readonly login: boolean;
  /** Absent: true. */
  readonly inherit?: boolean;
  readonly createRole?: boolean;
  readonly createDatabase?: boolean;
  readonly replication?: boolean;
  readonly bypassRowSecurity?: boolean;
  /** rolconnlimit; absent: -1, without limit. */
  readonly connectionLimit?: number;
  /** rolpassword: a SCRAM verifier, or md5... */
  readonly verifier?: string;
  /** rolvaliduntil: microseconds since 2000 as timestamptz has them, infinities as there. */
  readonly validUntil?: bigint;
  readonly memberOf?: readonly Membership[];
  readonly comment?: string;
}

/** A row of pg_db_role_setting: ALTER ROLE ... SET, ALTER ROLE ... IN DATABASE ... SET (also ALTER ROLE ALL), ALTER DATABASE ... SET. */
export interface RoleSettings {
  /** OID of the role; 0: all. */
  readonly role: number;
  /** OID of the database; 0: all. */
  readonly database: number;
  /** In the order in which they were first set. */
  readonly values: readonly { readonly name: string; readonly value: string }[];
}

/** The OID of the first superuser. */
export const bootstrapRoleOid = 10;

/** All roles of a snapshot. */
export class Roles {
  readonly #byName = new Map<string, Role>();
  readonly #byOid = new Map<number, Role>();
  readonly #inherited = new Map<number, ReadonlySet<number>>();
  readonly #member = new Map<number, ReadonlySet<number>>();

  constructor(
    roles: readonly Role[],
    /** Name of the role that owns the database: pg_database_owner's one member. */
    private readonly databaseOwner: string,
  ) {
    for (const role of [...predefinedRoles, ...roles]) {
      const old = this.#byOid.get(role.oid);
      if (old !== undefined) this.#byName.delete(old.name);
      this.#byName.set(role.name, role);
      this.#byOid.set(role.oid, role);
    }
  }

  all(): readonly Role[] {
    return [...this.#byOid.values()].sort((a, b) => a.oid - b.oid);
  }

  named(name: string): Role | undefined {
    return this.#byName.get(name);
  }

  byOid(oid: number): Role | undefined {
    return this.#byOid.get(oid);
  }

  /** The memberships of a role as they are granted, that of the database's owner in pg_database_owner included. */
  #granted(role: Role): readonly number[] {
    const granted = (role.memberOf ?? []).map((membership) => membership.role);
    return role.name === this.databaseOwner ? [...granted, databaseOwnerRole.oid] : granted;
  }

  #reach(oid: number, onlyInherited: boolean): ReadonlySet<number> {
    const known = onlyInherited ? this.#inherited : this.#member;
    let reached = known.get(oid);
    if (reached === undefined) {
      const all = new Set([oid]);
      for (const one of all) {
        const role = this.#byOid.get(one);
        if (role === undefined || (onlyInherited && role.inherit === false)) continue;
        for (const next of this.#granted(role)) all.add(next);
      }
      known.set(oid, (reached = all));
    }
    return reached;
  }

  /** The role and those whose privileges it has without SET ROLE. Superusers are not special here. */
  inheritedBy(oid: number): ReadonlySet<number> {
    return this.#reach(oid, true);
  }

  /** The role and those that it is a member of, directly or not. Superusers are not special here. */
  memberships(oid: number): ReadonlySet<number> {
    return this.#reach(oid, false);
  }

  isSuperuser(oid: number): boolean {
    return this.#byOid.get(oid)?.superuser === true;
  }

  /** has_privs_of_role() of PostgreSQL. */
  hasPrivilegesOf(member: number, role: number): boolean {
    return member === role || this.isSuperuser(member) || this.inheritedBy(member).has(role);
  }

  /** is_member_of_role() of PostgreSQL: may SET ROLE. */
  isMemberOf(member: number, role: number): boolean {
    return member === role || this.isSuperuser(member) || this.memberships(member).has(role);
  }

  /** is_admin_of_role() of PostgreSQL. */
  isAdminOf(member: number, role: number): boolean {
    if (this.isSuperuser(member)) return true;
    for (const one of this.memberships(member))
      if (this.#byOid.get(one)?.memberOf?.some((membership) => membership.role === role && membership.admin) === true) return true;
    return false;
  }
}
