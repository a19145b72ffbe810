import assert from 'node:assert/strict';
import { NodeDrain } from '../../../src/proxy/node-drain.js';
import type { SessionActivity } from '../../../src/proxy/session/node-port.js';

function session(processId: number, state: SessionActivity['state']): SessionActivity {
  const nothing = undefined;
  return {
    ...{
      processId,
      state,
      databaseOid: 5,
      database: 'd',
      user: 'u',
      applicationName: '',
      clientAddress: nothing,
      clientPort: nothing,
      encryption: nothing,
      startedMicros: 0,
    },
    ...{ transactionMicros: nothing, queryMicros: nothing, stateMicros: 0, query: '', laneTransaction: nothing, tableLocks: [] },
  };
}

describe('the drain of a node', () => {
  it('sends those away who are between transactions, waits for the others, and is over when nobody is left', async () => {
    let sessions = [session(1, 'idle'), session(2, 'active'), session(3, 'idle in transaction')];
    let sent: () => void = () => undefined;
    const sentAway: number[] = [];
    const drain = new NodeDrain({
      sessions: async () => await Promise.resolve(sessions),
      terminate: async (processId) => {
        sentAway.push(processId);
        sessions = sessions.filter((one) => one.processId !== processId);
        sent();
        await Promise.resolve();
      },
      noticeMs: 0,
      sweepMs: 5,
    });
    assert.deepEqual(await drain.status(), { state: 'serving', sessions: 3 });
    const first = new Promise<void>((resolve) => {
      sent = resolve;
    });
    drain.begin();
    drain.begin();
    await first;
    assert.deepEqual(sentAway, [1]);
    assert.deepEqual(await drain.status(), { state: 'draining', sessions: 2 });
    const rest = new Promise<void>((resolve) => {
      sent = () => {
        if (sessions.length === 0) resolve();
      };
    });
    sessions = [session(2, 'idle'), session(3, 'idle')];
    await rest;
    assert.deepEqual(await drain.status(), { state: 'drained', sessions: 0 });
    drain.end();
    assert.deepEqual(await drain.status(), { state: 'serving', sessions: 0 });
  });

  it('is not over before load balancers have noticed, nor while the node is busy otherwise', async () => {
    let isBusy = true;
    const options = { sessions: async () => await Promise.resolve([]), terminate: async () => await Promise.resolve(true) };
    const early = new NodeDrain({ ...options, noticeMs: 60_000 });
    early.begin();
    assert.equal((await early.status()).state, 'draining');
    early.end();
    const busy = new NodeDrain({ ...options, noticeMs: 0, isBusy: () => isBusy });
    busy.begin();
    assert.equal((await busy.status()).state, 'draining');
    isBusy = false;
    assert.equal((await busy.status()).state, 'drained');
    busy.end();
  });
});
