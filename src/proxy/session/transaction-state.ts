/**
 * Where a session stands in its transaction: block or not, failed or not, the lane's transaction once something was written, the catalog as changed by its own DDL.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { wallMicros } from '../../common/clock.js';
import { PgError } from '../../common/errors.js';
import type { LargeObjectDescriptor } from './large-objects.js';
import type { ServerTransaction } from './server-changes.js';
import type { IsolationLevel } from '../../storage/ports.js';
import type { TriggerCall } from './plpgsql/run-body.js';

export interface SavepointMark {
  readonly name: string;
  readonly catalog: CatalogSnapshot | undefined;
  /** Whether what all databases share had been changed. */
  readonly hasServer: boolean;
  readonly readOnly: boolean;
  /** The newest portal's number. */
  readonly portals: number;
  /** How many of `tableLocks`, and of `deferredTriggers`. */
  readonly tableLocks: number;
  readonly deferredTriggers: number;
}

export class TransactionState {
  /** none: between statements, outside a block. implicit: one statement, one simple query or one pipeline up to Sync. explicit: after BEGIN. */
  kind: 'none' | 'implicit' | 'explicit' = 'none';
  failed = false;
  /** The lane's number for it, once it has written or locked something. */
  lane: number | undefined;
  /** Its 64-bit id, once somebody has asked for it. */
  xid: number | undefined;
  /** Its catalog after its own DDL. */
  catalog: CatalogSnapshot | undefined;
  /** Once it has changed what all databases share. */
  server: ServerTransaction | undefined;
  isolation: IsolationLevel = 'read committed';
  readOnly = false;
  savepoints: SavepointMark[] = [];
  /** now(): microseconds since 2000-01-01 UTC. */
  startMicros = 0n;
  /** The running statement is known to be the last of its implicit transaction. */
  isLast = false;
  /** Its Query message has several statements, which are one transaction. */
  sharesMessage = false;
  /** LOCK TABLE: the mode as PostgreSQL names it. */
  tableLocks: { readonly oid: number; readonly mode: string }[] = [];
  /** OIDs of tables that it has emptied by TRUNCATE. */
  truncated: ReadonlySet<number> = new Set();
  /** Calls of constraint triggers that wait (routines/deferred-triggers). */
  deferredTriggers: TriggerCall[] = [];
  /** SET CONSTRAINTS: what triggers' constraints wait (true) or do not, by OID. */
  constraintTimings = new Map<number | 'all', boolean>();
  /** A statement of the extended protocol has run in it, and no Sync has come yet. */
  isPipelined = false;
  /** Large objects that are open, by descriptor. */
  readonly largeObjects = new Map<number, LargeObjectDescriptor>();
  /** A statement has run: SET TRANSACTION ISOLATION LEVEL is too late. */
  used = false;

  /** It ends with the running statement. */
  get isOfOneStatement(): boolean {
    return this.kind !== 'explicit' && !this.sharesMessage;
  }

  /** 25001 for a command that wants to be alone. */
  refuseInBlock(command: string): void {
    if (!this.isOfOneStatement) throw new PgError('25001', `${command} cannot run inside a transaction block`);
    if (this.isPipelined) throw new PgError('25001', `${command} cannot be executed within a pipeline`);
  }

  reset(): void {
    this.kind = 'none';
    this.failed = false;
    this.lane = undefined;
    this.xid = undefined;
    this.catalog = undefined;
    this.server = undefined;
    this.isolation = 'read committed';
    this.readOnly = false;
    this.savepoints = [];
    this.used = false;
    this.isLast = false;
    this.isPipelined = false;
    if (this.truncated.size > 0) this.truncated = new Set();
    if (this.tableLocks.length > 0) this.tableLocks = [];
    if (this.deferredTriggers.length > 0) this.deferredTriggers = [];
    if (this.largeObjects.size > 0) this.largeObjects.clear();
    if (this.constraintTimings.size > 0) this.constraintTimings = new Map();
  }
}

/** The clock, in microseconds since 2000-01-01 UTC. */
export function nowMicros(): bigint {
  return BigInt(wallMicros());
}
