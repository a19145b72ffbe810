/** Damage to the files of a running server: an answer is right or XX001, what is whole goes on being served, `shoal check` and shoal_verify() name it, a WAL is healed from the log. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/process.js';
import { Shoal } from '../support/shoal.js';
import { connect } from '../support/subject.js';
import { seededRandom } from '../unit/storage/random.js';

const program = process.env['SHOAL_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../bin/shoal', import.meta.url));
const page = 4096;

/** In place and from this process, as a disk would: the server's locks and descriptors are not touched. */
function flip(path: string, at: (size: number) => number): void {
  const descriptor = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    const offset = at(fstatSync(descriptor).size);
    readSync(descriptor, byte, 0, 1, offset);
    byte[0] = (byte[0] as number) ^ 0x10;
    writeSync(descriptor, byte, 0, 1, offset);
  } finally {
    closeSync(descriptor);
  }
}

async function ask(shoal: Shoal, text: string): Promise<string> {
  const client = await connect(shoal.connection);
  try {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
    return JSON.stringify(rows);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return `${String(code)} ${message}`;
  } finally {
    await client.end();
  }
}

async function check(args: readonly string[]): Promise<{ readonly status: number; readonly stdout: string }> {
  return await run(process.execPath, [program, 'check', ...args]);
}

const setup = [
  'CREATE TABLE spread (id int PRIMARY KEY, v text NOT NULL) PARTITION BY HASH (id) WITH (shards = 4)',
  "INSERT INTO spread SELECT i, repeat('v' || i, 1 + i % 100) FROM generate_series(1, 5000) i",
  'CREATE TABLE whole (id int PRIMARY KEY, v text)',
  "INSERT INTO whole SELECT i, 'w' || i FROM generate_series(1, 100) i",
  'CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES spread, v int CHECK (v > 0)) PARTITION BY HASH (id) WITH (shards = 2)',
  'INSERT INTO child SELECT i, i, i FROM generate_series(1, 500) i',
];
const questions = [
  'SELECT count(*), sum(id), sum(length(v)), min(v), max(v) FROM spread',
  'SELECT count(*), sum(id), max(v) FROM whole',
  'SELECT length(v) FROM spread WHERE id = 4321',
  'SELECT count(*), sum(c.v) FROM child c JOIN spread s ON s.id = c.parent',
];

describe('damage under a running server', function () {
  this.timeout(180_000);
  let shoal: Shoal;
  let answers: readonly string[];

  beforeEach(async () => {
    shoal = await Shoal.start({ flags: ['--scan-threads', '1'] });
    for (const text of setup) match(await ask(shoal, text), /^\[/);
    answers = await Promise.all(questions.map(async (text) => await ask(shoal, text)));
  });
  afterEach(async () => {
    await shoal.stop();
  });

  const database = (): string => join(shoal.dataDirectory, 'postgres');

  async function restart(signal: NodeJS.Signals): Promise<void> {
    const { dataDirectory } = shoal;
    await shoal.kill(signal);
    shoal = await Shoal.start({ dataDirectory, flags: ['--scan-threads', '1'] });
  }

  it('is told to the statements that meet it, with file and page, and costs nothing else', async () => {
    await restart('SIGTERM');
    const path = join(database(), 'g1/0002.sqlite');
    flip(path, (size) => size - page + 1000);
    const answer = await ask(shoal, questions[0] as string);
    ok(answer.startsWith(`XX001 a database file is damaged: file "${path}", page `), answer);
    equal(await ask(shoal, questions[1] as string), answers[1]);
    equal(await ask(shoal, "INSERT INTO whole VALUES (101, 'more')"), '[]');
    match(await ask(shoal, 'SELECT file, page, detail FROM shoal.damage'), /0002\.sqlite","\d+","its content does not match its checksum"/);
    match(await ask(shoal, 'SELECT shoal_verify()::text'), /0002\.sqlite/);
    match(shoal.log, /WARNING: {2}damage: file ".*0002\.sqlite", page \d+/);
    const online = await check(['--port', String(shoal.port), '--json']);
    equal(online.status, 1);
    const { ok: isWhole, findings } = JSON.parse(online.stdout) as { readonly ok: boolean; readonly findings: readonly { readonly file: string | null }[] };
    equal(isWhole, false);
    ok(
      findings.some(({ file }) => file === path),
      online.stdout,
    );
    await shoal.kill('SIGTERM');
    const offline = await check(['--data-dir', shoal.dataDirectory]);
    equal(offline.status, 1);
    match(offline.stdout, /0002\.sqlite, page \d+: its content does not match its checksum/);
  });

  it('is never answered wrongly, wherever a bit flips', async () => {
    const random = seededRandom(Number(process.env['SHOAL_CORRUPTION_SEED'] ?? 7));
    const rounds = Number(process.env['SHOAL_FLIPS'] ?? 12);
    let noticed = 0;
    for (let round = 0; round < rounds; round++) {
      const files = ['global.sqlite', ...['g1', 'g2'].flatMap((group) => readdirSync(join(database(), group)).map((name) => `${group}/${name}`))]
        .flatMap((name) => (name.endsWith('.sqlite') ? [name, `${name}-wal`] : []))
        .map((name) => join(database(), name))
        .filter((path) => existsSync(path));
      const path = files[Math.floor(random() * files.length)] as string;
      flip(path, (size) => Math.floor(random() * size));
      if (round % 3 === 2) await ask(shoal, `UPDATE spread SET v = v WHERE id % 10 = ${String(round % 10)}`);
      for (const [at, text] of questions.entries()) {
        const answer = await ask(shoal, text);
        if (answer !== answers[at]) match(answer, /^XX001 /, `${path}: ${text}`);
        if (answer.startsWith('XX001')) noticed++;
      }
      ok(shoal.alive, 'the server goes on');
    }
    ok(noticed >= 0);
  });

  it('in a WAL is made good from the log by the next start', async () => {
    for (const name of readdirSync(join(database(), 'g1')).filter((each) => each.endsWith('-wal')))
      flip(join(database(), 'g1', name), (size) => Math.floor(size / 3));
    await restart('SIGKILL');
    deepEqual(await Promise.all(questions.map(async (text) => await ask(shoal, text))), answers);
    const online = await check(['--port', String(shoal.port)]);
    equal(online.stdout, 'database postgres: nothing is damaged\n');
    equal(online.status, 0);
  });
});
