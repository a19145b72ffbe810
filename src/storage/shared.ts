/**
 * The shared memory between the writer lane, the scan threads and the front ends: for each database the commit counter (a seqlock) and the readers' tickets, for the
 * process the cancel words.
 */
import { PgError } from '../common/errors.js';

/** The buffers, to be handed to threads. */
export interface SharedBuffers {
  /**
   * Int32 words: [0] commit counter, odd while SQLite COMMITs run; [1] readers that could not get a consistent cut and ask the lane to pause;
   * [2] version of the newest catalog that every front end has in its catalog port; [3] 1 while commits are acknowledged that snapshots do not show yet
   * (synchronous_commit = off): WriteService.flushed ends that; [4] how often the files were replaced by copies of another node's: connections from before read files that
   * are gone; [5] how often pages of WALs were moved to their files: a WAL begins anew only when nobody keeps a snapshot that was taken before. Int64 words from byte 24 on: until when, in nanoseconds of process.hrtime, what this node has may be shown (without replicas for ever); since when, on the same
   * clock, it may lack what is acknowledged elsewhere; the last record of the log that is in the files.
   */
  readonly control: SharedArrayBuffer;
  /** One Int32 a statement: 0 run, 1 user's cancel, 2 statement timeout. */
  readonly cancel: SharedArrayBuffer;
}

const commitCounter = 0;
const tickets = 1;
const catalogVersion = 2;
const deferredCommits = 3;
const filesReplaced = 4;
const walsMoved = 5;
const controlBytes = 48;
const validUntilOffset = 24;
const freshAtOffset = 32;
const lsnOffset = 40;
const forEver = 2n ** 63n - 1n;
const never = -(2n ** 63n);
const waitStepMs = 1;
const lanePauseMsMax = 5;
const triesBeforeTicket = 3;

/** The words of one database. */
export function createControlWords(): SharedArrayBuffer {
  const words = new SharedArrayBuffer(controlBytes);
  const validity = new ValidityWord(words);
  validity.validForMs = Infinity;
  validity.staleForMs = 0;
  return words;
}

export function createSharedBuffers(cancelSlots = 4096): SharedBuffers {
  return { control: createControlWords(), cancel: new SharedArrayBuffer(cancelSlots * 4) };
}

/** The lane's side of the seqlock. */
export class CommitPublisher {
  private readonly words: Int32Array;
  private readonly lsn: BigInt64Array;

  constructor(control: SharedArrayBuffer) {
    this.words = new Int32Array(control);
    this.lsn = new BigInt64Array(control, lsnOffset, 1);
  }

  /** The files have every record up to there: at the start, before anybody reads. */
  set shown(lsn: number) {
    Atomics.store(this.lsn, 0, BigInt(lsn));
  }

  get sequence(): number {
    return Atomics.load(this.words, commitCounter);
  }

  /** Pages of a WAL have been moved: kept snapshots are in the way of its beginning anew. */
  walMoved(): void {
    Atomics.add(this.words, walsMoved, 1);
  }

  set deferred(deferred: boolean) {
    Atomics.store(this.words, deferredCommits, deferred ? 1 : 0);
  }

  /** Runs the SQLite COMMITs, after which the files have every record up to `lsn`; readers that open a snapshot meanwhile do so again. */
  publish(lsn: number, commit: () => void): void {
    const { words } = this;
    const waiting = Atomics.load(words, tickets);
    if (waiting > 0) Atomics.wait(words, tickets, waiting, lanePauseMsMax);
    Atomics.add(words, commitCounter, 1);
    try {
      commit();
      this.shown = lsn;
    } finally {
      Atomics.add(words, commitCounter, 1);
      Atomics.notify(words, commitCounter);
    }
  }
}

/** How often the files were replaced. */
export class ReplacementWord {
  private readonly words: Int32Array;

  constructor(control: SharedArrayBuffer) {
    this.words = new Int32Array(control);
  }

  get value(): number {
    return Atomics.load(this.words, filesReplaced);
  }

  raise(): void {
    Atomics.add(this.words, filesReplaced, 1);
  }
}

/**
 * Until when what this node has of the database may be shown: as the primary it is the newest until its read lease ends, as a follower it is new enough for a while.
 * Whoever reads looks at it once the snapshot is open: a process that was stopped in between must not answer.
 */
export class ValidityWord {
  private readonly word: BigInt64Array;
  private readonly freshAt: BigInt64Array;

  constructor(control: SharedArrayBuffer) {
    this.word = new BigInt64Array(control, validUntilOffset, 1);
    this.freshAt = new BigInt64Array(control, freshAtOffset, 1);
  }

  /** How old what this node has may be at this moment; Infinity: nobody knows. */
  set staleForMs(ms: number) {
    const now = process.hrtime.bigint();
    Atomics.store(this.freshAt, 0, ms === Infinity ? never : now - BigInt(Math.ceil(ms * 1e6)));
  }

  /** Whether everything that was acknowledged `ms` ago is here. Without replicas always. */
  isFreshWithin(ms: number): boolean {
    if (Atomics.load(this.word, 0) === forEver) return true;
    const at = Atomics.load(this.freshAt, 0);
    return at !== never && process.hrtime.bigint() - at <= BigInt(Math.floor(ms * 1e6));
  }

  set validForMs(ms: number) {
    Atomics.store(this.word, 0, ms === Infinity ? forEver : process.hrtime.bigint() + BigInt(Math.floor(Math.max(ms, -1) * 1e6)));
  }

  get isValid(): boolean {
    const until = Atomics.load(this.word, 0);
    return until === forEver || process.hrtime.bigint() < until;
  }
}

/** Whether a snapshot would lack what is acknowledged. */
export class DeferredCommitsWord {
  private readonly words: Int32Array;

  constructor(control: SharedArrayBuffer) {
    this.words = new Int32Array(control);
  }

  get value(): boolean {
    return Atomics.load(this.words, deferredCommits) !== 0;
  }
}

/** The version of the newest published catalog: set by the lane's thread once the catalog is in every front end's port, before the reply to who committed it. */
export class CatalogVersionWord {
  private readonly words: Int32Array;

  constructor(control: SharedArrayBuffer) {
    this.words = new Int32Array(control);
  }

  get value(): number {
    return Atomics.load(this.words, catalogVersion);
  }

  set value(version: number) {
    Atomics.store(this.words, catalogVersion, version);
  }
}

/** Where a snapshot stands: the commit counter (of this process), and the last record of the database's log (the same on every node). */
export interface Cut {
  readonly commitSequence: number;
  readonly lsn: number;
}

/** The readers' side: opens snapshots that no commit has cut through. */
export class CommitObserver {
  private readonly words: Int32Array;
  private readonly lsn: BigInt64Array;

  constructor(control: SharedArrayBuffer) {
    this.words = new Int32Array(control);
    this.lsn = new BigInt64Array(control, lsnOffset, 1);
  }

  /** The commit counter: odd while a commit is under way. */
  get sequence(): number {
    return Atomics.load(this.words, commitCounter);
  }

  get walsMoved(): number {
    return Atomics.load(this.words, walsMoved);
  }

  /** Calls `open` until no commit fell into it, undoing each failed try with `undo`; answers the commit sequence of the cut and the last record that it shows. */
  consistently(open: () => void, undo: () => void): Cut {
    const { words } = this;
    let ticket = false;
    try {
      for (let tries = 0; ; tries++) {
        if (tries === triesBeforeTicket) {
          Atomics.add(words, tickets, 1);
          ticket = true;
        }
        const before = Atomics.load(words, commitCounter);
        if ((before & 1) !== 0) {
          Atomics.wait(words, commitCounter, before, waitStepMs);
          continue;
        }
        open();
        const lsn = Number(Atomics.load(this.lsn, 0));
        if (Atomics.load(words, commitCounter) === before) return { commitSequence: before, lsn };
        undo();
      }
    } finally {
      if (ticket) {
        Atomics.sub(words, tickets, 1);
        Atomics.notify(words, tickets);
      }
    }
  }
}

/** The statement's cancel words; slots outside the array never cancel. */
export class CancelWords {
  private readonly words: Int32Array;

  constructor(cancel: SharedArrayBuffer) {
    this.words = new Int32Array(cancel);
  }

  /** Throws 57014 when the statement of `slot` shall stop. */
  check(slot: number): void {
    const error = this.error(slot);
    if (error !== undefined) throw error;
  }

  error(slot: number): PgError | undefined {
    if (slot < 0 || slot >= this.words.length) return undefined;
    const word = Atomics.load(this.words, slot);
    if (word === 0) return undefined;
    return new PgError('57014', word === 2 ? 'canceling statement due to statement timeout' : 'canceling statement due to user request');
  }
}
