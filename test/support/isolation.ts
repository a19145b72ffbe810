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
/** How long a step may take of which it is known that it should not wait: a busy machine is no lock. */
const longPatienceMs = 8000;
/** How long everyone may wait before a deadlock must have been found. */
const deadlockMs = 6000;

interface Session {
  readonly client: pg.Client;
  pending: { readonly sql: string; readonly done: Promise<string>; settled: boolean } | undefined;
}

async function settle(ms: number, until: () => boolean): Promise<void> {
  const deadline = Date.now() + ms;
  while (!until() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
}

function send(client: pg.Client, sql: string): NonNullable<Session['pending']> {
  const pending = { sql, done: summary(client, sql), settled: false };
  void pending.done.then(() => {
    pending.settled = true;
  });
  return pending;
}

/**
 * Runs the steps one after another and writes down what each does. `guide`: the transcript of the server to compare with, which tells where a step is expected to wait
 * and who is expected to come back when, so that nothing depends on how fast this machine is at the moment.
 */
export async function transcript(connection: Connection, steps: readonly Step[], guide?: readonly string[]): Promise<string[]> {
  const sessions = new Map<string, Session>();
  const lines: string[] = [];
  const session = async (name: string): Promise<Session> => {
    const known = sessions.get(name);
    if (known !== undefined) return known;
    const made: Session = { client: await connect(connection, 30_000), pending: undefined };
    sessions.set(name, made);
    return made;
  };
  /** Writes down who has come back from waiting. */
  const collect = async (): Promise<void> => {
    for (;;) {
      const expected = guide?.[lines.length];
      const name = /^(\S+) goes on: /.exec(expected ?? '')?.[1];
      const awaited = name === undefined ? undefined : sessions.get(name)?.pending;
      if (awaited !== undefined) await settle(longPatienceMs, () => awaited.settled);
      const before = lines.length;
      for (const [name, other] of [...sessions].sort(([a], [b]) => a.localeCompare(b))) {
        if (other.pending?.settled !== true) continue;
        lines.push(`${name} goes on: ${other.pending.sql}: ${await other.pending.done}`);
        other.pending = undefined;
      }
      if (guide === undefined || lines.length === before) return;
    }
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
      const pending = send(current.client, sql);
      const mayWait = guide === undefined || guide[lines.length] === `${name} waits: ${sql}`;
      await settle(mayWait ? patienceMs : longPatienceMs, () => pending.settled);
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

/**
 * The outcomes of each session's statements, in its order. A step whose session still waits is put off until that session is back, and the others go on meanwhile:
 * for servers that wait elsewhere than the scenario's author has thought.
 */
export async function outcomes(connection: Connection, steps: readonly Step[]): Promise<Map<string, (readonly [sql: string, outcome: string])[]>> {
  const clients = new Map<string, Session>();
  const found = new Map<string, (readonly [string, string])[]>();
  for (const [name] of steps) {
    if (clients.has(name)) continue;
    clients.set(name, { client: await connect(connection, 30_000), pending: undefined });
    found.set(name, []);
  }
  const collect = async (): Promise<void> => {
    for (const [name, session] of clients) {
      if (session.pending?.settled !== true) continue;
      found.get(name)?.push([session.pending.sql, await session.pending.done]);
      session.pending = undefined;
    }
  };
  try {
    const left = [...steps];
    while (left.length > 0) {
      await collect();
      const at = left.findIndex(([name]) => clients.get(name)?.pending === undefined);
      if (at < 0) {
        await settle(deadlockMs * 2, () => [...clients.values()].some(({ pending }) => pending?.settled === true));
        if (![...clients.values()].some(({ pending }) => pending?.settled === true)) throw new Error(`everyone waits: ${JSON.stringify(left)}`);
        continue;
      }
      const [[name, sql]] = left.splice(at, 1) as [Step];
      const session = clients.get(name) as Session;
      const pending = send(session.client, sql);
      session.pending = pending;
      await settle(patienceMs, () => pending.settled);
      await settle(20, () => false);
    }
    await settle(deadlockMs * 2, () => [...clients.values()].every(({ pending }) => pending === undefined || pending.settled));
    await collect();
    for (const [name, { pending }] of clients) if (pending !== undefined) throw new Error(`${name} waits for ever: ${pending.sql}`);
  } finally {
    for (const { client } of clients.values()) void client.end().catch(() => undefined);
  }
  return found;
}

async function summary(client: pg.Client, sql: string): Promise<string> {
  try {
    const { rows, command, rowCount } = await textQuery(client, sql);
    return rows.length > 0 ? rows.map((row) => `(${row.map((value) => value ?? 'NULL').join(', ')})`).join(' ') : `${command} ${rowCount ?? ''}`.trim();
  } catch (error) {
    return error instanceof pg.DatabaseError ? `${error.code} ${error.message}` : String(error);
  }
}
