/**
 * Faults in random order for as long as wanted, on one data directory under load: after each the acknowledged rows are there, nothing is by half, and the server goes on.
 *
 *   node --import=tsx test/torture/faults.ts [--minutes 10] [--seed N] [--stop-seconds 60]
 *
 * As root the data directory lies on a small file system that is really filled; with a C compiler there are failing system calls too.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLedger, FailingDisk, fill, killedStart, Load, Scratch } from '../faults/support.js';
import { Random } from '../support/random.js';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { minutes: option, seed: option, 'stop-seconds': option } });
const minutes = Number(values.minutes ?? 10);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const stopSeconds = Number(values['stop-seconds'] ?? 60);
const random = new Random(seed);
const scratch = new Scratch();
/** More rows are deleted, so that the small file system lasts. */
const rowsMax = 10_000;

class Missing extends Error {}
const context = {
  skip: () => {
    throw new Missing();
  },
} as unknown as Mocha.Context;

function available<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

const small = available(() => scratch.mount(context, 'small', 160));
const disk = available(() => FailingDisk.prepare(context, scratch));
const dataDirectory = join(small ?? scratch.directory, 'data');
const reserve = join(dataDirectory, 'reserve');

const start = async (): Promise<Shoal> => await Shoal.start({ dataDirectory, ...(disk !== undefined && { env: disk.env }) });
let server = await start();
await createLedger(server.connection);
const load = new Load(() => server.connection).start(6);

async function ended(): Promise<void> {
  for (let waited = 0; server.alive; waited += 20) {
    assert.ok(waited < 30_000, 'the process has ended');
    await sleep(20);
  }
}

/** Lets so many starts be killed before one comes up. */
async function restart(killed: number): Promise<void> {
  for (let at = 0; at < killed; at++) await killedStart(dataDirectory, random.int(100, 2500));
  server = await start();
}

const faults: Readonly<Record<string, () => Promise<void>>> = {
  'kill -9': async () => {
    await server.kill('SIGKILL');
    await restart(random.int(0, 3));
  },
  'clean stop': async () => {
    await server.kill(random.int(0, 1) === 0 ? 'SIGTERM' : 'SIGINT');
    await restart(0);
  },
  'stop killed midway': async () => {
    const gone = server.kill('SIGTERM');
    await sleep(random.int(0, 300));
    await server.kill('SIGKILL');
    await gone;
    await restart(0);
  },
  'immediate stop': async () => {
    await server.kill('SIGQUIT');
    await restart(0);
  },
  'frozen for a while': async () => {
    const before = load.disconnections;
    process.kill(server.pid, 'SIGSTOP');
    await sleep(random.int(1, stopSeconds) * 1000);
    process.kill(server.pid, 'SIGCONT');
    await load.progress(5, 60_000);
    assert.equal(load.disconnections, before, 'nobody is disconnected');
  },
  ...(small !== undefined && {
    'full disk': async () => {
      const filler = fill(small);
      await load.refusal('53100', 60_000);
      if (random.int(0, 1) === 0) {
        await server.kill(random.int(0, 1) === 0 ? 'SIGKILL' : 'SIGTERM');
        if (random.int(0, 1) === 0) fill(small);
        await restart(0);
        await load.verify(server.connection);
      }
      rmSync(filler);
    },
  }),
  ...(disk !== undefined && {
    'no space behind the log': async () => {
      disk.fail('no-space', '-wal', reserve);
      await load.refusal('53100', 60_000);
      if (random.int(0, 1) === 0) {
        await server.kill('SIGKILL');
        await restart(0);
      }
      disk.mend();
    },
    'failed sync': async () => {
      disk.fail('no-sync', '/log/');
      await ended();
      disk.mend();
      await restart(random.int(0, 2));
    },
    'failed write': async () => {
      disk.fail('no-write', '-wal');
      await ended();
      disk.mend();
      await restart(random.int(0, 2));
    },
  }),
};

/** Whole pairs that the load need not find any more. */
async function trim(): Promise<void> {
  const client = await connect(server.connection);
  const rows = Number((await textQuery(client, 'SELECT count(*) FROM ledger')).rows[0]?.[0]);
  if (rows > rowsMax) {
    await load.stop();
    await load.verify(server.connection);
    await textQuery(client, 'TRUNCATE ledger');
    load.acknowledged.clear();
    load.start(6);
  }
  await client.end();
}

console.log(`seed ${String(seed)}, ${String(minutes)} minutes, faults: ${Object.keys(faults).join(', ')}`);
const counts = new Map<string, number>();
const end = Date.now() + minutes * 60_000;
try {
  while (Date.now() < end) {
    await load.progress(random.int(10, 100), 60_000);
    const name = random.pick(Object.keys(faults));
    await faults[name]?.();
    await load.progress(5, 60_000);
    await load.verify(server.connection);
    await trim();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  await load.stop();
  await load.verify(server.connection);
  console.log(`passed: ${[...counts].map(([name, count]) => `${name} ${String(count)}`).join(', ')}; refused: ${JSON.stringify([...load.refused])}`);
} catch (error) {
  console.log(`seed ${String(seed)}, after ${JSON.stringify([...counts])}\n${server.log.slice(-3000)}`);
  console.error(error);
  process.exitCode = 1;
} finally {
  await server.kill('SIGKILL');
  scratch.remove();
}
process.exit();
