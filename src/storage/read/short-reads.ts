/**
 * Statements that are short for certain, run where the socket is: at once, without a promise, on a connection of their own. Between statements the connection stays in its
 * read transaction, which shows what is committed for as long as the commit counter stands still; a look at a word of shared memory then takes the place of BEGIN, a read in
 * each file, the catalog's version and ROLLBACK, which cost more than a look-up.
 *
 * What is not simply so (a commit under way, another catalog, a lease that has ended) is left to the Reader. Used by the executor; one per database and front-end thread.
 */
import { Connection, type RegisterFunctions } from '../files/connection.js';
import { globalSchema, quoteName, type DatabaseLayout } from '../files/layout.js';
import { bindings } from '../files/parameters.js';
import type { CursorBatch, ShortRead, ShortReadService } from '../ports.js';
import { CancelWords, CommitObserver, DeferredCommitsWord, ReplacementWord, type SharedBuffers, ValidityWord } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { ByteWriter } from './byte-writer.js';
import { wireRowsOf } from './row-encoder.js';

export interface ShortReadsOptions {
  readonly layout: DatabaseLayout;
  readonly register: RegisterFunctions;
  readonly shared: SharedBuffers;
}

/** The read transaction that is kept. */
interface Kept {
  readonly sequence: number;
  readonly walsMoved: number;
  readonly catalogVersion: number;
  /** Files that have been read in it: SQLite shows a file as it is at the first read. */
  readonly touched: Set<string>;
}

/** A transaction that nothing has used for so long ends: it keeps WALs from starting anew. */
const idleMs = 20;
const triesMax = 3;

export class ShortReads implements ShortReadService {
  private readonly cancel: CancelWords;
  private readonly observer: CommitObserver;
  private readonly deferred: DeferredCommitsWord;
  private readonly validity: ValidityWord;
  private readonly replacements: ReplacementWord;
  private readonly writer = new ByteWriter();
  private connection: Connection | undefined;
  /** How often the database's files had been replaced when it was opened. */
  private replaced = 0;
  private kept: Kept | undefined;
  private isUsed = false;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: ShortReadsOptions) {
    const { shared } = options;
    this.cancel = new CancelWords(shared.cancel);
    this.observer = new CommitObserver(shared.control);
    this.deferred = new DeferredCommitsWord(shared.control);
    this.validity = new ValidityWord(shared.control);
    this.replacements = new ReplacementWord(shared.control);
  }

  read(request: ShortRead): CursorBatch | undefined {
    const { context, sql, output } = request;
    if (this.isClosed || this.deferred.value) return undefined;
    this.cancel.check(context.cancelSlot);
    const rows = wireRowsOf(output);
    try {
      const connection = this.showing(request.schemas, request.catalogVersion);
      // (A process that was stopped in between must not answer: so once the snapshot is there.)
      if (connection === undefined || !this.validity.isValid) return undefined;
      connection.holder.current = context;
      const found = connection.prepare(sql, rows.needsBigints).all(...bindings(sql, request.params));
      if (found.length === 0) return { done: true, rows: 0, bytes: undefined };
      const { current } = connection.holder;
      for (const row of found) rows.write(row, this.writer, current);
      return { done: true, rows: found.length, bytes: this.writer.take() };
    } catch (error) {
      this.writer.length = 0;
      this.letGo();
      throw toPgError(error);
    }
  }

  /** The connection, in a transaction that shows what is committed now in those files; undefined: somebody is committing, or the catalog is another. */
  private showing(schemas: readonly string[], catalogVersion: number): Connection | undefined {
    if (this.replacements.value !== this.replaced) this.giveUp();
    if (this.kept !== undefined && !this.isCurrent(this.kept)) this.letGo();
    const connection = this.connectionTo(schemas);
    for (let tries = 0; tries < triesMax; tries++) {
      const kept = this.kept ?? this.begin(connection);
      if (kept === undefined || kept.catalogVersion !== catalogVersion) return undefined;
      let isWhole = true;
      for (const schema of schemas) {
        if (kept.touched.has(schema)) continue;
        connection.prepare(`SELECT lsn FROM ${quoteName(schema)}._shoal`, false).get();
        kept.touched.add(schema);
        isWhole = false;
      }
      this.isUsed = true;
      // A file that was read just now may show a commit that the others do not.
      if (isWhole || this.observer.sequence === kept.sequence) return connection;
      this.letGo();
    }
    return undefined;
  }

  private isCurrent({ sequence, walsMoved }: Kept): boolean {
    return this.observer.sequence === sequence && this.observer.walsMoved === walsMoved;
  }

  private connectionTo(schemas: readonly string[]): Connection {
    let { connection } = this;
    if (connection === undefined) {
      const { layout, register } = this.options;
      this.replaced = this.replacements.value;
      connection = this.connection = new Connection({ layout, register, cancel: this.cancel });
      connection.attachAll([globalSchema]);
    }
    for (const schema of schemas) {
      if (connection.isAttached(schema)) continue;
      // (Files are attached, and given up for others, outside of transactions.)
      this.letGo();
      connection.attachAll([globalSchema, ...schemas.filter((other) => other !== globalSchema)]);
      break;
    }
    return connection;
  }

  private begin(connection: Connection): Kept | undefined {
    const { sequence, walsMoved } = this.observer;
    // Odd: SQLite COMMITs.
    if ((sequence & 1) !== 0) return undefined;
    connection.control('BEGIN');
    const version = connection.prepare('PRAGMA global.user_version', false).get()?.[0];
    this.kept = { sequence, walsMoved, catalogVersion: Number(version), touched: new Set([globalSchema]) };
    if (this.observer.sequence !== sequence) {
      this.letGo();
      return undefined;
    }
    this.timer ??= this.soonIdle();
    return this.kept;
  }

  private soonIdle(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.timer = undefined;
      if (this.kept === undefined) return;
      if (this.isUsed) this.timer = this.soonIdle();
      else this.letGo();
      this.isUsed = false;
    }, idleMs);
    return timer.unref();
  }

  private letGo(): void {
    this.kept = undefined;
    if (this.connection?.db.inTransaction === true) this.connection.control('ROLLBACK');
  }

  private giveUp(): void {
    this.letGo();
    this.connection?.close();
    this.connection = undefined;
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.giveUp();
  }
}
