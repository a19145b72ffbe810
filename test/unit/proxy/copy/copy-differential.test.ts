/** COPY against a real PostgreSQL 15, where there is one: the same bytes in, the same rows or the same error out; the same rows in, the same bytes out. */
import assert from 'node:assert/strict';
import type { Option } from '../../../../src/sql/ast.js';
import { sharedPostgres } from '../../../support/postgres.js';
import { message, query, RawClient } from '../raw-client.js';
import { type CopyOutcome, formatCopy, option, parseCopy, randomFrom, spell } from './copy-fixture.js';

const rounds = 400;
const textPieces = ['a', 'b', '\\N', '\\.', '\n\\.\n', '\\t', '\\x41', '\\101', '\\xc3\\xa9', 'é', '\\\n', '\\\t', '\r', '\\\\', 'NULL', '日本', '\t', '\\'];
const csvPieces = ['a', 'b', ',', '\n', '"', '""', '","', '\\', '\\.', '\n\\.\n', 'é', '\r\n', '\r', 'NULL', '日本', "'", ';'];
const valuePieces = ['a', ',', '"', '\\', '\n', '\r', '\t', '\b', '\f', '\v', '\x01', ' ', 'é', '日', '\\.', 'NULL', "'", ';', '|'];

describe('COPY as PostgreSQL does it', () => {
  let client: RawClient;

  before(async function () {
    const postgres = await sharedPostgres(this);
    client = await RawClient.ready(postgres.connection.port, { user: 'postgres', database: 'postgres' });
    await client.ask(query('create temp table t(a text, b text); create temp table one(a text)'));
  });
  after(() => {
    client?.close();
  });

  function failure(): CopyOutcome | undefined {
    const fields = client.report();
    if (fields.size === 0) return undefined;
    return { code: fields.get('C') ?? '', message: fields.get('M') ?? '', hint: fields.get('H'), where: fields.get('W') };
  }

  async function copyIn(table: string, options: readonly Option[], data: Buffer): Promise<CopyOutcome> {
    const list = options.length === 0 ? '' : `(${options.map(spell).join(', ')})`;
    client.received.length = 0;
    client.send(query(`truncate ${table}; copy ${table} from stdin ${list}`));
    await client.until('G');
    client.send(message('d', data), message('c'));
    await client.until('Z');
    const failed = failure();
    if (failed !== undefined) return failed;
    await client.ask(query(`select * from ${table} order by ctid`));
    return client.rows();
  }

  it(`reads ${rounds} random inputs alike`, async () => {
    const random = randomFrom(20);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const chance = (probability: number): boolean => random() < probability;
    for (let round = 0; round < rounds; round++) {
      const isCsv = chance(0.5);
      const options: Option[] = [];
      if (isCsv) options.push(option('format', 'csv'));
      if (isCsv && chance(0.2)) options.push(option('escape', '\\'));
      if (isCsv && chance(0.15)) options.push(option('force_not_null', ['a']));
      if (isCsv && chance(0.15)) options.push(option('force_null', ['a']));
      if (chance(0.2)) options.push(option('null', 'NULL'));
      if (chance(0.1)) options.push(option('header', 'true'));
      else if (chance(0.1)) options.push(option('header', 'match'));
      const [table, columns] = chance(0.3) ? (['one', ['a']] as const) : (['t', ['a', 'b']] as const);
      const lineEnd = pick(['\n', '\n', '\r\n', '\r']);
      const isWild = chance(0.4);
      const piece = (isQuoted: boolean): string => {
        const found = pick(isCsv ? csvPieces : textPieces);
        if (isWild) return found;
        if (isQuoted) return found.includes('"') ? '""' : found;
        return /[\n\r"\t,]|^\\$|\\\./.test(found) ? 'k' : found;
      };
      let data = '';
      for (let line = Math.floor(random() * 6); line > 0; line--) {
        data += columns
          .map(() => {
            const isQuoted = isCsv && chance(0.4);
            const text = Array.from({ length: Math.floor(random() * 4) }, () => piece(isQuoted)).join('');
            return isQuoted ? `"${text}"` : text;
          })
          .join(isCsv ? ',' : '\t');
        if (line > 1 || chance(0.7)) data += lineEnd;
      }
      const bytes = Buffer.from(data);
      const expected = await copyIn(table, options, bytes);
      for (const chunkBytes of [() => bytes.length + 1, () => 1, () => 1 + Math.floor(random() * 7)]) {
        assert.deepEqual(parseCopy(table, columns, options, bytes, chunkBytes), expected, `${options.map(spell).join(', ')}: ${JSON.stringify(data)}`);
      }
    }
  });

  it(`writes ${rounds} random tables alike, and reads them back in binary`, async () => {
    const random = randomFrom(21);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const chance = (probability: number): boolean => random() < probability;
    const binary = [option('format', 'binary')];
    for (let round = 0; round < rounds; round++) {
      const [table, columns] = chance(0.3) ? (['one', ['a']] as const) : (['t', ['a', 'b']] as const);
      const value = (): string | null => (chance(0.15) ? null : Array.from({ length: Math.floor(random() * 5) }, () => pick(valuePieces)).join(''));
      const rows = Array.from({ length: Math.floor(random() * 6) }, () => columns.map(value));
      assert.deepEqual(await copyIn(table, binary, formatCopy(table, columns, binary, rows)), rows);

      const format = pick(['text', 'csv', 'binary']);
      const options = [option('format', format)];
      if (format !== 'binary' && chance(0.3)) options.push(option('header', 'true'));
      if (format !== 'binary' && chance(0.3)) options.push(option('delimiter', pick([';', '|'])));
      if (format !== 'binary' && chance(0.3)) options.push(option('null', 'NULL'));
      if (format === 'csv' && chance(0.3)) options.push(option('escape', '\\'));
      if (format === 'csv' && chance(0.3)) options.push(option('force_quote', pick(['*', ['a']])));
      await client.ask(query(`copy ${table} to stdout (${options.map(spell).join(', ')})`));
      const expected = Buffer.concat(client.received.filter(({ type }) => type === 'd').map(({ body }) => body));
      const what = `${options.map(spell).join(', ')}: ${JSON.stringify(rows)}`;
      assert.equal(formatCopy(table, columns, options, rows).toString('latin1'), expected.toString('latin1'), what);
      if (format === 'binary')
        assert.deepEqual(
          parseCopy(table, columns, binary, expected, () => 3),
          rows,
        );
    }
  });
});
