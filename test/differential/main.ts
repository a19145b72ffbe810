/**
 * `npm run differential -- --seed N --count N [--only I] [--level 0..4] [--subject postgres] [--verbose]`: Shoal against PostgreSQL 15, statement by
 * statement, once with reference tables and once with distributed ones. Prints differences with the smallest statement found, then scores by feature.
 */
import { parseArgs } from 'node:util';
import { Postgres } from '../support/postgres.js';
import { formatReport, runDifferential, type SubjectUnderTest } from './differential.js';
import { shoalSubject } from './shoal-subject.js';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { seed: text, count: text, only: text, level: text, subject: text, sides: text, verbose: { type: 'boolean' } } });
const number = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value));

const postgres = await Postgres.start();
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
await postgres.stop();
process.exitCode = failed > 0 ? 1 : 0;
