/**
 * A sample of the torture of a cluster (test/torture/cluster; `npm run torture -- cluster`): nodes are killed, stopped and cut off while clients transfer money through all of
 * them. SHOAL_CLUSTER_ROUNDS draws so many faults of all kinds instead, SHOAL_COPIES and SHOAL_SEED say with how many copies and which.
 */
import { equal } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { needEtcd } from '../../support/etcd.js';
import { run } from '../../support/process.js';

const { SHOAL_CLUSTER_ROUNDS: rounds, SHOAL_COPIES: copies = '3' } = process.env;
const seed = process.env['SHOAL_SEED'] ?? String(Math.floor(Math.random() * 1e9));
const timeoutMs = rounds === undefined ? 420_000 : Number(rounds) * 120_000;

describe(`a cluster under torture (seed ${seed})`, function () {
  this.timeout(timeoutMs);

  before(function () {
    needEtcd(this);
  });

  it('loses nothing, believes nobody who was away, and writes again', async () => {
    const faults = rounds === undefined ? ['--schedule', 'kill,partition,stop'] : ['--rounds', rounds];
    const lengths = ['--stop-seconds', '5', '--partition-seconds', '6', '--back-within', '60', '--sessions', '3', '--rest-ms', '100'];
    const program = fileURLToPath(new URL('../../torture/main.ts', import.meta.url));
    const args = ['--import', 'tsx', program, 'cluster', '--nodes', '3', '--copies', copies, '--seed', seed, ...faults, ...lengths];
    const { status, stdout, stderr } = await run(process.execPath, args, { timeoutMs: timeoutMs });
    console.log(stdout.replaceAll(/^/gm, '      '));
    equal(status, 0, stderr);
  });
});
