/**
 * Damage by seed: copies a database (stopped cleanly; cut off with full WALs; cut off behind a checkpoint that a reader has held up), damages one of its files, opens the
 * copy and compares every answer with what was written. An answer is right, or it is an error that says what is damaged; anything else is a finding.
 *
 *   node --import tsx test/torture/corruption.ts [--seed N] [--rounds N]
 *
 * A sample of it runs in test/unit/storage/corruption.test.ts.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PgError } from '../../src/common/errors.js';
import { Oid } from '../../src/types/oid.js';
import type { SqlValue } from '../../src/types/value.js';
import { seededRandom } from '../unit/storage/random.js';
import { context, TestDatabase } from '../unit/storage/support.js';

const page = 4096;
const tables = ['account', 'document', 'rate'] as const;
const refusals = new Set(['XX001', '58P01', '3D000']);

type Rows = readonly (readonly SqlValue[])[];

interface Template {
  readonly name: string;
  readonly directory: string;
  readonly rows: ReadonlyMap<string, Rows>;
}

export interface CorruptionResult {
  readonly rounds: number;
  /** The database was refused at its start. */
  readonly refused: number;
  /** Some statement got XX001. */
  readonly noticed: number;
  /** Everything was answered, and right: the damage was made good from the log, or lay where nothing is. */
  readonly harmless: number;
  /** Wrong answers and errors that say nothing of damage. */
  readonly findings: readonly string[];
  /** By kind of damage: rounds and how many were noticed or refused. */
  readonly kinds: ReadonlyMap<string, { readonly rounds: number; readonly noticed: number }>;
}

function filesUnder(directory: string, prefix = ''): readonly string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(directory, name) : [name];
  });
}

function copyOf(source: string): string {
  const target = mkdtempSync(join(tmpdir(), 'shoal-corruption-'));
  cpSync(source, target, { recursive: true, filter: (path) => !path.endsWith('-shm') && !/lock(\.pid|-journal)?$/.test(path) });
  return target;
}

async function contentOf(db: TestDatabase): Promise<ReadonlyMap<string, Rows>> {
  const rows = new Map<string, Rows>();
  for (const name of tables) rows.set(name, await db.rows(name));
  return rows;
}

async function change(db: TestDatabase, random: () => number, firstId: number): Promise<void> {
  for (let at = 0; at < 30; at++) {
    const id = firstId + at;
    const transaction = await db.begin();
    await db.insert('account', [[id, Math.floor(random() * 1000), `owner ${String(id)}`]], transaction);
    await db.insert('document', [[id, `document ${String(id)} `.repeat(1 + Math.floor(random() * 600))]], transaction);
    await db.execute(db.updateTask('account', 'balance', 'balance + 1', `id % 7 = ${String(at % 7)}`), transaction);
    await db.execute(db.updateTask('rate', 'value', 'value + 1', `id = ${String(at % 10)}`), transaction);
    await db.commit(transaction);
  }
}

/** The three states that a database is found in. */
async function makeTemplates(random: () => number): Promise<readonly Template[]> {
  const db = new TestDatabase(undefined, { log: { segmentBytes: 256 * 1024 }, checkpointLogBytes: 512 * 1024 });
  const templates: Template[] = [];
  const keep = async (name: string): Promise<void> => {
    templates.push({ name, rows: await contentOf(db), directory: copyOf(db.directory) });
  };
  await db.create({ name: 'account', columns: [{ name: 'id' }, { name: 'balance' }, { name: 'owner', type: Oid.text }], primaryKey: ['id'], shards: 3 });
  await db.create({ name: 'document', columns: [{ name: 'id' }, { name: 'body', type: Oid.text }], primaryKey: ['id'], shards: 3 });
  await db.create({ name: 'rate', columns: [{ name: 'id' }, { name: 'value' }], primaryKey: ['id'] });
  await db.insert(
    'rate',
    Array.from({ length: 10 }, (_, id) => [id, id]),
  );
  await db.insert(
    'account',
    Array.from({ length: 900 }, (_, id) => [id, id, `owner ${String(id)}`]),
  );
  await change(db, random, 1000);
  await keep('cut off with everything in WALs and log');
  // A reader that lasts: checkpoints make the WALs durable but cannot move them.
  const account = db.table('account');
  const held = await db.reader.openSnapshot({ schemas: ['global', ...db.schemas(account)], context, catalogVersion: db.lane.catalog.version });
  for (let round = 0; round < 6; round++) await change(db, random, 2000 + round * 100);
  await keep('cut off behind a checkpoint');
  db.reader.closeSnapshot(held);
  await change(db, random, 4000);
  const rows = await contentOf(db);
  db.reader.shutdown();
  await db.lane.shutdown();
  templates.push({ name: 'stopped', rows, directory: copyOf(db.directory) });
  rmSync(db.directory, { recursive: true });
  return templates;
}

/** One way to damage a file. Answers undefined when it does not apply. */
type Damage = (path: string, random: () => number, others: readonly string[]) => string | undefined;

function between(random: () => number, end: number): number {
  return Math.floor(random() * end);
}

/** Where something is written: a flip in the log's preallocated rest or in a hole says nothing. */
function usedBytes(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

function flip(bits: number): Damage {
  return (path, random) => {
    const bytes = readFileSync(path);
    const used = usedBytes(bytes);
    if (used === 0) return undefined;
    const places: number[] = [];
    for (let count = 0; count < bits; count++) {
      const at = between(random, used);
      bytes[at] = (bytes[at] as number) ^ (1 << between(random, 8));
      places.push(at);
    }
    writeFileSync(path, bytes);
    return `at ${places.join(', ')}`;
  };
}

const isDatabase = (path: string): boolean => path.endsWith('.sqlite');

const damages: ReadonlyMap<string, Damage> = new Map<string, Damage>([
  ['a flipped bit', flip(1)],
  ['seven flipped bits', flip(7)],
  [
    'a zeroed page',
    (path, random) => {
      const bytes = readFileSync(path);
      if (bytes.length < page || usedBytes(bytes) < page) return undefined;
      const at = between(random, Math.floor(usedBytes(bytes) / page)) * page;
      bytes.fill(0, at, at + page);
      writeFileSync(path, bytes);
      return `at ${String(at)}`;
    },
  ],
  [
    'a torn page',
    (path, random) => {
      const bytes = readFileSync(path);
      if (!isDatabase(path) || bytes.length < 2 * page) return undefined;
      const at = between(random, bytes.length / page) * page;
      const from = between(random, bytes.length / page) * page;
      if (at === from) return undefined;
      const sectors = 1 + between(random, 7);
      bytes.copy(bytes, at, from, from + sectors * 512);
      writeFileSync(path, bytes);
      return `${String(sectors)} sectors at ${String(at)} from ${String(from)}`;
    },
  ],
  [
    'a page in the wrong place',
    (path, random) => {
      const bytes = readFileSync(path);
      if (!isDatabase(path) || bytes.length < 2 * page) return undefined;
      const at = between(random, bytes.length / page) * page;
      const from = between(random, bytes.length / page) * page;
      if (at === from) return undefined;
      bytes.copy(bytes, at, from, from + page);
      writeFileSync(path, bytes);
      return `at ${String(at)} from ${String(from)}`;
    },
  ],
  [
    'a truncated file',
    (path, random) => {
      const { size } = statSync(path);
      const used = usedBytes(readFileSync(path));
      if (used < 2) return undefined;
      const keep = between(random, Math.min(size, used));
      truncateSync(path, keep);
      return `to ${String(keep)} of ${String(size)}`;
    },
  ],
  [
    'a missing file',
    (path) => {
      rmSync(path);
      return 'removed';
    },
  ],
  [
    'a file of another shard',
    (path, random, others) => {
      const same = others.filter((other) => other !== path && isDatabase(other));
      const other = same[between(random, same.length)];
      if (!isDatabase(path) || other === undefined) return undefined;
      writeFileSync(path, readFileSync(other));
      return `from ${other}`;
    },
  ],
]);

const equalRows = (one: Rows | undefined, other: Rows): boolean =>
  JSON.stringify(one, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)) ===
  JSON.stringify(other, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));

interface Outcome {
  readonly kind: 'refused' | 'noticed' | 'harmless';
  readonly findings: readonly string[];
}

async function examine(directory: string, template: Template): Promise<Outcome> {
  let db: TestDatabase;
  try {
    db = new TestDatabase(directory);
  } catch (error) {
    const { code, message } = error as PgError;
    const honest = error instanceof PgError && refusals.has(code);
    return { kind: 'refused', findings: honest ? [] : [`refused with ${String(code)}: ${message}`] };
  }
  const findings: string[] = [];
  let noticed = false;
  const attempt = async (what: string, run: () => Promise<string | undefined>): Promise<void> => {
    try {
      const wrong = await run();
      if (wrong !== undefined) findings.push(`${what}: ${wrong}`);
    } catch (error) {
      const { code, message } = error as PgError;
      if (error instanceof PgError && code === 'XX001') noticed = true;
      else findings.push(`${what}: ${String(code)} ${message}`);
    }
  };
  for (const name of tables) {
    const expected = template.rows.get(name) ?? [];
    await attempt(name, async () => (equalRows(await db.rows(name), expected) ? undefined : 'wrong rows'));
    await attempt(`writing ${name}`, async () => {
      const changed = await db.execute(
        db.updateTask(name, name === 'document' ? 'body' : name === 'rate' ? 'value' : 'balance', name === 'document' ? `'new'` : '-1', 'id < 5'),
      );
      return changed === expected.filter(([id]) => Number(id) < 5).length ? undefined : `${String(changed)} rows written`;
    });
  }
  db.reader.shutdown();
  await attempt('stopping', async () => {
    await db.lane.shutdown();
    return undefined;
  });
  return { kind: noticed ? 'noticed' : 'harmless', findings };
}

export async function corruptionRun(options: {
  readonly seed: number;
  readonly rounds: number;
  readonly log?: (line: string) => void;
}): Promise<CorruptionResult> {
  const random = seededRandom(options.seed);
  const templates = await makeTemplates(random);
  const counts = { refused: 0, noticed: 0, harmless: 0 };
  const kinds = new Map<string, { rounds: number; noticed: number }>();
  const findings: string[] = [];
  const names = [...damages.keys()];
  try {
    for (let round = 0; round < options.rounds; round++) {
      const template = templates[between(random, templates.length)] as Template;
      const directory = copyOf(template.directory);
      const files = filesUnder(directory)
        .filter((name) => !/(lock|lock\.pid|reserve|spare)$/.test(name))
        .map((name) => join(directory, name));
      let done: string | undefined;
      let kind = '';
      let path = '';
      while (done === undefined) {
        kind = names[between(random, names.length)] as string;
        path = files[between(random, files.length)] as string;
        // Most of the time where most of the data is.
        if (!isDatabase(path) && random() < 0.3) continue;
        done = (damages.get(kind) as Damage)(path, random, files);
      }
      const outcome = await examine(directory, template);
      rmSync(directory, { recursive: true, force: true });
      counts[outcome.kind]++;
      const label = `${kind} (${path.slice(path.lastIndexOf('.'))})`;
      const count = kinds.get(label) ?? { rounds: 0, noticed: 0 };
      count.rounds++;
      if (outcome.kind !== 'harmless') count.noticed++;
      kinds.set(label, count);
      const story = `round ${String(round)}, ${template.name}: ${kind} in ${path.slice(directory.length + 1)} (${done})`;
      options.log?.(`${story}: ${outcome.kind}`);
      for (const finding of outcome.findings) findings.push(`${story}: ${finding}`);
    }
  } finally {
    for (const { directory } of templates) rmSync(directory, { recursive: true, force: true });
  }
  return { rounds: options.rounds, ...counts, findings, kinds };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '500' }, verbose: { type: 'boolean', default: false } },
  });
  const result = await corruptionRun({
    seed: Number(values.seed),
    rounds: Number(values.rounds),
    ...(values.verbose ? { log: (line: string) => process.stdout.write(`${line}\n`) } : {}),
  });
  for (const [kind, { rounds, noticed }] of [...result.kinds].sort()) process.stdout.write(`${kind}: ${String(noticed)} of ${String(rounds)} noticed\n`);
  process.stdout.write(
    `${String(result.rounds)} rounds, seed ${values.seed}: ${String(result.refused)} refused at the start, ${String(result.noticed)} noticed by statements, ${String(result.harmless)} answered right\n`,
  );
  for (const finding of result.findings) process.stdout.write(`FINDING ${finding}\n`);
  process.exitCode = result.findings.length === 0 ? 0 : 1;
}

if (process.argv[1]?.endsWith('corruption.ts') === true) await main();
