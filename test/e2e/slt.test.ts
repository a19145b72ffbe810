/** The sqllogictest files of test/slt, over reference tables and over distributed ones. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { parseSlt, runSlt } from '../support/slt-runner.js';
import { connect, startSubject, type Subject } from '../support/subject.js';

const root = fileURLToPath(new URL('../slt', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(test|slt)$/.test(name))
  .sort();

/** Distributes a new table by its primary key or its first column. */
function distributed(sql: string): string {
  if (!/^\s*CREATE TABLE\b/i.test(sql) || /\bPARTITION BY\b/i.test(sql)) return sql;
  const first = /\(\s*(\w+)/.exec(sql)?.[1];
  const key = /(\w+)\s+\w+\s+PRIMARY KEY/i.exec(sql)?.[1] ?? first;
  return `${sql} PARTITION BY HASH (${key}) WITH (shards = 4)`;
}

for (const mode of ['reference', 'distributed'] as const) {
  describe(`sqllogictest, ${mode} tables`, function () {
    this.timeout(120_000);
    let subject: Subject;
    let client: pg.Client;

    before(async function () {
      subject = await startSubject(this);
      client = await connect(subject.connection);
    });

    after(async () => {
      await client?.end();
      await subject?.stop();
    });

    for (const file of files) {
      it(file, async () => {
        const records = parseSlt(readFileSync(join(root, file), 'utf8'));
        const made = records.flatMap(({ sql }) => /^\s*CREATE (TABLE|VIEW)\s+(\w+)/i.exec(sql)?.slice(1, 3).join(' ') ?? []);
        const failures = await runSlt(client, records, mode === 'distributed' && !subject.isPostgres ? distributed : undefined);
        const drops = [...new Set(made)].reverse().map((what) => `DROP ${what.replace(' ', ' IF EXISTS ')}`);
        const left = await runSlt(
          client,
          drops.map((sql) => ({ kind: 'statement', line: 0, sql, error: undefined })),
        );
        const sample = [...failures.slice(0, 5), ...left].map(({ line, sql, problem }) => `${file}:${line}\n${sql}\n  ${problem}`);
        assert.equal(failures.length + left.length, 0, `${failures.length} of ${records.length} records failed\n${sample.join('\n')}`);
      });
    }
  });
}
