/**
 * A connection with an empty temporary main database and the database's files attached on demand; every pragma explicit.
 * The same class serves readers (storage/read), the writer lane (storage/write) and recovery (storage/log).
 */
import Database from 'better-sqlite3';
import { SnapshotLookup } from '../../catalog/catalog-lookup.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { assert, PgError } from '../../common/errors.js';
import type { CatalogLookup } from '../../functions/function.js';
import { type TypeSource, useTypes } from '../../types/user-types.js';
import type { SqlValue } from '../../types/value.js';
import type { TaskContext } from '../ports.js';
import type { CancelWords } from '../shared.js';
import { damageHint } from '../integrity/damage.js';
import { identityInFile, isGuarded, requirePageGuard } from '../integrity/page-guard.js';
import { toPgError } from '../sqlite-errors.js';
import { type DatabaseLayout, quoteName } from './layout.js';
import { loadRowTable } from './row-table.js';
import { prepareDomainChecks, setDomainContext } from './domain-checks.js';
import { isFileOf } from './manifest.js';
import { storedCatalog } from './stored-catalog.js';

/** The settings of a task and the catalog that functions ask. */
export interface RunContext extends TaskContext {
  readonly catalog?: CatalogLookup;
}

/** What registered functions read while a statement runs: set before each task. */
export interface ContextHolder {
  current: RunContext;
}

/** Adds the connection's catalog to each task's context. */
class TaskHolder implements ContextHolder {
  private context: RunContext = internalContext;

  constructor(
    private readonly lookup: CatalogLookup,
    private readonly onTask: () => void,
  ) {}

  get current(): RunContext {
    return this.context;
  }

  set current(context: RunContext) {
    this.context = context.catalog === this.lookup ? context : withCatalog(context, this.lookup);
    this.onTask();
  }
}

/** (Spelled out: spreading and adding takes a hundred times as long, and every statement needs one.) */
function withCatalog(context: TaskContext, catalog: CatalogLookup): RunContext {
  return {
    timeZone: context.timeZone,
    dateStyle: context.dateStyle,
    dateOrder: context.dateOrder,
    intervalStyle: context.intervalStyle,
    extraFloatDigits: context.extraFloatDigits,
    byteaOutput: context.byteaOutput,
    nowMicros: context.nowMicros,
    transactionMicros: context.transactionMicros,
    statementMicros: context.statementMicros,
    sessionUser: context.sessionUser,
    currentUser: context.currentUser,
    database: context.database,
    applicationName: context.applicationName,
    backendPid: context.backendPid,
    searchPath: context.searchPath,
    settings: context.settings,
    cancelSlot: context.cancelSlot,
    catalog,
  };
}

/** Registers PostgreSQL's functions on a connection: functions/sqlite-register, injected so that storage can be tested without it. */
export type RegisterFunctions = (db: Database.Database, holder: ContextHolder) => void;

export interface ConnectionOptions {
  readonly layout: DatabaseLayout;
  readonly register: RegisterFunctions;
  readonly cancel: CancelWords;
  readonly cacheKib?: number;
}

/** A prepared statement that answers arrays. */
export type RawStatement = Database.Statement<unknown[], SqlValue[]>;

/** The settings of tasks that no session started (recovery, checkpoints). */
export const internalContext: TaskContext = {
  timeZone: 'UTC',
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  nowMicros: 0n,
  transactionMicros: 0n,
  statementMicros: 0n,
  sessionUser: 'postgres',
  currentUser: 'postgres',
  database: 'postgres',
  applicationName: '',
  backendPid: 0,
  searchPath: ['pg_catalog', 'public'],
  settings: new Map(),
  cancelSlot: -1,
};

const statementCacheMax = 1000;
/** SQLITE_MAX_ATTACHED of the build. */
const attachedMax = 125;
const busyTimeoutMs = 5000;
const defaultCacheKib = 4096;
/** Of connections whose statements read or write a lot: what is not in the cache is read and verified again. SQLite takes the memory only as it reads. */
export const largeCacheKib = 32_768;
/** A connection with many files gives each less. */
const cacheKibOfAll = 32_768;
const cacheKibMin = 512;

export class Connection {
  readonly db: Database.Database;
  /** The catalog of the statement that runs: what the files hold, or what the owner says (the lane: with uncommitted DDL). */
  catalogOf: () => CatalogSnapshot = () => storedCatalog(this.options.layout);
  private catalog: CatalogSnapshot | undefined;
  readonly lookup: CatalogLookup = new SnapshotLookup(
    () => this.currentCatalog(),
    () => this.holder.current.searchPath,
    () => this.holder.current.currentUser,
  );
  readonly holder: ContextHolder = new TaskHolder(this.lookup, () => {
    this.catalog = undefined;
    useTypes(this.types, this.holder.current.searchPath);
    setDomainContext(this.holder);
  });
  /** The user types of that catalog, asked for only when a statement meets one. */
  private readonly types: TypeSource = {
    typeByOid: (oid) => this.currentCatalog().types.typeByOid(oid),
    displayName: (oid, searchPath) => this.currentCatalog().types.displayName(oid, searchPath),
  };
  private readonly attached = new Set<string>();
  private readonly refused = new Set<string>();
  private readonly numberStatements = new Map<string, RawStatement>();
  private readonly bigintStatements = new Map<string, RawStatement>();

  constructor(private readonly options: ConnectionOptions) {
    requirePageGuard();
    this.db = new Database('', { timeout: busyTimeoutMs });
    loadRowTable(this.db);
    this.db.pragma('temp_store = FILE');
    // What sorting and temporary tables hold in memory before they write to files.
    for (const own of ['main', 'temp']) this.db.pragma(`${own}.cache_size = -${String(options.cacheKib ?? defaultCacheKib)}`);
    this.db.pragma('foreign_keys = OFF');
    this.db.pragma('wal_autocheckpoint = 0');
    this.db.pragma('recursive_triggers = OFF');
    options.register(this.db, this.holder);
    prepareDomainChecks(options.register);
    this.db.function('shoal_tick', { deterministic: false }, () => {
      options.cancel.check(this.holder.current.cancelSlot);
      return 1;
    });
  }

  private currentCatalog(): CatalogSnapshot {
    return (this.catalog ??= this.catalogOf());
  }

  get schemas(): ReadonlySet<string> {
    return this.attached;
  }

  isAttached(schema: string): boolean {
    return this.attached.has(schema);
  }

  /** Attaches a file unless it is. WAL mode belongs to the file (made so at its creation); synchronous NORMAL is the build's default in WAL mode. */
  attach(schema: string): void {
    if (this.attached.has(schema)) return;
    const { db, options } = this;
    // SQLite would make a file that is not there.
    if (!options.layout.exists(schema)) throw new PgError('SH001', `the database file of ${schema} is gone`);
    const name = quoteName(schema);
    const path = options.layout.file(schema);
    // A file that was refused within a transaction is still attached.
    if (!this.refused.delete(schema)) db.exec(`ATTACH '${path.replaceAll("'", "''")}' AS ${name}`);
    try {
      this.requireOwn(schema, path);
    } catch (error) {
      if (db.inTransaction) this.refused.add(schema);
      else db.exec(`DETACH ${name}`);
      const shown = toPgError(error);
      throw shown instanceof PgError && shown.code === 'XX001' && !shown.message.includes(path)
        ? new PgError('XX001', `the file "${path}" is damaged: ${(error as Error).message}`, { hint: damageHint })
        : shown;
    }
    if (!db.inTransaction) db.pragma(`${name}.synchronous = NORMAL`);
    assert(db.pragma(`${name}.synchronous`, { simple: true }) === 1, `${schema} has synchronous = NORMAL`);
    // No memory map: in one, pages cannot be verified once and for all, and an I/O error ends the process.
    db.pragma(`${name}.mmap_size = 0`);
    const cacheKib = Math.max(cacheKibMin, Math.min(options.cacheKib ?? defaultCacheKib, Math.floor(cacheKibOfAll / (this.attached.size + 1))));
    db.pragma(`${name}.cache_size = -${String(cacheKib)}`);
    this.attached.add(schema);
  }

  /** XX001 unless the file has page checksums and is the one of this database and this schema. */
  private requireOwn(schema: string, path: string): void {
    const { db, options } = this;
    const name = quoteName(schema);
    const identity = db.pragma(`${name}.application_id`, { simple: true }) as number;
    if (!isGuarded(db, name)) {
      throw new PgError('XX001', `the file "${path}" is damaged: its first page is not that of a database file of Shoal`, { hint: damageHint });
    }
    if (identityInFile(db, name) !== identity || !isFileOf(options.layout, schema, identity)) {
      throw new PgError('XX001', `the file "${path}" is the file of another database or another shard`, {
        hint: 'Put the right file there, or bring the data back from a backup with `shoal restore`.',
      });
    }
  }

  /** Attaches all of these, giving up files that are not among them when SQLite's limit is reached. Outside of transactions. */
  attachAll(schemas: readonly string[]): void {
    const missing = schemas.filter((schema) => !this.attached.has(schema));
    if (missing.length === 0) return;
    let excess = this.attached.size + missing.length - attachedMax;
    if (excess > 0) {
      const wanted = new Set(schemas);
      for (const schema of [...this.attached]) {
        if (excess <= 0) break;
        if (wanted.has(schema)) continue;
        this.detach(schema);
        excess--;
      }
      if (excess > 0) throw new PgError('54000', `a statement cannot touch more than ${String(attachedMax)} database files`);
    }
    for (const schema of missing) this.attach(schema);
  }

  /** Outside of transactions only. */
  detach(schema: string): void {
    if (!this.attached.has(schema)) return;
    this.db.exec(`DETACH ${quoteName(schema)}`);
    this.attached.delete(schema);
  }

  /** A cached statement that answers raw rows; one that is in use by a cursor is prepared anew. */
  prepare(sql: string, safeIntegers: boolean): RawStatement {
    const statements = safeIntegers ? this.bigintStatements : this.numberStatements;
    const cached = statements.get(sql);
    if (cached !== undefined && !cached.busy) return cached;
    const statement = this.db.prepare<unknown[], SqlValue[]>(sql);
    if (statement.reader) statement.raw(true);
    statement.safeIntegers(safeIntegers);
    if (cached === undefined) {
      if (statements.size >= statementCacheMax) this.dropOldest(statements);
      statements.set(sql, statement);
    }
    return statement;
  }

  /** Half of the statements, in the order of their making: cheaper than keeping the order of use, and what is used comes back. */
  private dropOldest(statements: Map<string, RawStatement>): void {
    let count = statementCacheMax >> 1;
    for (const sql of statements.keys()) {
      if (count-- <= 0) break;
      statements.delete(sql);
    }
  }

  /** Runs one of the connection's own control statements (BEGIN, SAVEPOINT, COMMIT). */
  control(sql: string): void {
    this.prepare(sql, false).run();
  }

  close(): void {
    this.numberStatements.clear();
    this.bigintStatements.clear();
    this.db.close();
  }
}
