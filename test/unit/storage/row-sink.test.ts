/** native/row-sink.c against the encoders in JavaScript: the same statements give the same bytes, batch by batch. */
import assert from 'node:assert/strict';
import type { CopyOutFormat, CursorBatch, CursorOutput, TaskContext, WireColumn } from '../../../src/storage/ports.js';
import { Reader } from '../../../src/storage/read/reader.js';
import { sinkLayout } from '../../../src/storage/read/sink-layout.js';
import { Oid } from '../../../src/types/oid.js';
import { seededRandom } from './random.js';
import { context, register, TestDatabase } from './support.js';

/** Statements whose rows must come in the order and number in which they come without the sink, with the number of their columns. */
const statements: readonly (readonly [number, string])[] = [
  [2, 'SELECT a, b FROM t'],
  [2, 'SELECT a, b FROM t ORDER BY b'],
  [2, 'SELECT a, b FROM t ORDER BY b DESC, a LIMIT 100'],
  [3, 'SELECT b, b, a FROM t WHERE b < 500 ORDER BY b + 0 LIMIT 10 OFFSET 7'],
  [2, 'SELECT a % 10, count(*) FROM t GROUP BY a % 10 ORDER BY 2 DESC, 1'],
  [1, 'SELECT a FROM t UNION ALL SELECT b FROM t WHERE b < 100'],
  [1, 'SELECT a % 7 FROM t UNION SELECT b FROM t WHERE b < 100 ORDER BY 1 DESC'],
  [1, 'SELECT DISTINCT a % 7 FROM t ORDER BY 1 DESC'],
  [2, 'WITH x AS (SELECT b FROM t WHERE b < 300 ORDER BY b DESC) SELECT x.b, t.a FROM x JOIN t ON t.a = x.b ORDER BY x.b DESC'],
  [2, 'VALUES (1, 2), (3, 4)'],
  [2, 'SELECT sum(a) OVER (ORDER BY b), b FROM t WHERE b < 200 ORDER BY b DESC'],
  [2, 'SELECT a, b FROM t ORDER BY abs(b - 250), a'],
  [1, 'SELECT a FROM t WHERE a < ?1 ORDER BY -a'],
  [5, "SELECT NULL, 1.5, x'00ff', 'text', 9007199254740993 FROM t WHERE a <= 3"],
];
const t = 'WITH RECURSIVE t(a, b) AS (SELECT 1, 7919 % 1000 UNION ALL SELECT a + 1, ((a + 1) * 7919) % 1000 FROM t WHERE a < 1000) SELECT * FROM ';

/** Values as SQLite literals, by type; each also comes as NULL. */
const literals: readonly (readonly [number, readonly string[], { readonly scale?: number }?])[] = [
  [Oid.int4, ['0', '-1', '2147483647', '-2147483648', '143', '144', '-16', '-17', '128', '-129', '32768']],
  [Oid.int8, ['9223372036854775807', '-9223372036854775808', '9007199254740993', '-9007199254740991', '10000000000']],
  [Oid.bool, ['0', '1']],
  [
    Oid.text,
    ["''", "'\\.'", "'a\tb\\c'", "'line\nnext\r'", '\'Grüße, "you"\'', "'N'", "'\\N'", 'char(8, 11, 12)', `'${'long '.repeat(30)}'`, `'${'é'.repeat(70)}'`],
  ],
  [Oid.bpchar, ["'ab  '"]],
  [Oid.numeric, ["'1.10'", "'NaN'", "'-0.5'"]],
  [Oid.numeric, ['0', '5', '-5', '123456', '-123456789012345678', '999999999999999999', "'NaN'"], { scale: 2 }],
  [Oid.numeric, ['0', '5', '-123456789012345678'], { scale: 18 }],
  [Oid.numeric, ['0', '-42'], { scale: 0 }],
  [Oid.float8, ['1.5', '-0.0', '2.0', '1e300', '9e999', '-9e999', "'NaN'", '0.1', '123456789.125']],
  [Oid.float4, ['1.5', "'NaN'"]],
  [Oid.date, ['0', '8765', '-730120', '-730119', '-800000', '2147483647', '-2147483648', '60', '-59', '100000000']],
  [Oid.timestamp, ['0', '1', '-1', '123456789000000', '-63113904000000001', '-70000000000000000', '9223372036854775807', '-9223372036854775808', '500000']],
  [Oid.timestamptz, ['0', '1700000000120000', '-70000000000000000', '9223372036854775807']],
  [Oid.time, ['0', '86399999999']],
  [Oid.interval, ["'1 2 3000000'"]],
  [Oid.uuid, ["x'00112233445566778899aabbccddeeff'"]],
  [Oid.bytea, ["x''", "x'00ff5c'"]],
  [Oid.json, ['\'{"a": "b\\\\c"}\'']],
];

const formats: readonly CopyOutFormat[] = [
  { format: 'text', delimiter: '\t', nullText: '\\N', quote: '"', escape: '"', forceQuote: [] },
  { format: 'text', delimiter: '-', nullText: '', quote: '"', escape: '"', forceQuote: [] },
  { format: 'csv', delimiter: ',', nullText: '', quote: '"', escape: '"', forceQuote: [] },
  { format: 'csv', delimiter: ';', nullText: 'N', quote: "'", escape: '\\', forceQuote: [false, true, true] },
  { format: 'binary', delimiter: '\t', nullText: '\\N', quote: '"', escape: '"', forceQuote: [] },
];

describe('the row sink', () => {
  const db = new TestDatabase();
  /** Reads with the encoders in JavaScript. */
  const short = new Reader({ layout: db.layout, register, shared: db.shared, short: true });
  after(async () => {
    short.shutdown();
    await db.close();
  });

  async function batches(reader: Reader, sql: string, output: CursorOutput, maxRows: number, task: TaskContext): Promise<readonly CursorBatch[]> {
    const params = sql.includes('?1') ? [50n] : [];
    const opened = await reader.open({ schemas: [], context: task, catalogVersion: db.lane.catalog.version, cursor: { sql, params, output }, maxRows });
    const taken = [opened.batch];
    while (taken.at(-1)?.done === false) taken.push(await reader.pull({ cursor: opened.cursor, maxRows }));
    return taken;
  }

  /** Bytes without what tells one kind of array from another. */
  function plain({ done, rows, bytes, partitions, keys }: CursorBatch): object {
    const hex = (part: Uint8Array | undefined): string | undefined => part && Buffer.from(part).toString('hex');
    return { done, rows, bytes: hex(bytes), partitions: partitions?.map(hex), keys: hex(keys) };
  }

  async function same(sql: string, output: CursorOutput, maxRows: number, task = context): Promise<void> {
    assert.ok(sinkLayout(output, task) !== undefined);
    const [sunk, encoded] = [await batches(db.reader, sql, output, maxRows, task), await batches(short, sql, output, maxRows, task)];
    assert.deepEqual(sunk.map(plain), encoded.map(plain));
  }

  for (const [columns, sql] of statements) {
    it(`gets the rows of ${sql}`, async () => {
      const whole = t + `(${sql})`;
      for (const maxRows of [0, 16]) await same(whole, { kind: 'rows', columns }, maxRows);
    });
  }

  const wire = (binary: boolean, from: readonly number[]): WireColumn[] =>
    from.map((at) => ({ typeOid: literals[at]?.[0] ?? 0, typmod: -1, binary, ...literals[at]?.[2] }));
  const outputs = (columns: (binary: boolean) => WireColumn[]): CursorOutput[] => [
    { kind: 'wire', columns: columns(false) },
    { kind: 'wire', columns: columns(true) },
    ...formats.map((format): CursorOutput => ({ kind: 'copy', columns: columns(format.format === 'binary'), format })),
  ];

  for (const [at, [typeOid, values, facts]] of literals.entries()) {
    it(`writes type ${String(typeOid)}${facts?.scale === undefined ? '' : ` of scale ${String(facts.scale)}`} as the encoders do`, async () => {
      const sql = `VALUES ${[...values, 'NULL'].map((value) => `(${value})`).join(', ')}`;
      for (const output of [...outputs((binary) => wire(binary, [at])), { kind: 'rows', columns: 1 } as const]) await same(sql, output, 0);
      for (const output of outputs((binary) => wire(binary, [at]))) await same(sql, output, 3, { ...context, timeZone: 'Europe/Berlin', dateStyle: 'German' });
    });
  }

  it('writes rows of many columns, with sort keys and by partition', async () => {
    const random = seededRandom(7);
    const chosen = Array.from({ length: 12 }, () => Math.floor(random() * literals.length));
    const row = (): string =>
      chosen
        .map((at) => {
          const values = literals[at]?.[1] ?? [];
          return random() < 0.2 ? 'NULL' : (values[Math.floor(random() * values.length)] ?? 'NULL');
        })
        .join(', ');
    const rows = Array.from({ length: 60 }, (_, at) => `(${String(at % 3)}, ${row()})`);
    const sql = `VALUES ${rows.join(', ')}`;
    await same(sql, { kind: 'partitioned', partitions: 4, columns: 12 }, 25);
    const names = Array.from({ length: 12 }, (_, at) => `column${String(at + 2)}`).join(', ');
    for (const output of outputs((binary) => wire(binary, chosen))) {
      await same(`SELECT ${names} FROM (${sql})`, output, 25);
      if (output.kind === 'wire') await same(`SELECT ${names}, column1, column5 FROM (${sql})`, { ...output, keys: 2 }, 25);
    }
  });

  it('gives the rows before a failure', async () => {
    const sql = `${t} (SELECT CASE WHEN a = 40 THEN abs(-9223372036854775807 - 1) ELSE a END FROM t)`;
    const output: CursorOutput = { kind: 'wire', columns: [{ typeOid: Oid.int8, typmod: -1, binary: false }] };
    for (const reader of [db.reader, short]) {
      const request = { schemas: [], context, catalogVersion: db.lane.catalog.version, cursor: { sql, params: [], output }, maxRows: 0 };
      const { cursor, batch } = await reader.open(request);
      assert.deepEqual([batch.done, batch.rows], [false, 39]);
      await assert.rejects(reader.pull({ cursor, maxRows: 0 }));
    }
  });
});
