/**
 * `npm run differential -- --scripts [--refresh]`: the scripts of test/differential/scripts; --refresh lists what differs as known.
 * `npm run differential -- --seed N --count N [--only I] [--level 0..4] [--subject postgres] [--verbose]`: Shoal against PostgreSQL 15, statement by
 * statement, once with reference tables and once with distributed ones. Prints differences with the smallest statement found, then scores by feature.
 */
import { parseArgs } from 'node:util';
import { Postgres } from '../support/postgres.js';
import { Shoal } from '../support/shoal.js';
import { formatReport, runDifferential, type SubjectUnderTest } from './differential.js';
import { runScript, scriptNames, writeKnownDifferences } from './scripts.js';
import { shoalSubject } from './shoal-subject.js';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    seed: text,
    count: text,
    only: text,
    level: text,
    subject: text,
    sides: text,
    scripts: { type: 'boolean' },
    refresh: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
});
const number = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value));

const postgres = await Postgres.start();
if (values.scripts === true) process.exitCode = await scripts(values.refresh === true);
else process.exitCode = await generated();
await postgres.stop();

/** The number of scripts with differences becomes the exit status. */
async function scripts(refresh: boolean): Promise<number> {
  const all: Record<string, readonly string[]> = {};
  for (const name of scriptNames) {
    const shoal = await Shoal.start();
    const { statements, differences } = await runScript(name, await postgres.createDatabase(`script_${name}`), shoal.connection);
    await shoal.stop();
    console.log(`\n${name}: ${differences.length} of ${statements} statements differ`);
    for (const { statement, detail } of differences) console.log(`${statement}\n  -> ${detail}`);
    if (differences.length > 0) all[name] = differences.map(({ statement }) => statement);
  }
  if (refresh) writeKnownDifferences(all);
  return refresh ? 0 : Object.keys(all).length;
}

async function generated(): Promise<number> {
  const subjects: (SubjectUnderTest & { stop(): Promise<void> })[] = [];
  if (values.subject === 'postgres') {
    const connection = await postgres.createDatabase('subject');
    const nothing = async (): Promise<void> => await Promise.resolve();
    subjects.push({ name: 'PostgreSQL again', distributed: false, connection: async () => await Promise.resolve(connection), restart: nothing, stop: nothing });
  } else {
    for (const side of (values.sides ?? 'reference,distributed').split(',')) subjects.push(await shoalSubject(side === 'distributed'));
  }
  const seed = number(values.seed) ?? Math.floor(Math.random() * 1e9);
  const count = number(values.count) ?? 1000;
  const started = Date.now();
  const report = await runDifferential(await postgres.createDatabase('oracle'), subjects, {
    seed,
    count,
    only: number(values.only),
    level: number(values.level),
    shrinkTries: 200,
    log: (line) => console.log(`${line}\n`),
  });
  console.log(formatReport(report));
  if (values.verbose === true) for (const [reason, times] of report.missReasons) console.log(`PostgreSQL refused ${times} x ${reason}`);
  const failed = [...report.counts.values()].reduce((sum, value) => sum + value, 0);
  console.log(
    `\nseed ${seed}: ${report.statements} statements on ${subjects.length} subjects, ${failed} differences, ${report.misses} refused by PostgreSQL, ${Math.round((Date.now() - started) / 1000)} s`,
  );
  for (const subject of subjects) await subject.stop();
  return failed > 0 ? 1 : 0;
}
