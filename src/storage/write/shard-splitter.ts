/**
 * Splits a shard into parts while everybody goes on reading and writing it. The catalog says that a shard is being split, and its parts hold what has been copied so far (write/split-parts);
 * so whoever is the writer goes on with it: the lane that was asked, the one of the next start, or the one of the next primary.
 *
 *   begin    one transaction: the parts' files, and the catalog that names them
 *   copy     a transaction for each portion, with a rest behind it
 *   switch   locks on the group's tables, the last rows, and the catalog that has the parts in the shard's place, in one transaction. Transactions that hold the tables are waited for
 *            for a moment only, during which no other one gets at them; then it is tried again later
 *   undo     one transaction: the files go, and the catalog is as it was. On cancellation, and on errors (a full disk)
 *
 * Used by write/writer-lane, one for each lane.
 */
import { afterSplit, fileOf, shardsOf, shardsPerDatabaseMax, withoutSplit, withSplit } from '../../catalog/shard-group.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import type { ShardGroup } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { internalContext } from '../files/connection.js';
import type { DdlStep, TaskContext, WriteService } from '../ports.js';
import { serverLog } from '../server-log.js';
import type { LaneCatalog } from './lane-catalog.js';
import { catalogLockKey, type LockMode, tableLockKey } from './lock-table.js';
import type { Stage } from './stage.js';
import { type SplitParts, type SplittingGroup, splittingGroup, tablesOfGroup } from './split-parts.js';
import type { LaneTransaction } from './transaction.js';

/** What the splitter needs of the lane. */
export interface SplittingLane {
  readonly stage: Stage;
  readonly parts: SplitParts;
  /** The latest that a transaction has put into the group or committed. */
  readonly catalog: () => LaneCatalog;
  /** Throws when the lane does nothing any more. */
  readonly assertOpen: () => void;
  /** Why the statement with this cancel word shall end. */
  readonly stopped: (cancelSlot: number) => PgError | undefined;
  /** How many jobs have run so far. */
  readonly served: () => number;
  readonly autocommit: () => LaneTransaction;
  /** A transaction that ends sooner than any other when it is in a deadlock. */
  readonly begin: () => LaneTransaction;
  readonly submit: <T>(
    transaction: LaneTransaction,
    context: TaskContext,
    lockTimeoutMs: number,
    run: () => T,
    kind?: { readonly commits?: boolean; readonly alone?: boolean; readonly undoes?: boolean },
  ) => Promise<T>;
  /** Whoever has none of these locks yet waits from now on, until the transaction ends. */
  readonly claim: (transaction: LaneTransaction, keys: readonly string[]) => void;
  readonly lock: (transaction: LaneTransaction, key: string, mode: LockMode) => void;
  /** 53100 when the disk is full. */
  readonly requireSpace: () => void;
  /** Files of what was rolled back go, for their names are used again. Before anything is done on the stage. */
  readonly removeDropped: () => void;
  /** Makes files beforehand that a step is about to create. */
  readonly prepareFiles: (files: { readonly group: string; readonly first: number; readonly count: number }) => Promise<void>;
  readonly applyStep: (transaction: LaneTransaction, step: DdlStep) => void;
  /** Puts the resident into the group; catalog: what it has made of it; tables: those that are others from then on. */
  readonly commit: (transaction: LaneTransaction, catalog?: CatalogData, tables?: readonly number[]) => void;
  readonly end: (transaction: LaneTransaction) => void;
}

type SplitRequest = Parameters<WriteService['splitShard']>[0];
type SplitResult = Awaited<ReturnType<WriteService['splitShard']>>;

interface Waiter {
  readonly cancelSlot: number;
  readonly resolve: (result: SplitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** For so long others may have to wait when a switch is tried. */
const switchMsMax = 400;
/** More are copied before: so many others would have to wait for. */
const switchPortionsMax = 4;
/** Between two tries, in which whoever has waited gets on. */
const retryMsMin = 200;
const retryMsMax = 10_000;
/** For so long a portion shall hold the lane; its size follows from how long the one before did. */
const portionMs = 4;
const portionBytesMin = 16 * 1024;
const portionBytesMax = 512 * 1024;
/** While others want the lane, a rest is so many times as long as the portion before it took, up to this. */
const restFactor = 2;
const restMsMax = 250;
/** How often a rest looks whether it is to end. */
const pollMs = 50;
const undoLockMsMax = 2000;

const inUse = (detail: string): PgError => new PgError('55006', 'another shard of the database is being split', { detail });
/** Too much was written while the switch waited. */
const notYet = new Error('the parts are not up to date');

export class ShardSplitter {
  private readonly waiters = new Set<Waiter>();
  private isRunning = false;
  private isCancelled = false;
  private ended: Error | undefined;
  private portionBytes = 32 * 1024;

  constructor(private readonly lane: SplittingLane) {}

  /** Answers once it is done, or (`waits` is false) begun. A split of that shard that is under way already is the same one. */
  async split(request: SplitRequest): Promise<SplitResult> {
    if (!this.isOfThat(request)) await this.begin(request);
    if (!request.waits) {
      this.resume();
      return { catalogVersion: this.lane.catalog().version };
    }
    return await new Promise<SplitResult>((resolve, reject) => {
      this.waiters.add({ cancelSlot: request.context.cancelSlot, resolve, reject });
      this.resume();
    });
  }

  /** Goes on with what was begun, perhaps by a former writer, if there is something. */
  resume(): void {
    if (this.isRunning || this.ended !== undefined || splittingGroup(this.lane.catalog().data) === undefined) return;
    this.isRunning = true;
    this.isCancelled = false;
    void this.run();
  }

  /** False: no shard of the group is being split. */
  cancel(group: number): boolean {
    if (splittingGroup(this.lane.catalog().data)?.id !== group) return false;
    this.isCancelled = true;
    return true;
  }

  /** Nobody waits any more with this cancel word, which may be somebody else's from now on. */
  forget(cancelSlot: number): void {
    for (const waiter of this.waiters) if (waiter.cancelSlot === cancelSlot) this.waiters.delete(waiter);
  }

  /** The lane does nothing any more; a split that is under way is gone on with by the next one. */
  stop(error: Error): void {
    this.ended = error;
    this.settle(({ reject }) => reject(error));
  }

  private isOfThat({ tableOid, from }: SplitRequest): boolean {
    const { data, snapshot } = this.lane.catalog();
    const group = splittingGroup(data);
    if (group === undefined) return false;
    const table = snapshot.relationByOid(tableOid);
    if (
      table?.kind === 'table' &&
      table.distribution.kind === 'distributed' &&
      table.distribution.group === group.id &&
      group.bounds[group.split.shard] === from
    )
      return true;
    throw inUse(`It is shard ${String(group.split.shard)} of colocation group "${group.name}".`);
  }

  private async begin(request: SplitRequest): Promise<void> {
    const { lane } = this;
    await this.inTransaction(async (transaction) => {
      const prepare = (): SplittingGroup | undefined => {
        lane.requireSpace();
        lane.removeDropped();
        lane.lock(transaction, catalogLockKey, 'update');
        // (Another one may have begun while the lock was waited for.)
        return this.isOfThat(request) ? undefined : newSplit(lane.catalog(), request);
      };
      const group = await lane.submit(transaction, request.context, request.lockTimeoutMs, prepare, { alone: true });
      if (group === undefined) return;
      const files = { group: group.name, first: Math.min(...group.split.files), count: group.split.files.length };
      // (To make them durable takes the disk some time, in which the lane has other things to do.)
      await lane.prepareFiles(files);
      const run = (): void => {
        lane.stage.statement(transaction, () => lane.applyStep(transaction, { kind: 'createShards', ...files }));
        lane.commit(transaction, withGroup(lane.catalog().data, group));
      };
      await lane.submit(transaction, request.context, request.lockTimeoutMs, run, { commits: true, alone: true });
    });
  }

  /** Never fails: whoever waits is told. */
  private async run(): Promise<void> {
    try {
      let retryMs = retryMsMin;
      for (;;) {
        this.checkStopped();
        const start = performance.now();
        const served = this.lane.served();
        if (await this.copy()) {
          const hasCompany = this.lane.served() > served + 1;
          await this.rest(hasCompany ? Math.min(restFactor * (performance.now() - start), restMsMax) : 0);
          continue;
        }
        const group = splittingGroup(this.lane.catalog().data);
        if (group === undefined) throw new PgError('55000', 'the tables of the shard that was being split have been dropped');
        const result = await this.switch(group);
        if (result !== undefined) {
          this.settle(({ resolve }) => resolve(result));
          break;
        }
        await this.rest(retryMs);
        retryMs = Math.min(retryMs * 2, retryMsMax);
      }
    } catch (error) {
      await this.giveUp(error);
    } finally {
      this.isRunning = false;
    }
  }

  /** Throws when the lane has ended, or when nobody of those who have asked wants it any more. */
  private checkStopped(): void {
    if (this.ended !== undefined) throw this.ended;
    this.lane.assertOpen();
    if (this.isCancelled) throw new PgError('57014', 'canceling the split of a shard due to user request');
    for (const waiter of [...this.waiters]) {
      const stop = this.lane.stopped(waiter.cancelSlot);
      if (stop === undefined) continue;
      if (this.waiters.size === 1) throw stop;
      this.waiters.delete(waiter);
      waiter.reject(stop);
    }
  }

  /** Copies the next portion. False: there is none. */
  private async copy(): Promise<boolean> {
    const { lane } = this;
    const transaction = lane.autocommit();
    return await lane.submit(transaction, internalContext, 0, () => {
      const catalog = lane.catalog();
      const group = splittingGroup(catalog.data);
      if (group === undefined) return false;
      const start = performance.now();
      lane.stage.own(transaction);
      const copied = lane.stage.statement(transaction, () => this.copyNext(transaction, catalog, group));
      lane.commit(transaction);
      const factor = Math.max(0.5, Math.min(portionMs / (performance.now() - start), 2));
      this.portionBytes = Math.max(portionBytesMin, Math.min(Math.round(this.portionBytes * factor), portionBytesMax));
      return copied;
    });
  }

  private copyNext(transaction: LaneTransaction, catalog: LaneCatalog, group: SplittingGroup): boolean {
    this.lane.requireSpace();
    const effects = this.lane.parts.next(catalog, group, this.portionBytes);
    for (const effect of effects) {
      this.lane.stage.apply(effect);
      transaction.add(effect);
    }
    return effects.length > 0;
  }

  /** Puts the parts in the shard's place; undefined: others have its tables, or have written too much meanwhile. */
  private async switch({ id }: SplittingGroup): Promise<SplitResult | undefined> {
    const { lane } = this;
    const deadlineMs = performance.now() + switchMsMax;
    const left = (): number => Math.max(1, deadlineMs - performance.now());
    try {
      return await this.inTransaction(async (transaction) => {
        await lane.submit(transaction, internalContext, left(), () => lane.lock(transaction, catalogLockKey, 'update'));
        const catalog = lane.catalog();
        const group = splittingGroup(catalog.data);
        if (group?.id !== id) throw notYet;
        const tables = tablesOfGroup(catalog, group).map(({ oid }) => oid);
        lane.claim(transaction, tables.map(tableLockKey));
        const run = (): SplitResult => {
          for (const oid of tables) lane.lock(transaction, tableLockKey(oid), 'update');
          lane.stage.statement(transaction, () => {
            for (let portions = 0; this.copyNext(transaction, catalog, group); portions++) if (portions >= switchPortionsMax) throw notYet;
            lane.applyStep(transaction, { kind: 'dropShards', group: group.name, files: [fileOf(group, group.split.shard)] });
          });
          lane.commit(transaction, withGroup(catalog.data, afterSplit(group)), tables);
          return { catalogVersion: lane.catalog().version };
        };
        return await lane.submit(transaction, internalContext, left(), run, { commits: true, alone: true });
      });
    } catch (error) {
      if (error === notYet || (error instanceof PgError && (error.code === '55P03' || error.code === '40P01'))) return undefined;
      throw error;
    }
  }

  /** Takes everything back, unless the lane has ended, and tells those who wait. */
  private async giveUp(error: unknown): Promise<void> {
    let isUndone = false;
    while (!isUndone && this.isOpen()) {
      isUndone = await this.undo();
      // (They need not wait for a lock that somebody else may have for long.)
      this.settle(({ reject }) => reject(error));
      if (!isUndone) await this.rest(retryMsMax, () => undefined);
    }
    if (isUndone) serverLog('LOG', `the split of a shard was given up: ${error instanceof Error ? error.message : String(error)}`);
    this.settle(({ reject }) => reject(error));
  }

  private async undo(): Promise<boolean> {
    const { lane } = this;
    try {
      await this.inTransaction(async (transaction) => {
        const run = (): void => {
          lane.lock(transaction, catalogLockKey, 'update');
          const { data } = lane.catalog();
          const group = splittingGroup(data);
          if (group === undefined) return;
          lane.stage.statement(transaction, () => lane.applyStep(transaction, { kind: 'dropShards', group: group.name, files: group.split.files }));
          lane.commit(transaction, withGroup(data, withoutSplit(group)));
        };
        await lane.submit(transaction, internalContext, undoLockMsMax, run, { commits: true, alone: true });
      });
      return true;
    } catch {
      return false;
    }
  }

  /** Whatever has not put the transaction into the group leaves nothing of it. */
  private async inTransaction<T>(work: (transaction: LaneTransaction) => Promise<T>): Promise<T> {
    const { lane } = this;
    lane.assertOpen();
    const transaction = lane.begin();
    try {
      return await work(transaction);
    } finally {
      if (transaction.closed === undefined && this.isOpen())
        await lane.submit(transaction, internalContext, 0, () => lane.end(transaction), { undoes: true, commits: false, alone: false });
    }
  }

  private isOpen(): boolean {
    try {
      this.lane.assertOpen();
      return this.ended === undefined;
    } catch {
      return false;
    }
  }

  private async rest(milliseconds: number, check = (): void => this.checkStopped()): Promise<void> {
    const end = performance.now() + milliseconds;
    for (let left = milliseconds; left > 0 && this.isOpen(); left = end - performance.now()) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, pollMs)));
      check();
    }
  }

  private settle(tell: (waiter: Waiter) => void): void {
    for (const waiter of [...this.waiters]) {
      this.waiters.delete(waiter);
      tell(waiter);
    }
  }
}

function newSplit({ data, snapshot }: LaneCatalog, { tableOid, from, parts }: SplitRequest): SplittingGroup {
  const table = snapshot.relationByOid(tableOid);
  if (table?.kind !== 'table' || table.distribution.kind !== 'distributed') throw new PgError('42P01', `relation with OID ${String(tableOid)} does not exist`);
  const group = snapshot.group(table.distribution.group);
  requireRoom(data, parts);
  return withSplit(group, group.bounds.indexOf(from), parts);
}

function withGroup(data: CatalogData, group: ShardGroup): CatalogData {
  return { ...data, version: data.version + 1, groups: data.groups.map((other) => (other.id === group.id ? group : other)) };
}

function requireRoom(data: CatalogData, parts: number): void {
  const total = shardsOf({ data }) + parts - 1;
  if (total <= shardsPerDatabaseMax) return;
  throw new PgError('54000', `a database can have at most ${String(shardsPerDatabaseMax)} shards`, {
    detail: `This split would bring it to ${String(total)}.`,
  });
}
