/**
 * nextval, currval, setval and lastval as SQLite functions of the writer connection, so that defaults and queries that call them run on the lane.
 * Values last given are kept per session (backend PID).
 */
import type { Database } from 'better-sqlite3';
import { privilegeBits } from '../../catalog/acl.js';
import { privilegesOn, securableRelation } from '../../catalog/privileges.js';
import type { Sequence } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { functionsNamed, sqliteFunctionName } from '../../functions/registry.js';
import type { ContextHolder } from '../files/connection.js';
import type { LaneCatalog } from './lane-catalog.js';
import { Sequences } from './sequences.js';

interface SessionValues {
  readonly values: Map<number, bigint>;
  last: number | undefined;
}

const sessionsMax = 20_000;

export class SequenceFunctions {
  private readonly sessions = new Map<number, SessionValues>();

  /** catalog: of the statement that runs. */
  constructor(
    private readonly sequences: Sequences,
    private readonly holder: ContextHolder,
    private readonly catalog: () => LaneCatalog,
  ) {}

  register(db: Database): void {
    const define = (name: string, compute: (...args: bigint[]) => bigint | null): void => {
      for (const entry of functionsNamed(name)) {
        const call = (...args: unknown[]): unknown => (args.includes(null) ? null : compute(...(args as bigint[])));
        // The library takes the number of arguments from the function; it must be that of the registration which this one replaces.
        const shapes = [() => call(), (a: unknown) => call(a), (a: unknown, b: unknown) => call(a, b), (a: unknown, b: unknown, c: unknown) => call(a, b, c)];
        const { length } = (entry as { readonly args: readonly number[] }).args;
        db.function(sqliteFunctionName(entry), { safeIntegers: true, deterministic: false }, shapes[length] as (...args: unknown[]) => unknown);
      }
    };
    define('nextval', (oid) => this.nextval(Number(oid)));
    define('currval', (oid) => this.currval(Number(oid)));
    define('setval', (oid, value, isCalled) => this.setval(Number(oid), value, isCalled !== 0n));
    define('lastval', () => this.lastval());
    define('shoal_sequence_state', (oid, part) => this.stateOf(Number(oid), Number(part)));
    define('pg_sequence_last_value', (oid) => this.lastValue(Number(oid)));
  }

  private nextval(oid: number): bigint {
    const sequence = this.catalog().sequence(oid);
    this.requirePrivilege(sequence, privilegeBits.usage | privilegeBits.update);
    const value = this.sequences.next(sequence, 1);
    const session = this.session();
    session.values.set(oid, value);
    session.last = oid;
    return value;
  }

  /** 42501 unless the role of the statement has one of the privileges; sequences of identity columns are not asked for. */
  private requirePrivilege(sequence: Sequence, privileges: number): void {
    if (!this.hasPrivilege(sequence, privileges)) throw new PgError('42501', `permission denied for sequence ${sequence.name}`);
  }

  private hasPrivilege(sequence: Sequence, privileges: number): boolean {
    const { snapshot } = this.catalog();
    const role = snapshot.role(this.holder.current.currentUser);
    if (role?.superuser === true || role?.name === sequence.owner) return true;
    const { ownedBy } = sequence;
    const table = ownedBy === undefined ? undefined : snapshot.relationByOid(ownedBy.tableOid);
    if (table?.kind === 'table' && table.columns.some((column) => column.sequenceOid === sequence.oid && column.identity !== undefined)) return true;
    const one = securableRelation(snapshot, sequence.oid);
    return role !== undefined && one !== undefined && privilegesOn(snapshot, role.oid, one, privileges) !== 0;
  }

  /** What a sequence read as a table shows: 0 last_value, 1 log_cnt, 2 is_called. */
  private stateOf(oid: number, part: number): bigint {
    const { lastValue, isCalled, ahead } = this.sequences.state(this.catalog().sequence(oid));
    return part === 0 ? lastValue : part === 1 ? ahead : isCalled ? 1n : 0n;
  }

  /** NULL until nextval() has been called, and for those who may not see it: pg_sequences shows all sequences to all. */
  private lastValue(oid: number): bigint | null {
    const sequence = this.catalog().sequence(oid);
    if (!this.hasPrivilege(sequence, privilegeBits.usage | privilegeBits.select)) return null;
    const { lastValue, isCalled } = this.sequences.state(sequence);
    return isCalled ? lastValue : null;
  }

  private currval(oid: number): bigint {
    this.requirePrivilege(this.catalog().sequence(oid), privilegeBits.usage | privilegeBits.select);
    const value = this.session().values.get(oid);
    if (value === undefined) throw new PgError('55000', `currval of sequence "${this.catalog().sequence(oid).name}" is not yet defined in this session`);
    return value;
  }

  private setval(oid: number, value: bigint, isCalled: boolean): bigint {
    this.requirePrivilege(this.catalog().sequence(oid), privilegeBits.update);
    Sequences.checkRange(this.catalog().sequence(oid), value);
    this.sequences.set(oid, value, isCalled);
    if (isCalled) this.session().values.set(oid, value);
    return value;
  }

  private lastval(): bigint {
    const { last, values } = this.session();
    const value = last === undefined ? undefined : values.get(last);
    if (value === undefined || last === undefined) throw new PgError('55000', 'lastval is not yet defined in this session');
    this.requirePrivilege(this.catalog().sequence(last), privilegeBits.usage | privilegeBits.select);
    return value;
  }

  /** DISCARD SEQUENCES: what the session has been given is forgotten. */
  forget(session: number): void {
    this.sessions.delete(session);
  }

  private session(): SessionValues {
    const pid = this.holder.current.backendPid;
    let session = this.sessions.get(pid);
    if (session === undefined) {
      session = { values: new Map(), last: undefined };
      this.sessions.set(pid, session);
      if (this.sessions.size > sessionsMax)
        for (const oldest of this.sessions.keys()) {
          this.sessions.delete(oldest);
          break;
        }
    }
    return session;
  }
}
