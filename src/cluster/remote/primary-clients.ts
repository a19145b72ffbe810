/**
 * What a front end calls at the primary of a database that has copies on other nodes, when that may stop being the primary, or be lost, at any moment: what the caller is told
 * then is never more than is known. Used over the ports of this node (cli/opened-database) and of others (remote-database).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PgError } from '../../common/errors.js';
import type { Client } from '../../common/rpc.js';
import type { ReadService, WriteService } from '../../storage/ports.js';

export type Method = (request: unknown, transfer?: readonly ArrayBuffer[]) => Promise<unknown>;

/** `client` with every call going through `call`. */
export function through<S>(
  client: Client<S>,
  call: (method: Method, request: unknown, transfer: readonly ArrayBuffer[] | undefined, name: string) => Promise<unknown>,
): Client<S> {
  const methods = new Map<string, Method>();
  return new Proxy(client, {
    get: (target, name) => {
      if (typeof name !== 'string') return undefined;
      let known = methods.get(name);
      if (known === undefined) {
        const method = (target as Record<string, Method | undefined>)[name];
        if (method === undefined) return undefined;
        known = async (request, transfer) => await call(method, request, transfer, name);
        methods.set(name, known);
      }
      return known;
    },
  });
}

/** For `connect`: the way to the primary is gone, and with it the answer. */
export function lostPrimary(node: string): PgError {
  return new PgError('08006', `the connection to node "${node}" was lost`);
}

/** What was not a commit has not happened: the session ends, and may begin again. */
function primaryChanged(): PgError {
  return new PgError('57P01', 'terminating connection because the primary of the database has changed', { severity: 'FATAL' });
}

const isLoss = (error: unknown): boolean => error instanceof PgError && error.code === '08006';

/** Whether the call may have committed something although its answer is lost. */
function mayCommit(name: string, request: unknown): boolean {
  if (name === 'commit') return true;
  if (name !== 'execute') return false;
  const { transaction, begin } = request as Partial<Parameters<WriteService['execute']>[0]>;
  return transaction === undefined && begin === undefined;
}

/** How long answers of a primary that is none any more are waited for: it has them, if it is alive. */
const answersMsMax = 1000;

/** The lane of a primary, for as long as it is one. */
export class PrimaryLane {
  /** A lost answer is 08006 where a commit may be lost with it, else 57P01. */
  readonly client: Client<WriteService>;
  #pending = 0;
  #isLeft = false;
  #answered: () => void = () => undefined;

  constructor(lane: Client<WriteService>) {
    this.client = through(lane, async (method, request, transfer, name) => {
      if (this.#isLeft) throw primaryChanged();
      this.#pending++;
      try {
        return await method(request, transfer);
      } catch (error) {
        throw isLoss(error) && !mayCommit(name, request) ? primaryChanged() : error;
      } finally {
        if (--this.#pending === 0) this.#answered();
      }
    });
  }

  /** Nothing is asked of it any more. Resolves when everything is answered, or has waited for long enough. */
  async leave(): Promise<void> {
    this.#isLeft = true;
    if (this.#pending === 0) return;
    const answered = new Promise<void>((resolve) => (this.#answered = resolve));
    await Promise.race([answered, sleep(answersMsMax, undefined, { ref: false })]);
  }
}

/** The lane of the server's database: when its primary changes, the session and its own database are as they were, and the transaction can be tried again. */
export function sharedLane(lane: Client<WriteService>): Client<WriteService> {
  return through(lane, async (method, request, transfer) => {
    try {
      return await method(request, transfer);
    } catch (error) {
      if (!(error instanceof PgError && error.code === '57P01')) throw error;
      throw new PgError('40001', "the primary of the server's database has changed", { hint: 'Try the transaction again.' });
    }
  });
}

/** How long a read waits for the primary's lease: it comes back within moments, or another takes over. */
const leaseMsMax = 10_000;
const leaseAgainMs = 20;

/** Snapshots wait while the primary does not know whether it is the only one (57P03 of storage/read/reader); a lost answer is 57P01. */
export function primaryReads(reads: Client<ReadService>): Client<ReadService> {
  return through(reads, async (method, request, transfer) => {
    const endsMs = performance.now() + leaseMsMax;
    for (;;) {
      try {
        return await method(request, transfer);
      } catch (error) {
        if (isLoss(error)) throw primaryChanged();
        if (!(error instanceof PgError && error.code === '57P03') || performance.now() > endsMs) throw error;
      }
      await sleep(leaseAgainMs);
    }
  });
}
