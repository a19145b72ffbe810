/**
 * Client libraries of node beside a Shoal and a PostgreSQL 15: what the programs in test/e2e/clients/node print is the same. The libraries have a tree of their own, which
 * is installed here. Prisma's is ten times as large: only with SHOAL_TEST_PRISMA=1.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClientProgram, printed } from '../../support/client-program.js';
import { run } from '../../support/process.js';
import { sharedPostgres } from '../../support/postgres.js';
import { Shoal } from '../../support/shoal.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
const tsx = fileURLToPath(new URL('../../../node_modules/tsx/dist/cli.mjs', import.meta.url));

function program(file: string, ...command: readonly string[]): ClientProgram {
  return { file, command: [process.execPath, ...command], probe: ['true'], debian: '' };
}

const programs = ['pg-streams', 'postgres-js', 'knex', 'sequelize', 'typeorm', 'drizzle', 'kysely'].map((name) => program(`node/${name}.mjs`));

/** Installs a tree's packages as its lock file says, once; skips, aloud, where there is no registry. */
async function install(context: Mocha.Context, tree: string): Promise<void> {
  const cwd = join(folder, tree);
  if (existsSync(join(cwd, 'node_modules/.package-lock.json'))) return;
  const { status, stderr } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd, timeoutMs: 240_000 });
  if (status === 0) return;
  console.log(`      SKIPPED: the packages of test/e2e/clients/${tree} could not be installed:\n${stderr.slice(-1000)}`);
  context.skip();
}

describe('client libraries of node print the same beside Shoal and PostgreSQL', function () {
  this.timeout(300_000);
  let shoal: Shoal | undefined;

  before(async function () {
    await install(this, 'node');
  });

  afterEach(async () => {
    await shoal?.stop();
    shoal = undefined;
  });

  /** Each has an empty database: several look at everything that is there. */
  async function compare(context: Mocha.Context, one: ClientProgram): Promise<void> {
    const oracle = await (await sharedPostgres(context)).createDatabase('node_libraries');
    shoal = await Shoal.start();
    const expected = await printed(one, oracle);
    assert.equal(await printed(one, shoal.connection), expected);
  }

  for (const one of programs) {
    it(one.file, async function () {
      await compare(this, one);
    });
  }

  it('prisma/session.mjs', async function () {
    if (process.env['SHOAL_TEST_PRISMA'] === undefined) {
      console.log('      skipped: SHOAL_TEST_PRISMA is not set, and Prisma is large');
      this.skip();
    }
    await install(this, 'prisma');
    // The engine that it would download is of no use to `generate`.
    const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' };
    const { status, stderr } = await run('npx', ['--no-install', 'prisma', 'generate'], { cwd: join(folder, 'prisma'), env });
    assert.equal(status, 0, stderr);
    await compare(this, program('prisma/session.mjs', tsx));
  });
});
