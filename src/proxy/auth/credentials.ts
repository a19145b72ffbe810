/**
 * What the wire asks about roles and databases before it lets a client in. Implemented over the catalog by cli/compose-front-end.ts.
 */
import type { MaybePromise } from '../session/session.js';

export interface RoleFacts {
  readonly superuser: boolean;
  /** rolcanlogin. */
  readonly canLogIn: boolean;
  /** rolpassword: a SCRAM verifier or an md5 one; undefined: none. */
  readonly password: string | undefined;
  /** rolvaliduntil in microseconds since 2000-01-01 UTC; undefined: for ever. */
  readonly validUntil: bigint | undefined;
  /** rolconnlimit; -1: none. */
  readonly connectionLimit: number;
}

export interface DatabaseFacts {
  /** datallowconn. */
  readonly allowsConnections: boolean;
  /** datconnlimit; -1: none. */
  readonly connectionLimit: number;
  /** Whether the role has CONNECT. */
  mayConnect(role: string): boolean;
}

export interface Credentials {
  /** undefined: no such role. */
  role(name: string): MaybePromise<RoleFacts | undefined>;
  /** Whether the role is `of` or a member of it, directly or not. */
  isMember(role: string, of: string): boolean;
  /** undefined: no such database. */
  database(name: string): MaybePromise<DatabaseFacts | undefined>;
}
