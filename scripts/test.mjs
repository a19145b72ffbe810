/**
 * `npm test [-- mocha's arguments]`: builds, fetches the servers that tests compare with, runs mocha over test/ and ends with the plain line
 * `N passed, N failed` (skipped tests are neither). The exit status is non-zero unless everything that ran has passed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, runStep } from './build-sqlite.mjs';
import { ensureBuilt } from './build.mjs';
import { fetchPeers } from './peers.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

await runStep(async () => {
  try {
    await ensureBuilt();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    throw new BuildError(`${error.message}\n0 passed, 1 failed`);
  }
});
await fetchPeers();

const directory = mkdtempSync(join(tmpdir(), 'shoal-test-'));
const countsFile = join(directory, 'counts.json');
const given = process.argv.slice(2);
// Without a file of the caller's choice, all of them.
const files = given.some((argument) => /\.ts$/.test(argument)) ? [] : ['test/**/*.test.ts'];
const mocha = spawn(
  process.execPath,
  [join(root, 'node_modules/mocha/bin/mocha.js'), '--reporter', join(root, 'scripts/mocha-reporter.cjs'), ...given, ...files],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SHOAL_TEST_COUNTS: countsFile },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => mocha.kill(signal));
const status = await new Promise((done) => mocha.on('close', (code) => done(code ?? 1)));

let counts;
try {
  counts = JSON.parse(readFileSync(countsFile, 'utf8'));
} catch {
  counts = { passes: 0, failures: 1 }; // mocha ended before it could count
}
rmSync(directory, { recursive: true, force: true });
if (status !== 0 && counts.failures === 0) counts.failures = 1;
console.log(`${counts.passes} passed, ${counts.failures} failed`);
process.exitCode = counts.failures > 0 || counts.passes === 0 ? 1 : 0;
