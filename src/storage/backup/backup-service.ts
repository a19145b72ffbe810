/**
 * Backups of the database of a running server, and its continuous archiving. Lives on the backup thread (backup-worker); also used by the command `shoal backup` over
 * a directory that no server has open.
 */
import { dirname, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PgError } from '../../common/errors.js';
import { normaliseLocation, openObjectStore } from '../../object-store/open-object-store.js';
import { readManifest } from '../files/manifest.js';
import { Archive, archiveTitle } from './archive.js';
import type { ArchivePlace } from './archive-place.js';
import type { BackupControl, BackupRequest, BackupState } from './backup-control.js';
import { type BackupSource, runBackup } from './backup-run.js';
import { LogArchiver } from './log-archiver.js';

interface Target {
  readonly location: string;
  readonly archive: Archive;
  readonly archiver: LogArchiver;
  /** Whether the archiver knows where to go on. */
  isResumed: boolean;
}

interface Run {
  readonly id: number;
  readonly lines: string[];
  cancelled: boolean;
  reachedLsn: number | undefined;
  failure: Error | undefined;
  wake: () => void;
}

const archiveEveryMs = 10_000;
const retryMsMax = 60_000;
const pollMs = 250;

export class BackupService implements BackupControl {
  private run: Run | undefined;
  private nextRun = 1;
  private target: Target | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private closed = false;
  /** Work on the archive, one at a time. */
  private busy: Promise<unknown> = Promise.resolve();
  private runFrom = Infinity;
  private archiveFrom = Infinity;

  constructor(
    private readonly source: BackupSource,
    private readonly database: string,
    /** A line for the server's log. */
    private readonly log: (line: string) => void,
    private readonly place: Pick<ArchivePlace, 'location' | 'keep'>,
    private readonly everyMs = archiveEveryMs,
  ) {}

  // ---- runs ----

  async start(request: BackupRequest): Promise<{ readonly run: number }> {
    if (this.run !== undefined && this.run.reachedLsn === undefined && this.run.failure === undefined) {
      throw new PgError('55006', 'a backup of this database is in progress');
    }
    const location = normaliseLocation(request.location);
    refuseInside(dirname(this.source.layout.directory), location);
    const run: Run = { id: this.nextRun++, lines: [], cancelled: false, reachedLsn: undefined, failure: undefined, wake: () => undefined };
    this.run = run;
    void this.alone(async () => await this.carryOut(run, { ...request, location })).then(
      (reachedLsn) => {
        run.reachedLsn = reachedLsn;
        run.wake();
      },
      (error: unknown) => {
        run.failure = error instanceof Error ? error : new Error(String(error));
        run.wake();
      },
    );
    return await Promise.resolve({ run: run.id });
  }

  async poll({ run: id }: { readonly run: number }): Promise<BackupState> {
    const { run } = this;
    if (run?.id !== id) throw new PgError('XX000', `backup ${String(id)} is not in progress`);
    if (run.lines.length === 0 && run.reachedLsn === undefined && run.failure === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs);
        run.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const lines = run.lines.splice(0);
    if (lines.length === 0 && run.failure !== undefined) throw run.failure;
    return { lines, reachedLsn: lines.length === 0 ? run.reachedLsn : undefined, archiving: this.target !== undefined };
  }

  async cancel({ run: id }: { readonly run: number }): Promise<void> {
    if (this.run?.id === id) this.run.cancelled = true;
    await Promise.resolve();
  }

  private async carryOut(run: Run, request: BackupRequest): Promise<number> {
    const sameAsTarget = this.target?.location === request.location ? this.target : undefined;
    const target = sameAsTarget ?? (await this.open(request.location));
    try {
      const { reached } = await runBackup({ ...this.sourceParts(), retain: async (lsn) => await this.retain({ run: lsn }) }, target.archive, target.archiver, {
        full: request.full,
        report: (line) => {
          run.lines.push(line);
          run.wake();
        },
        checkCancelled: () => {
          if (run.cancelled) throw new PgError('57014', 'canceling statement due to user request');
        },
      });
      target.isResumed = true;
      if (request.continuous) {
        await this.place.keep(request.location);
        await this.retain({ archive: target.archiver.archivedLsn });
        if (sameAsTarget === undefined) {
          this.target?.archive.store.close();
          this.target = target;
        }
        this.schedule(this.everyMs);
      } else if (sameAsTarget !== undefined) {
        await this.retain({ archive: target.archiver.archivedLsn });
      }
      return reached.lsn;
    } catch (error) {
      target.isResumed = false;
      throw error;
    } finally {
      if (this.target !== target) target.archive.store.close();
      await this.retain({ run: Infinity });
    }
  }

  // ---- continuous archiving ----

  /** Goes on archiving where the setting says. Answers whether there is one. */
  async resumeArchiving(): Promise<boolean> {
    const { location } = this.place;
    if (location === undefined) return false;
    await this.retain({ archive: 0 });
    this.target = await this.open(location);
    this.schedule(0);
    return true;
  }

  async stopArchiving(): Promise<{ readonly location: string | undefined }> {
    const location = this.target?.location ?? this.place.location;
    await this.alone(async () => {
      clearTimeout(this.timer);
      await this.place.keep(undefined);
      this.target?.archive.store.close();
      this.target = undefined;
      await this.retain({ archive: Infinity });
    });
    return { location };
  }

  /** Archives what there is, if it can be done in that time, and ends. */
  async close(withinMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    if (this.run !== undefined) this.run.cancelled = true;
    const { target } = this;
    if (target !== undefined) await Promise.race([this.alone(async () => await this.archive(target)).catch(() => undefined), sleep(withinMs)]);
    target?.archive.store.close();
  }

  private schedule(afterMs: number): void {
    clearTimeout(this.timer);
    const { target } = this;
    if (this.closed || target === undefined) return;
    this.timer = setTimeout(() => {
      this.alone(async () => await this.archive(target)).then(
        () => {
          if (this.failures > 0) this.log(`archiving the log of database "${archiveTitle(this.database)}" works again`);
          this.failures = 0;
          this.schedule(this.everyMs);
        },
        (error: unknown) => {
          if (this.closed) return;
          this.failures++;
          const message = error instanceof Error ? error.message : String(error);
          const detail = error instanceof PgError && error.fields.detail !== undefined ? ` (${error.fields.detail})` : '';
          this.log(`the log of database "${archiveTitle(this.database)}" cannot be archived and is kept: ${message}${detail}`);
          this.schedule(Math.min(retryMsMax, this.everyMs * 2 ** Math.min(this.failures, 10)));
        },
      );
    }, afterMs);
  }

  private async archive(target: Target): Promise<void> {
    if (this.target !== target) return;
    if (!target.isResumed) {
      // (First of all: another primary may have archived more up to now, but nothing that this one lacks.)
      const listing = await target.archive.list();
      const position = await this.source.position();
      await target.archive.claim(readManifest(this.source.layout).history, listing);
      if (!(await target.archiver.resume(listing, position))) {
        throw new PgError('55000', `the log does not go on from the backup in "${target.location}"`, {
          detail: 'Run `shoal backup`: it makes a new full copy.',
        });
      }
      target.isResumed = true;
    }
    const { lsn } = await this.source.position();
    await target.archiver.catchUp(lsn);
    await this.retain({ archive: target.archiver.archivedLsn });
  }

  // ---- parts ----

  private async open(location: string): Promise<Target> {
    const archive = new Archive(await openObjectStore(location), this.database);
    return { location, archive, archiver: new LogArchiver(archive, this.source.layout.log), isResumed: false };
  }

  private sourceParts(): Pick<BackupSource, 'layout' | 'register' | 'position'> {
    const { source } = this;
    return { layout: source.layout, register: source.register, position: async () => await source.position() };
  }

  private async retain(from: { readonly run?: number; readonly archive?: number }): Promise<void> {
    this.runFrom = from.run ?? this.runFrom;
    this.archiveFrom = from.archive ?? this.archiveFrom;
    await this.source.retain(Math.min(this.runFrom, this.archiveFrom));
  }

  private async alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.busy.then(work);
    this.busy = result.catch(() => undefined);
    return await result;
  }
}

/** 22023 for a place that would be lost together with the data. */
function refuseInside(dataDirectory: string, location: string): void {
  if (location.startsWith('s3://') || relative(dataDirectory, location).split(sep)[0] === '..') return;
  throw new PgError('22023', `"${location}" lies in the data directory`, { hint: 'Choose a place that is still there when the data directory is lost.' });
}
