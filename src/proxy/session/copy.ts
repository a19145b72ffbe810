/**
 * COPY: from the client into a table, and from a table or query to the client.
 */
import { plainSelect } from '../../sql/build.js';
import { rootOf } from '../../catalog/partition.js';
import type { Column, Table } from '../../catalog/table.js';
import { hasActiveTriggers } from '../../catalog/trigger.js';
import { shardOfHash } from '../../catalog/shard-group.js';
import { PgError } from '../../common/errors.js';
import type { BatchStream } from '../../executor/merge-streams.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { Landed, LogicalNode } from '../../plan/logical.js';
import { collectColumns, mapChildren, mapNodeExpressions, rewritePlan, substituteColumns } from '../../plan/walk.js';
import { columnRef } from '../../plan/build.js';
import { bindStandaloneExpression } from '../../planner/bind/bind.js';
import { columnDeclaration, columnScale } from '../../planner/sqlite/column-declaration.js';
import type * as ast from '../../sql/ast.js';
import { placementHash32 } from '../../types/hash.js';
import { numericTextToDecimal } from '../../types/numeric-codec.js';
import { requireType } from '../../types/registry.js';
import type { CopyPortion } from '../../storage/ports.js';
import { RowWriter } from '../../types/row-codec.js';
import type { SqlValue, TypeContext } from '../../types/value.js';
import { type CopyPosition, inCopy } from '../copy/copy-context.js';
import { type CopyOptions, forcedColumns, readCopyOptions } from '../copy/copy-options.js';
import { createCopyFormatter, joinedMessages } from '../copy/copy-out.js';
import { createCopyParser } from '../copy/create-copy-parser.js';
import { fieldReader, RawText } from '../copy/field-readers.js';
import { FileOutput } from './copy-file.js';
import { compileMutation, compileStatement } from './compile.js';
import { arrayStream, awaitNewerCatalog, type Delivery, noParameters, openQuery, replanAfter, requireAllowed, runMutation, runSteps } from './run-query.js';
import type { CopyInput, ExecuteOutput } from './session.js';
import type { SessionCore } from './session-core.js';
import { requireCopyInto, requirePredefined } from './session-rights.js';
import type { ShoalSession } from './shoal-session.js';

/** Rows are sent to the lane in portions of about this many bytes. */
const portionBytes = 1 << 20;

export async function runCopy(session: ShoalSession, statement: ast.Copy, output: ExecuteOutput): Promise<string> {
  const { endpoint, direction } = statement;
  if (endpoint.kind !== 'standard') {
    const [role, what] =
      endpoint.kind === 'program'
        ? ['pg_execute_server_program', 'to or from an external program']
        : direction === 'from'
          ? ['pg_read_server_files', 'from a file']
          : ['pg_write_server_files', 'to a file'];
    requirePredefined(
      session.core,
      role,
      `must be superuser or have privileges of the ${role} role to COPY ${what}`,
      "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
    );
  }
  if (statement.endpoint.kind === 'program') throw new PgError('0A000', 'COPY to or from an external program is not supported', { hint: "Use psql's \\copy." });
  const options = readCopyOptions(statement.options, statement.direction);
  const copy = statement.direction === 'from' ? copyFrom : copyTo;
  if (statement.endpoint.kind !== 'file') return copy(session, statement, options, output);
  const file = FileOutput.open(statement.endpoint.name, statement.direction);
  try {
    return await copy(session, statement, options, file.over(output));
  } finally {
    file.close();
  }
}

function tableOf(session: ShoalSession, name: ast.QualifiedName): Table {
  const { catalog, searchPath } = session.core;
  const relation = name.schema === undefined ? catalog.find(searchPath, name.name) : catalog.relation(name.schema, name.name);
  if (relation === undefined)
    throw new PgError('42P01', `relation "${name.schema === undefined ? name.name : `${name.schema}.${name.name}`}" does not exist`).at(name.position);
  // To COPY a partition is its root's table in its own shape.
  if (relation.kind === 'partition') return { ...rootOf(catalog, relation), schema: relation.schema, name: relation.name, columns: relation.columns };
  if (relation.kind !== 'table')
    throw new PgError('42809', `cannot copy ${relation.kind === 'view' ? 'to or from' : 'to or from'} ${relation.kind} "${relation.name}"`, {
      hint: 'Try the COPY (SELECT ...) TO variant.',
    });
  return relation;
}

function listedColumns(table: Table, names: readonly string[]): readonly Column[] {
  if (names.length === 0) return table.columns.filter((column) => column.generated === undefined);
  const seen = new Set<string>();
  return names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new PgError('42703', `column "${name}" of relation "${table.name}" does not exist`);
    if (column.generated !== undefined)
      throw new PgError('42P10', `column "${name}" is a generated column`, { detail: 'Generated columns cannot be used in COPY.' });
    if (seen.has(name)) throw new PgError('42701', `column "${name}" specified more than once`);
    seen.add(name);
    return column;
  });
}

// ---- out ----

/** The rows of a query, or those that a statement which changes data returns. */
async function openRows(core: SessionCore, statement: ast.Statement, delivery: Delivery): Promise<BatchStream> {
  let exactNumeric = false;
  for (let attempt = 0; ; attempt++) {
    const compiled = compileStatement(statement, { ...core.compileOptions([]), exactNumeric });
    try {
      if (compiled.kind === 'query') return await openQuery(core, compiled, noParameters, delivery);
      const run = compiled.kind === 'steps' ? runSteps(core, compiled, noParameters, delivery) : runMutation(core, compiled, noParameters, delivery);
      const { returning, returningRows } = await run;
      return arrayStream(returning, returningRows);
    } catch (error) {
      exactNumeric = await replanAfter(core, error, attempt, compiled.catalog.version, exactNumeric);
    }
  }
}

async function copyTo(session: ShoalSession, statement: ast.Copy, options: CopyOptions, output: ExecuteOutput): Promise<string> {
  const { core } = session;
  let query: ast.Statement;
  let names: readonly string[];
  if (statement.source.kind === 'table') {
    const relation =
      statement.source.name.schema === undefined
        ? core.catalog.find(core.searchPath, statement.source.name.name)
        : core.catalog.relation(statement.source.name.schema, statement.source.name.name);
    if (relation?.kind === 'view') throw new PgError('42809', `cannot copy from view "${relation.name}"`, { hint: 'Try the COPY (SELECT ...) TO variant.' });
    const table = tableOf(session, statement.source.name);
    if (relation?.kind === 'table' && relation.partitioning !== undefined)
      throw new PgError('42809', `cannot copy from partitioned table "${relation.name}"`, { hint: 'Try the COPY (SELECT ...) TO variant.' });
    names = listedColumns(table, statement.source.columns).map((column) => column.name);
    query = plainSelect(
      names.map((name) => ({ expression: { kind: 'column', parts: [name] } })),
      // (A partition's rows are those of its partitions.)
      [{ kind: 'table', name: { schema: table.schema, name: table.name }, only: relation?.kind === 'table' }],
    );
  } else {
    ({ query } = statement.source);
    names = [];
  }
  const compiled = compileStatement(query, core.compileOptions([]));
  if (compiled.columns === undefined) throw new PgError('0A000', 'COPY query must have a RETURNING clause');
  if (names.length === 0) names = compiled.columns.map((column) => column.name);
  const forceQuote = forcedColumns(options.forceQuote, 'FORCE_QUOTE', names, names, statement.source.kind === 'table' ? statement.source.name.name : '');
  const stream = await openRows(core, query, {
    kind: 'copy',
    format: { format: options.format, delimiter: options.delimiter, nullText: options.nullString, quote: options.quote, escape: options.escape, forceQuote },
  });
  let count = 0;
  try {
    output.copyOut({ format: options.format === 'binary' ? 1 : 0, columnCount: names.length });
    // The rows come formatted from the scan threads; what stands before and behind them is made here.
    const frame = createCopyFormatter(options, names);
    frame.begin();
    let head = frame.take();
    if (options.format !== 'binary' && head.length > 0) await output.copyData(head);
    // PostgreSQL sends the binary signature in the first row's message, and clients read row by row.
    const put = async (bytes: Uint8Array): Promise<void> => {
      const whole = options.format === 'binary' && head.length > 0 ? joinedMessages(head, bytes) : bytes;
      head = new Uint8Array(0);
      await output.copyData(whole);
      output.release?.(whole);
    };
    for (;;) {
      const batch = await stream.pull(0);
      if (batch.rows > 0 && batch.bytes !== undefined) {
        count += batch.rows;
        await put(batch.bytes);
      }
      if (batch.done) break;
      core.checkCancel();
    }
    frame.finish();
    if (frame.size > 0) await put(frame.take());
  } finally {
    stream.close();
  }
  return `COPY ${String(count)}`;
}

// ---- in ----

/** From a field to the column's stored form. */
type Converter = (field: string) => SqlValue;

function textConverter(column: Column, context: TypeContext): Converter {
  const type = requireType(column.domainOid ?? column.typeOid);
  const scale = columnScale(column.typeOid, column.typmod);
  if (scale !== undefined) {
    return (field) => numericTextToDecimal(String(type.parse(field, column.typmod, context)), scale);
  }
  return (field) => type.parse(field, column.typmod, context);
}

/** The table, with a lock that keeps DDL off until the transaction ends: rows are parsed for the definition that it has now. */
async function lockedTable(session: ShoalSession, name: ast.QualifiedName): Promise<Table> {
  const { core } = session;
  const transaction = await core.laneTransaction();
  for (;;) {
    const { oid } = tableOf(session, name);
    await core.services.lane.lockTable({ transaction, tables: [{ oid, name: name.name }], mode: 'keyShare', nowait: false, lockTimeoutMs: core.lockTimeoutMs });
    core.services.refreshCatalog();
    const now = tableOf(session, name);
    if (now.oid === oid) return now;
  }
}

/** FREEZE is for tables that nobody else can see yet. */
function refuseFreeze(core: SessionCore, table: Table): void {
  if (table.partitioning !== undefined) throw new PgError('0A000', 'cannot perform COPY FREEZE on a partitioned table');
  if (core.transaction.kind === 'explicit' && core.services.catalog.relationByOid(table.oid) === undefined) return;
  if (core.transaction.truncated.has(table.oid)) return;
  throw new PgError('55000', 'cannot perform COPY FREEZE because the table was not created or truncated in the current subtransaction');
}

async function copyFrom(session: ShoalSession, statement: ast.Copy, options: CopyOptions, output: ExecuteOutput): Promise<string> {
  const { core } = session;
  core.requireWritable('COPY FROM');
  if (statement.source.kind !== 'table') throw new PgError('42601', 'COPY FROM needs a table');
  const table = await lockedTable(session, statement.source.name);
  const columns = listedColumns(table, statement.source.columns);
  requireCopyInto(
    core,
    table,
    columns.map((column) => column.attribute),
  );
  if (statement.where !== undefined) bindStandaloneExpression(statement.where, table, { kind: 'where' }, core.bindContext([]));
  if (options.freeze) refuseFreeze(core, table);
  const names = columns.map((column) => column.name);
  const tableNames = table.columns.map((column) => column.name);
  const context = core.context();
  const sink =
    statement.where === undefined && isPlain(table, columns) ? new PlainSink(session, table) : new InsertSink(session, table, columns, statement.where);
  const converters = columns.map((column) => textConverter(column, context));
  const types = columns.map((column) => requireType(column.domainOid ?? column.typeOid));
  // (Where a row belongs is computed from values.)
  const readers = columns.map((column, i) =>
    column.domainOid !== undefined || sink.keys.includes(i) ? undefined : fieldReader(column.typeOid, column.typmod),
  );
  const row = new Array<FieldValue>(columns.length);
  let lastLine = 0;
  /** Field i from what the parser has; an error says where it was. */
  const take = <F>(i: number, field: F | null | undefined, line: number, one: (field: F, i: number) => SqlValue): void => {
    try {
      if (field === null || field === undefined) {
        types[i]?.acceptNull?.();
        row[i] = null;
      } else row[i] = one(field, i);
    } catch (error) {
      throw error instanceof PgError
        ? inCopy(error, { table: table.name, line, column: names[i], value: typeof field === 'string' ? field : undefined })
        : error;
    }
  };
  const fromText = (field: string, i: number): SqlValue => (converters[i] as Converter)(field);
  const fromBinary = (field: Uint8Array, i: number): SqlValue => {
    const column = columns[i] as Column;
    const value = (types[i] as (typeof types)[number]).decodeBinary(field, column.typmod, context);
    const scale = columnScale(column.typeOid, column.typmod);
    return scale === undefined || value === null ? value : numericTextToDecimal(String(value), scale);
  };
  const parser = createCopyParser(
    {
      table: table.name,
      columns: names,
      options,
      forceNotNull: forcedColumns(options.forceNotNull, 'FORCE_NOT_NULL', names, tableNames, table.name),
      forceNull: forcedColumns(options.forceNull, 'FORCE_NULL', names, tableNames, table.name),
    },
    {
      text(fields, line) {
        lastLine = line;
        for (let i = 0; i < fields.length; i++) take(i, fields[i], line, fromText);
        sink.row(row, line);
      },
      plain(bytes, bounds, line) {
        lastLine = line;
        for (let i = 0; i < columns.length; i++) {
          const start = bounds[2 * i] as number;
          const end = bounds[2 * i + 1] as number;
          const value = end < 0 ? undefined : readers[i]?.(bytes, start, end);
          if (value !== undefined) row[i] = value;
          else take(i, end < 0 ? null : bytes.toString('utf8', start, end), line, fromText);
        }
        sink.row(row, line, bytes, bounds);
      },
      binary(fields, line) {
        lastLine = line;
        for (let i = 0; i < fields.length; i++) take(i, fields[i], line, fromBinary);
        sink.row(row, line);
      },
    },
  );
  const input = output.copyIn({ format: options.format === 'binary' ? 1 : 0, columnCount: columns.length });
  for await (const chunk of located(input, () => ({ table: table.name, line: lastLine + 1 }))) {
    core.checkCancel();
    parser.push(chunk);
    if (sink.bytes >= portionBytes) await sink.flush();
  }
  parser.end();
  await sink.finish();
  return `COPY ${String(sink.count)}`;
}

/** The input, whose failures (the client gives up) tell how far it had come. */
async function* located(input: CopyInput, position: () => CopyPosition): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    throw error instanceof PgError ? inCopy(error, position()) : error;
  }
}

/** COPY of every column, nothing to compute: rows go to the lane as they are. */
function isPlain(table: Table, columns: readonly Column[]): boolean {
  return (
    columns.length === table.columns.length &&
    columns.every((column, i) => column === table.columns[i]) &&
    table.checks.length === 0 &&
    table.partitioning === undefined &&
    !hasActiveTriggers(table) &&
    table.columns.every((column) => column.generated === undefined)
  );
}

/** A value, or the mark of a field whose bytes are the value. */
type FieldValue = SqlValue | RawText;

interface CopySink {
  readonly bytes: number;
  readonly count: number;
  /** Columns whose values it must have. */
  readonly keys: readonly number[];
  /** bytes, bounds: as CopyPlainRowReceiver's, for fields that are raw. */
  row(values: readonly FieldValue[], line: number, bytes?: Uint8Array, bounds?: Int32Array): void;
  flush(): Promise<void>;
  finish(): Promise<void>;
}

function writeRow(writer: RowWriter, values: readonly FieldValue[], bytes: Uint8Array | undefined, bounds: Int32Array | undefined): void {
  writer.beginRow(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as FieldValue;
    if (value instanceof RawText)
      writer.utf8(bytes as Uint8Array, (bounds as Int32Array)[2 * i] as number, (bounds as Int32Array)[2 * i + 1] as number, value.width);
    else writer.value(value);
  }
}

/** The rows of one shard, as they gather. */
class ShardRows {
  readonly writer = new RowWriter();
  /** Their places among all rows of the shipment. */
  readonly numbers: number[] = [];
}

class PlainSink implements CopySink {
  count = 0;
  bytes = 0;
  readonly keys: readonly number[];
  readonly #shards: (ShardRows | undefined)[] = [];
  readonly #shardOf: ((values: readonly FieldValue[]) => number) | undefined;
  #pending: Promise<unknown> | undefined;
  /** Where the rows of the shipment being filled came from. */
  #lines: number[] = [];

  constructor(
    private readonly session: ShoalSession,
    private readonly table: Table,
  ) {
    const { distribution } = table;
    this.keys =
      distribution.kind === 'reference' ? [] : distribution.columns.map((attribute) => table.columns.findIndex((column) => column.attribute === attribute));
    if (distribution.kind === 'distributed') {
      const group = session.core.catalog.group(distribution.group);
      const positions = this.keys;
      const oids = positions.map((position) => (table.columns[position] as Column).typeOid);
      const scales = positions.map((position) => {
        const column = table.columns[position] as Column;
        return columnScale(column.typeOid, column.typmod);
      });
      this.#shardOf = (values) =>
        shardOfHash(
          group,
          placementHash32(
            positions.map((position, i) => generalValue((values[position] ?? null) as SqlValue, scales[i])),
            oids,
          ),
        );
    }
  }

  row(values: readonly FieldValue[], line: number, bytes?: Uint8Array, bounds?: Int32Array): void {
    const shard = this.#shardOf === undefined ? 0 : this.#shardOf(values);
    const { writer, numbers } = (this.#shards[shard] ??= new ShardRows());
    if (this.#shardOf !== undefined) numbers.push(this.#lines.length);
    this.#lines.push(line);
    const before = writer.byteLength;
    writeRow(writer, values, bytes, bounds);
    this.bytes += writer.byteLength - before;
    this.count++;
  }

  /** One shipment is on its way while the next is parsed. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const { core } = this.session;
    const portions: CopyPortion[] = [];
    for (const [shard, rows] of this.#shards.entries()) {
      if (rows === undefined || rows.writer.rowCount === 0) continue;
      const count = rows.writer.rowCount;
      portions.push({ shard, count, bytes: rows.writer.finish(), ...(this.#shardOf === undefined ? {} : { numbers: Uint32Array.from(rows.numbers) }) });
      rows.numbers.length = 0;
    }
    this.bytes = 0;
    const lines = this.#lines;
    this.#lines = [];
    await this.#pending;
    const sending = core.services.lane.copyRows(
      {
        transaction: await core.laneTransaction(),
        context: core.context(),
        catalogVersion: core.catalog.version,
        tableOid: this.table.oid,
        portions,
        lockTimeoutMs: core.lockTimeoutMs,
      },
      portions.map(({ bytes }) => bytes.buffer as ArrayBuffer),
    );
    this.#pending = sending.catch((error: unknown) => {
      throw error instanceof PgError ? atLine(error, this.table.name, lines) : error;
    });
    this.#pending.catch(() => undefined); // Reported by the next flush.
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.#pending;
  }
}

function generalValue(value: SqlValue, scale: number | undefined): SqlValue {
  if (scale === undefined || value === null || typeof value === 'string') return value;
  const digits = String(value)
    .replace('-', '')
    .padStart(scale + 1, '0');
  const sign = Number(value) < 0 ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Rows land in a temporary table; INSERT ... SELECT computes defaults, generated columns and checks. */
class InsertSink implements CopySink {
  count = 0;
  readonly keys: readonly number[] = [];
  readonly #writer = new RowWriter(portionBytes);
  #lines: number[] = [];
  #portions = 0;
  readonly #triggered: boolean;

  constructor(
    private readonly session: ShoalSession,
    private readonly table: Table,
    private readonly columns: readonly Column[],
    private readonly where: ast.Expression | undefined,
  ) {
    this.#triggered = hasActiveTriggers(table);
  }

  /** (With triggers all rows are one portion: those of the statement fire once, those of rows after the last row.) */
  get bytes(): number {
    return this.#triggered ? 0 : this.#writer.byteLength;
  }

  row(values: readonly FieldValue[], line: number, bytes?: Uint8Array, bounds?: Int32Array): void {
    this.#lines.push(line);
    writeRow(this.#writer, values, bytes, bounds);
  }

  async flush(): Promise<void> {
    if (this.#writer.rowCount === 0 && !this.#triggered) return;
    const { core } = this.session;
    const bytes = this.#writer.finish();
    this.#writer.reset();
    const lines = this.#lines;
    this.#lines = [];
    const transaction = await core.laneTransaction();
    const name = `copy_${String(this.#portions++)}`;
    const names = this.columns.map((_, i) => `c${String(i + 1)}`);
    const types = this.columns.map((column) => columnDeclaration(column.typeOid, column.typmod));
    await core.services.lane.createLanding({ transaction, table: { name, columns: names, types, indexes: [] } });
    await core.services.lane.land({ transaction, table: name, bytes });
    try {
      this.count += await this.#run(name, names);
    } catch (error) {
      throw error instanceof PgError ? atLine(error, this.table.name, lines) : error;
    }
  }

  async finish(): Promise<void> {
    await this.flush();
  }

  /** Other tables may change their definition at any time; this one is locked. */
  async #run(landing: string, names: readonly string[]): Promise<number> {
    const { core } = this.session;
    for (let attempt = 0; ; attempt++) {
      core.services.refreshCatalog();
      const { version } = core.catalog;
      try {
        return (await runMutation(core, this.#insert(landing, names), noParameters, { kind: 'rows' })).count;
      } catch (error) {
        await awaitNewerCatalog(core, error, attempt, version);
      }
    }
  }

  /** The rows that WHERE lets through; `rows` yields the table's columns in order. */
  #wanted(rows: LogicalNode): LogicalNode {
    if (this.where === undefined) return rows;
    const { expression, columns } = bindStandaloneExpression(this.where, this.table, { kind: 'where' }, this.session.core.bindContext([]));
    const read = new Set<ColumnId>();
    collectColumns(expression, read);
    const generated = this.table.columns.find((column, i) => column.generated !== undefined && read.has((columns[i] as (typeof columns)[number]).id));
    if (generated !== undefined) {
      throw new PgError('42P10', 'generated columns are not supported in COPY FROM WHERE conditions', {
        detail: `Column "${generated.name}" is a generated column.`,
      });
    }
    const values = new Map<ColumnId, Expression>(columns.map((column, i) => [column.id, columnRef(rows.columns[i] as (typeof rows.columns)[number])]));
    return { kind: 'filter', input: rows, predicate: substituteColumns(expression, values), columns: rows.columns };
  }

  /** INSERT INTO t (columns) VALUES ($1, ...) with the parameters read from the landing table. */
  #insert(landing: string, names: readonly string[]): ReturnType<typeof compileMutation> {
    const { core } = this.session;
    const statement: ast.Insert = {
      kind: 'insert',
      table: { kind: 'table', name: { schema: this.table.schema, name: this.table.name }, only: false },
      columns: this.columns.map((column) => ({ name: column.name, indirection: [] })),
      overriding: 'system',
      source: {
        kind: 'select',
        orderBy: [],
        withTies: false,
        locking: [],
        body: { kind: 'values', rows: [this.columns.map((_, i) => ({ kind: 'parameter', number: i + 1 }))] },
      },
      returning: [],
    };
    const options = core.compileOptions(this.columns.map((column) => column.typeOid));
    const compiled = compileStatement(statement, { ...options, ignoresRules: true });
    if (compiled.kind !== 'mutation') throw new Error('assertion failed: an INSERT');
    requireAllowed(compiled);
    const landed: Landed = {
      kind: 'landed',
      table: landing,
      source: names,
      scales: this.columns.map((column) => columnScale(column.typeOid, column.typmod)),
      columns: this.columns.map((column, i) => ({ id: (1_000_000 + i) as ColumnId, name: column.name, type: { oid: column.typeOid, typmod: column.typmod } })),
    };
    const fromLanding = (e: Expression): Expression => {
      const column = e.kind === 'param' ? landed.columns[e.index - 1] : undefined;
      return column === undefined ? mapChildren(e, fromLanding) : { kind: 'column', id: column.id, name: column.name, type: column.type };
    };
    const source = rewritePlan(compiled.bound.mutation.source, (node): LogicalNode => {
      const replaced = mapNodeExpressions(node, fromLanding);
      if (replaced.kind !== 'values' || replaced.rows.length !== 1) return replaced;
      const rows: LogicalNode = { kind: 'project', input: landed, expressions: replaced.rows[0] ?? [], columns: replaced.columns };
      return this.#wanted(rows);
    });
    return compileMutation({ ...compiled.bound, mutation: { ...compiled.bound.mutation, source } }, options);
  }
}

/** The error with the line of the row that it came from. */
function atLine(error: PgError, table: string, lines: readonly number[]): PgError {
  const line = error.fields.portionRow === undefined ? undefined : lines[error.fields.portionRow];
  return line === undefined ? error : inCopy(error, { table, line });
}
