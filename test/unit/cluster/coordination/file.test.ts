/** The embedded store in a file: the contract, and what a restart keeps, also after SIGKILL. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { FileJournal, openFileStore } from '../../../../src/cluster/coordination/embedded/file-journal.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { type CoordinationStore, StoreError } from '../../../../src/cluster/coordination/store.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { tie } from '../../../support/process.js';
import { VirtualClock } from '../../../support/virtual-clock.js';
import { coordinationStoreContract } from './contract.js';

const log = (): void => undefined;

coordinationStoreContract('the coordination store in a file', async () => {
  await Promise.resolve();
  const directory = mkdtempSync(join(tmpdir(), 'shoal-store-'));
  const clock = new VirtualClock();
  const journal = new FileJournal(join(directory, 'coordination.sqlite'));
  const engine = new StoreEngine({ clock, journal });
  return {
    connect: () => connectStore(new EngineBackend(engine, clock), { clock, log }),
    pass: async (ms) => {
      await clock.advance(ms);
    },
    compact: async (revision) => {
      await Promise.resolve();
      engine.compact(revision);
    },
    endLease: async (id) => {
      await Promise.resolve();
      engine.revokeLease(id);
    },
    close: async () => {
      await Promise.resolve();
      engine.close();
      journal.close();
      rmSync(directory, { recursive: true });
    },
  };
});

describe('the coordination store in a file, opened again', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-store-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function open(clock: VirtualClock): CoordinationStore {
    return connectStore(openFileStore(join(directory, 'coordination.sqlite'), clock), { clock, log });
  }

  it('keeps keys, revisions and leases, and gives no lease id twice', async () => {
    const clock = new VirtualClock();
    const first = open(clock);
    const ended = await first.grantLease(2000);
    await ended.revoke();
    const lease = await first.grantLease(5000);
    await first.put('/a', '1', lease.id);
    await first.put('/b', '1');
    const before = await first.list('/');
    await first.close();

    const second = open(clock);
    assert.deepEqual(await second.list('/'), before);
    const other = await second.grantLease(60_000);
    assert.ok(BigInt(other.id) > BigInt(lease.id));
    await clock.advance(4000);
    assert.equal((await second.list('/')).entries.length, 2, 'the lease has its whole time again');
    await clock.advance(2000);
    assert.deepEqual(
      (await second.list('/')).entries.map(({ key }) => key),
      ['/b'],
    );
    assert.equal((await second.list('/')).revision, before.revision + 1n);
    await second.close();
  });

  it('is open in one process at a time', async () => {
    const clock = new VirtualClock();
    const first = open(clock);
    assert.throws(
      () => open(clock),
      (error) => error instanceof StoreError && error.kind === 'unavailable',
    );
    await first.close();
    await open(clock).close();
  });

  it('has after SIGKILL every write that was acknowledged', async () => {
    const clock = new VirtualClock();
    let acknowledged = 0n;
    for (let round = 0; round < 3; round++) {
      const child = fork(fileURLToPath(new URL('writer-process.ts', import.meta.url)), [join(directory, 'coordination.sqlite')], {
        execArgv: ['--import', 'tsx'],
      });
      tie(child);
      const from = acknowledged;
      child.on('message', (revision: string) => {
        acknowledged = BigInt(revision);
        if (acknowledged >= from + 50n) child.kill('SIGKILL');
      });
      await once(child, 'exit');
      const store = open(clock);
      const { revision, entries } = await store.list('/n');
      assert.ok(revision >= acknowledged, `${revision} < ${acknowledged}`);
      assert.equal(entries[0]?.value, String(revision - 1n));
      await store.close();
      acknowledged = revision;
    }
  });
});
