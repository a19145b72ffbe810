/**
 * A sample of `npm run torture -- moves` (test/torture/cluster): shards are split, and their primary changes meanwhile, while pgbench's transactions go through all nodes. SHOAL_MOVES draws so many
 * moves of all kinds instead, SHOAL_SEED says which.
 */
import { equal } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { needEtcd } from '../../support/etcd.js';
import { run } from '../../support/process.js';

const { SHOAL_MOVES: rounds, SHOAL_SEED: seed = '3' } = process.env;
const timeoutMs = rounds === undefined ? 420_000 : Number(rounds) * 120_000;

describe(`shards of a cluster that are split (seed ${seed})`, function () {
  this.timeout(timeoutMs);

  before(function () {
    needEtcd(this);
  });

  it('are written meanwhile; clients are told 40001 and 57P01 at most, sums hold, and all copies are alike', async () => {
    const moves = rounds === undefined ? ['--nodes', '2', '--rounds', '2', '--kinds', 'split', '--clients', '3'] : ['--rounds', rounds];
    const program = fileURLToPath(new URL('../../torture/main.ts', import.meta.url));
    const args = ['--import', 'tsx', program, 'moves', '--copies', '2', '--seed', seed, ...moves];
    const { status, stdout, stderr } = await run(process.execPath, args, { timeoutMs });
    console.log(stdout.replaceAll(/^/gm, '      '));
    equal(status, 0, `${stdout}${stderr}`);
  });
});
