/**
 * `shoal cluster split`: has the writer of a database split a shard (shoal_split_shard). So whoever has asked may go, or die, and asking again changes nothing while it is under way.
 * `--wait` follows it; when the primary changes or a node goes away, another is asked. Called by cli/cluster.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { NodeRecord } from '../cluster/membership/node-record.js';
import { PgError } from '../common/errors.js';
import { CliError } from './cli-error.js';

export interface SplitRequest {
  readonly database: string;
  readonly table: string;
  readonly shard: number;
  readonly parts: number;
  readonly user: string;
  readonly wait: boolean;
  /** Take back the split that is under way. */
  readonly undo: boolean;
  readonly print: (line: string) => void;
}

/** What goes by when the primary has changed or another node is asked. */
const passing = /^(40001|57P0[123]|08...|ECONN\w+|EPIPE|ETIMEDOUT)$/;
const attemptsMax = 60;
const pauseMs = 500;

const shardsSql = `SELECT shard, file, split_percent FROM shoal.shards JOIN shoal.tables USING (colocation_group)
  WHERE format('%I.%I', table_schema, table_name)::regclass = $1::regclass`;

interface ShardRow {
  readonly shard: number;
  readonly file: string;
  readonly split_percent: number | null;
}

/** `members`: those that serve. */
export async function splitShard(members: readonly NodeRecord[], request: SplitRequest): Promise<void> {
  const { table, shard, parts, wait, undo, print } = request;
  const split = new Split(members, request);
  if (undo) {
    const { rows } = await split.ask<{ readonly cancelled: boolean }>('SELECT shoal_cancel_split($1::regclass) AS cancelled', [table]);
    print(rows[0]?.cancelled === true ? `the split of a shard of ${table} is taken back` : `no shard of ${table} is being split`);
    return;
  }
  const file = (await split.shards()).find((row) => row.shard === shard)?.file;
  await split.ask('SELECT shoal_split_shard($1::regclass, $2::int, $3::int, false)', [table, shard, parts]);
  print(`shard ${String(shard)} of ${table} (${file ?? ''}) is split into ${String(parts)}`);
  if (!wait) return;
  let last = -1;
  for (;;) {
    // (Its file stays the same for as long as it is there; its number changes when others are split.)
    const row = (await split.shards()).find((one) => one.file === file);
    if (row === undefined) break;
    if (row.split_percent === null)
      throw new CliError(`the split of shard ${String(row.shard)} of ${table} was given up`, "the log of the primary's node says why");
    if (row.split_percent !== last) print(`${String(row.split_percent)} % copied`);
    last = row.split_percent;
    await sleep(pauseMs);
  }
  print('the shards are where they shall be');
}

/** Asks one member after another until one answers. */
class Split {
  #next = 0;

  constructor(
    private readonly members: readonly NodeRecord[],
    private readonly request: SplitRequest,
  ) {}

  async shards(): Promise<readonly ShardRow[]> {
    return (await this.ask<ShardRow>(shardsSql, [this.request.table])).rows;
  }

  async ask<R extends object>(sql: string, values: readonly unknown[]): Promise<{ readonly rows: readonly R[] }> {
    for (let attempt = 0; ; attempt++) {
      const member = this.members[this.#next % this.members.length];
      if (member === undefined) throw new CliError('no node of the cluster serves');
      try {
        return await this.#askMember<R>(member, sql, values);
      } catch (error) {
        const { code = '', message } = error as { readonly code?: string; readonly message: string };
        if (attempt >= attemptsMax || !(passing.test(code) || message.includes('Connection terminated'))) throw error;
        this.#next++;
        await sleep(pauseMs);
      }
    }
  }

  async #askMember<R extends object>({ postgres }: NodeRecord, sql: string, values: readonly unknown[]): Promise<{ readonly rows: readonly R[] }> {
    const { default: pg } = await import('pg');
    const { database, user } = this.request;
    const client: Client = new pg.Client({ ...postgres, user, database, application_name: 'shoal cluster split' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.query<R>(sql, [...values]);
    } catch (error) {
      if (error instanceof pg.DatabaseError) throw new PgError(error.code ?? 'XX000', error.message, { detail: error.detail, hint: error.hint });
      throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
