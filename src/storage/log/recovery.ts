/**
 * Recovery at start, before anything is served: opens the log and replays, file by file, every record above the file's lsn. SQLite is never ahead of the log,
 * and each file's lsn is written with its data, so every record reaches every file exactly once, whatever a crash has left of a commit over several files.
 */
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import { isDiskFull } from '../disk-errors.js';
import { isDamage, toPgError } from '../sqlite-errors.js';
import type { SqlValue } from '../../types/value.js';
import { createShardFiles, type DroppedFiles, dropFiles, isDropped } from '../files/bootstrap.js';
import { type CatalogChange, loadCatalog, storeCatalogChange } from '../files/catalog-store.js';
import { type Connection, internalContext } from '../files/connection.js';
import { insertNumberedRowsSql, insertRowsSql } from '../files/row-table.js';
import { type DatabaseLayout, globalSchema, quoteName } from '../files/layout.js';
import { FileBounds, requireGlobalAndLog } from '../integrity/bounds.js';
import type { TaskContext } from '../ports.js';
import type { LogEntry } from './batch.js';
import { readLsn, writeLsn } from './file-lsn.js';
import { NodeLog, type NodeLogOptions } from './node-log.js';
import { type ImageTarget, imageDelete, imageInsert, type RecordVisitor, readRecord } from './records.js';

const recordsPerTransaction = 2000;

export interface Recovered {
  readonly log: NodeLog;
  /** Records that some file had to be brought up with. */
  readonly replayed: number;
  /** The files have every record up to here. */
  readonly appliedLsn: number;
}

/**
 * Opens the log and brings every file up to its end; or, of a database with replicas, up to what the log itself knows to be committed (a later batch says so, or a file has
 * it): whether the rest is, the replicas' primary will tell. `connection` has all files attached afterwards that the replay has touched.
 */
export function recover(
  layout: DatabaseLayout,
  connection: Connection,
  options: NodeLogOptions = {},
  extent: 'everything' | 'known to be committed' = 'everything',
): Recovered {
  const bounds = new FileBounds(layout);
  requireGlobalAndLog(layout);
  connection.attach(globalSchema);
  let firstLsn: number | undefined;
  const replay = new Replay(layout, connection, true, (schema, lsn) => bounds.file(schema, lsn, firstLsn));
  let committed = Infinity;
  if (extent !== 'everything') {
    for (const schema of layout.shardSchemasOnDisk()) connection.attach(schema);
    committed = Math.max(...[...connection.schemas].map((schema) => readLsn(connection, schema)));
  }
  let waiting: LogEntry[] = [];
  const log = NodeLog.open(layout.log, options, (entry, batch) => {
    firstLsn ??= entry.lsn;
    if (batch.commitIndex > committed) {
      committed = batch.commitIndex;
      for (const known of waiting) if (known.lsn <= committed) replay.entry(known);
      waiting = waiting.filter(({ lsn }) => lsn > committed);
    }
    if (entry.lsn <= committed) replay.entry(entry);
    else waiting.push(entry);
  });
  replay.finish();
  for (const schema of layout.shardSchemasOnDisk()) connection.attach(schema);
  for (const schema of connection.schemas) bounds.file(schema, readLsn(connection, schema), firstLsn);
  bounds.log(log.lastLsn);
  // (Files of a copy were taken one after another, and are ahead of a log that has yet to come.)
  if (extent === 'everything' || log.isBlank) for (const schema of connection.schemas) log.raiseLsn(readLsn(connection, schema) + 1);
  // (What the log does not have any more, or never had because it came with a copy, is in the files; an epoch's first batch leaves no trace in them.)
  return { log, replayed: replay.replayed, appliedLsn: Math.min(Math.max(committed, log.base.lsn), log.nextLsn - 1) };
}

/**
 * Brings the files up with records that are in the log but that SQLite could not commit. Outside of transactions. On failure everything that was brought up so far
 * carries its lsn, so it may be called again.
 */
export function catchUp(layout: DatabaseLayout, connection: Connection, entries: readonly LogEntry[]): void {
  const replay = new Replay(layout, connection, false);
  try {
    for (const entry of entries) replay.entry(entry);
    replay.finish();
  } catch (error) {
    replay.abandon();
    throw error;
  }
}

export class Replay implements RecordVisitor {
  replayed = 0;
  /** Whether a catalog was among what was replayed. */
  changedCatalog = false;
  private lsn = 0;
  private open = false;
  private inTransaction = 0;
  private touched = false;
  private readonly lsns = new Map<string, number>();
  /** Files that the open transaction has changed, with the last record that did: the same on every node, however many records a transaction takes together. */
  private readonly dirty = new Map<string, number>();
  /** Files that records want but that are not there: right only if their group is dropped later in the log. */
  private readonly missing = new Set<string>();
  private readonly drops: DroppedFiles[] = [];
  private types: CatalogSnapshot | undefined;
  private readonly realColumns = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly layout: DatabaseLayout,
    private readonly connection: Connection,
    /** Whether dropped files go at once. */
    private readonly removesFiles = true,
    /** Called with the lsn of each file before anything is replayed into it. */
    private readonly onFile: (schema: string, lsn: number) => void = () => undefined,
  ) {}

  entry(entry: LogEntry): void {
    this.lsn = entry.lsn;
    this.touched = false;
    if (this.types === undefined) this.loadTypes();
    try {
      readRecord(entry.bytes, this);
    } catch (error) {
      if (isDiskFull(error)) throw error;
      if (isDamage(error)) throw toPgError(error);
      throw new PgError('XX001', `recovery of log record ${String(entry.lsn)} failed: ${error instanceof Error ? error.message : String(error)}`, {
        severity: 'FATAL',
      });
    }
    if (this.touched) {
      this.replayed++;
      if (++this.inTransaction >= recordsPerTransaction) this.commit();
    }
    if (this.drops.length > 0) {
      this.commit();
      for (const dropped of this.drops.splice(0)) this.remove(dropped);
    }
  }

  /** What was replayed so far is in the files. Files may still be missing, of groups that are dropped later in the log. */
  settle(): void {
    this.commit();
  }

  finish(): void {
    this.commit();
    const [missing] = this.missing;
    if (missing !== undefined) throw new PgError('XX001', `the file of ${missing} is missing: ${this.layout.file(missing)}`, { severity: 'FATAL' });
  }

  rows(target: ImageTarget, rowid: number | bigint, bytes: Uint8Array): void {
    if (!this.applies(target.schema)) return;
    const table = `${quoteName(target.schema)}.${quoteName(target.table)}`;
    const real = this.real(target);
    const sql = insertRowsSql(
      table,
      target.columns.map(quoteName),
      target.columns.map((name) => real.has(name)),
    );
    this.connection.prepare(sql, false).run(BigInt(rowid), bytes);
  }

  numberedRows(target: ImageTarget, bytes: Uint8Array): void {
    if (!this.applies(target.schema)) return;
    const real = this.real(target);
    const sql = insertNumberedRowsSql(
      `${quoteName(target.schema)}.${quoteName(target.table)}`,
      target.columns.map(quoteName),
      target.columns.map((name) => real.has(name)),
    );
    this.connection.prepare(sql, false).run(bytes);
  }

  image(target: ImageTarget, operation: number, rowid: number | bigint, values: readonly SqlValue[]): void {
    if (!this.applies(target.schema)) return;
    const table = `${quoteName(target.schema)}.${quoteName(target.table)}`;
    const { connection } = this;
    let changes: number;
    if (operation === imageDelete) {
      changes = connection.prepare(`DELETE FROM ${table} WHERE _rowid = ?`, false).run(rowid).changes;
    } else {
      const columns = target.columns.map(quoteName);
      const row = this.typed(target, values);
      changes =
        operation === imageInsert
          ? connection
              .prepare(`INSERT INTO ${table}(_rowid${columns.map((name) => `, ${name}`).join('')}) VALUES (?${', ?'.repeat(columns.length)})`, false)
              .run(rowid, ...row).changes
          : connection.prepare(`UPDATE ${table} SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE _rowid = ?`, false).run(...row, rowid).changes;
    }
    if (changes !== 1) throw new Error(`row ${String(rowid)} of ${target.schema}.${target.table} is not as the log expects`);
  }

  sql(schema: string, sql: string, context: TaskContext): void {
    if (!this.applies(schema)) return;
    this.connection.holder.current = { ...context, cancelSlot: -1 };
    this.connection.db.exec(sql);
    this.connection.holder.current = internalContext;
    this.realColumns.clear();
  }

  createShards(group: string, first: number, count: number): void {
    if (!this.applies(globalSchema)) return;
    createShardFiles(this.layout, group, first, count);
  }

  dropShards(group: string, files: readonly number[]): void {
    if (this.removesFiles) this.drops.push({ group, files });
  }

  dropGroup(group: string): void {
    if (this.removesFiles) this.drops.push({ group });
  }

  /** Behind the record that drops the files, once everything before is committed. */
  private remove(dropped: DroppedFiles): void {
    for (const schema of [...this.connection.schemas]) {
      if (!isDropped(schema, dropped)) continue;
      this.connection.detach(schema);
      this.lsns.delete(schema);
    }
    for (const schema of [...this.missing]) if (isDropped(schema, dropped)) this.missing.delete(schema);
    dropFiles(this.layout, dropped);
  }

  sequence(oid: number, lastValue: bigint, isCalled: boolean): void {
    if (!this.applies(globalSchema)) return;
    this.connection.prepare('INSERT OR REPLACE INTO global._shoal_sequence VALUES (?, ?, ?)', false).run(oid, lastValue, isCalled ? 1 : 0);
  }

  dropSequence(oid: number): void {
    if (this.applies(globalSchema)) this.connection.prepare('DELETE FROM global._shoal_sequence WHERE oid = ?', false).run(oid);
  }

  catalog(change: CatalogChange): void {
    if (!this.applies(globalSchema)) return;
    storeCatalogChange(this.connection, change);
    this.changedCatalog = true;
    this.loadTypes();
  }

  epoch(): void {
    // Nothing changes.
  }

  /** Indexes over user-defined types compute their keys by the catalog, which a function cannot read while the connection runs a statement. */
  private loadTypes(): void {
    const { connection } = this;
    if (!this.removesFiles || !connection.isAttached(globalSchema)) return;
    const types = new CatalogSnapshot(loadCatalog(connection.db, this.layout.oid));
    this.types = types;
    connection.catalogOf = () => types;
    connection.holder.current = internalContext;
  }

  /** Whether the record is new to the file; then the file is attached and a transaction is open. */
  private applies(schema: string): boolean {
    let lsn = this.lsns.get(schema);
    if (lsn === undefined) {
      if (!this.layout.exists(schema)) {
        this.missing.add(schema);
        return false;
      }
      this.connection.attach(schema);
      lsn = readLsn(this.connection, schema);
      this.onFile(schema, lsn);
      this.lsns.set(schema, lsn);
    }
    if (this.lsn <= lsn) return false;
    if (!this.open) {
      this.connection.control('BEGIN');
      this.open = true;
    }
    this.touched = true;
    this.dirty.set(schema, this.lsn);
    return true;
  }

  /** Takes back what is not committed. */
  abandon(): void {
    if (this.connection.db.inTransaction) this.connection.control('ROLLBACK');
    this.open = false;
  }

  private commit(): void {
    if (!this.open) return;
    for (const [schema, lsn] of this.dirty) {
      writeLsn(this.connection, schema, lsn);
      this.lsns.set(schema, lsn);
    }
    this.connection.control('COMMIT');
    this.open = false;
    this.inTransaction = 0;
    this.dirty.clear();
  }

  /** The codec does not tell INTEGER 2 from REAL 2.0: integral numbers are bound as INTEGER unless the column is declared REAL. */
  private typed(target: ImageTarget, values: readonly SqlValue[]): readonly SqlValue[] {
    const real = this.real(target);
    return values.map((value, at) =>
      typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0) && !real.has(target.columns[at] as string) ? BigInt(value) : value,
    );
  }

  /** The table's columns of floats. */
  private real(target: ImageTarget): ReadonlySet<string> {
    const key = `${target.schema}.${target.table}`;
    let real = this.realColumns.get(key);
    if (real === undefined) {
      const rows = this.connection.db.pragma(`${quoteName(target.schema)}.table_info(${quoteName(target.table)})`) as readonly {
        readonly name: string;
        readonly type: string;
      }[];
      real = new Set(rows.filter((row) => row.type.startsWith('REAL')).map((row) => row.name));
      this.realColumns.set(key, real);
    }
    return real;
  }
}
