/**
 * The nodes that a statement may read on: each has a copy of the database and scan threads (places). The plan knows nothing of nodes; the executor spreads a statement over
 * them when the bytes under it are worth the messages. Composed in cli/opened-database; the copies are cluster/remote's.
 */
import { PgError } from '../common/errors.js';
import type { Client } from '../common/rpc.js';
import type { PositionService, ReadService } from '../storage/ports.js';

export interface ReadingNode {
  readonly name: string;
  /** Its scan threads. */
  readonly places: readonly Client<ReadService>[];
  /** Of its copy; undefined: the database has this copy only. */
  readonly position: Client<PositionService> | undefined;
}

/** The copies of a database that follow its primary. */
export interface Copies {
  /** Those that can be read on at once. Never waits: what has come is attached in the background. */
  readonly nodes: readonly ReadingNode[];
  /** Whether there are any, as far as is known: true before the first look. */
  readonly isPossible: boolean;
  /** Resolves when those that are known to be in sync are attached, or cannot be. */
  attached(): Promise<void>;
  /** It could not do what was asked of it: it is left alone for a while. */
  failed(node: ReadingNode): void;
}

/** A node was lost on which parts of a statement ran that must run again. isUsed: with all of the statement, for some of their rows have gone on. */
export class NodeLostError extends Error {
  constructor(
    readonly node: ReadingNode,
    override readonly cause: unknown,
    readonly isUsed = false,
  ) {
    super(`node "${node.name}" was lost`);
  }
}

/** Whether an error says that whoever should have worked is gone, rather than that the work has failed. */
export function saysLost(error: unknown): boolean {
  return error instanceof PgError && (error.code === '08006' || error.code === '57P01');
}

/** Resolves as `work` does; rejects when that takes too long. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PgError('08006', `no answer within ${String(ms)} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
