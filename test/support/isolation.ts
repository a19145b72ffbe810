/**
 * Interleaved sessions, step by step: which step waits for which, who goes on, who fails. The transcript of a server is text, so that PostgreSQL's
 * and Shoal's can be compared.
 */
import pg from 'pg';
import type { Connection } from './connection.js';
import { connect, textQuery } from './subject.js';

/** A step: the session's name and what it sends. */
export type Step = readonly [session: string, sql: string];

/** How long a step may take before it counts as waiting for another session. */
const patienceMs = 400;
/** How long everyone may wait before a deadlock must have been found. */
const deadlockMs = 6000;

interface Session {
  readonly client: pg.Client;
  pending: { readonly sql: string; readonly done: Promise<string>; settled: boolean } | undefined;
}

export async function transcript(connection: Connection, steps: readonly Step[]): Promise<string[]> {
  const sessions = new Map<string, Session>();
  const lines: string[] = [];
  const session = async (name: string): Promise<Session> => {
    const known = sessions.get(name);
    if (known !== undefined) return known;
    const made: Session = { client: await connect(connection, 15_000), pending: undefined };
    sessions.set(name, made);
    return made;
  };
  /** Writes down who has come back from waiting. */
  const collect = async (): Promise<void> => {
    for (const [name, other] of [...sessions].sort(([a], [b]) => a.localeCompare(b))) {
      if (other.pending?.settled !== true) continue;
      lines.push(`${name} goes on: ${other.pending.sql}: ${await other.pending.done}`);
      other.pending = undefined;
    }
  };
  const settle = async (ms: number, until: () => boolean): Promise<void> => {
    const deadline = Date.now() + ms;
    while (!until() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  try {
    for (const [name, sql] of steps) {
      const current = await session(name);
      if (current.pending !== undefined) {
        // The step before still waits: nobody else can wake it but a deadlock's end.
        const before = current.pending;
        await settle(deadlockMs, () => before.settled || [...sessions.values()].some((other) => other.pending?.settled === true));
        await collect();
        if (current.pending !== undefined) await settle(patienceMs, () => before.settled);
        await collect();
        if (current.pending !== undefined) {
          lines.push(`${name} still waits`);
          break;
        }
      }
      const pending = { sql, done: summary(current.client, sql), settled: false };
      void pending.done.then(() => {
        pending.settled = true;
      });
      await settle(patienceMs, () => pending.settled);
      if (pending.settled) lines.push(`${name}: ${sql}: ${await pending.done}`);
      else {
        lines.push(`${name} waits: ${sql}`);
        current.pending = pending;
      }
      // Those that this step has woken need a moment to come back.
      if ([...sessions.values()].some((other) => other.pending !== undefined)) await settle(100, () => false);
      await collect();
    }
    await settle(deadlockMs, () => [...sessions.values()].every((other) => other.pending === undefined || other.pending.settled));
    await collect();
    for (const [name, { pending }] of sessions) if (pending !== undefined) lines.push(`${name} waits for ever: ${pending.sql}`);
  } finally {
    for (const { client } of sessions.values()) void client.end().catch(() => undefined);
  }
  return lines;
}

async function summary(client: pg.Client, sql: string): Promise<string> {
  try {
    const { rows, command, rowCount } = await textQuery(client, sql);
    return rows.length > 0 ? rows.map((row) => `(${row.map((value) => value ?? 'NULL').join(', ')})`).join(' ') : `${command} ${rowCount ?? ''}`.trim();
  } catch (error) {
    return error instanceof pg.DatabaseError ? `${error.code} ${error.message}` : String(error);
  }
}
