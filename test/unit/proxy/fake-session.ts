/**
 * An in-memory session with a toy language, for the tests of the wire: what the query loop asks of a session, and nothing of a database.
 *
 *   select 'x', $1 | rows N | wide N BYTES | begin | commit | rollback | fail CODE message | sleep MS | notice TEXT | set NAME VALUE | notify CHANNEL TEXT
 *   copy t from stdin | copy N to stdout | crash
 */
import { PgError } from '../../../src/common/errors.js';
import {
  expandFormats,
  formatAt,
  type ExecuteOutput,
  type ExecuteResult,
  type FormatCode,
  type Portal,
  type PreparedStatement,
  type ResultColumn,
  type Session,
  type SessionEvents,
  type SessionStartup,
  type SimpleQueryOutput,
  type StatementDescription,
  type TransactionStatus,
} from '../../../src/proxy/session/session.js';
import { decodeText } from '../../../src/proxy/wire/text.js';
import { defaultReportedParameters } from '../../../src/proxy/reported-parameters.js';

export const textColumn = (name: string): ResultColumn => ({ name, typeOid: 25, typmod: -1, typeLength: -1, tableOid: 0, columnNumber: 0 });

/** One DataRow message. */
export function dataRow(values: readonly (string | Uint8Array | null)[]): Buffer {
  const parts: Buffer[] = [];
  for (const value of values) {
    const length = Buffer.alloc(4);
    const bytes = value === null ? undefined : Buffer.from(value as string);
    length.writeInt32BE(bytes?.length ?? -1);
    parts.push(length, bytes ?? Buffer.alloc(0));
  }
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(7);
  head.write('D');
  head.writeInt32BE(body.length + 6, 1);
  head.writeInt16BE(values.length, 5);
  return Buffer.concat([head, body]);
}

interface FakeStatement extends PreparedStatement {
  readonly text: string;
}

interface FakePortal extends Portal {
  readonly statement: FakeStatement;
  readonly parameters: readonly (Uint8Array | null)[];
  readonly parameterFormats: readonly FormatCode[];
  position: number;
}

export class FakeSession implements Session {
  readonly reportedParameters: ReadonlyMap<string, string>;
  /** What happened, in order: for the tests' eyes. */
  readonly journal: string[] = [];
  readonly copied: Buffer[] = [];
  readonly #statements = new Map<string, FakeStatement>();
  readonly #portals = new Map<string, FakePortal>();
  #status: TransactionStatus = 'I';
  #implicit = false;
  #cancelled: (() => void) | undefined;

  constructor(
    readonly startup: SessionStartup,
    readonly events: SessionEvents,
  ) {
    this.reportedParameters = defaultReportedParameters(startup, true);
  }

  async simpleQuery(text: string, output: SimpleQueryOutput): Promise<void> {
    const statements = text
      .split(';')
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '');
    if (statements.length === 0) {
      output.empty();
      return;
    }
    for (const statement of statements) {
      this.#refuseWhenFailed(statement);
      const columns = this.#columns(statement);
      if (columns !== undefined) output.rowDescription(columns);
      output.complete(await this.#run(statement, [], [], 0, Infinity, output));
    }
    this.#endImplicit('commit');
  }

  parse(name: string, text: string, parameterOids: readonly number[]): void {
    this.#refuseWhenFailed(text);
    if (text.startsWith('syntax')) throw new PgError('42601', 'syntax error at or near "syntax"', { position: 1 });
    if (name !== '' && this.#statements.has(name)) throw new PgError('42P05', `prepared statement "${name}" already exists`);
    const parameterCount = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
    const oids = Array.from({ length: parameterCount }, (_unused, index) => parameterOids[index] ?? 25);
    this.#statements.set(name, { text: text.trim(), isEmpty: text.trim() === '', description: { parameterOids: oids, columns: this.#columns(text.trim()) } });
  }

  getStatement(name: string): PreparedStatement {
    const statement = this.#statements.get(name);
    if (statement === undefined)
      throw new PgError('26000', name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`);
    return statement;
  }

  describeStatement(statement: PreparedStatement): StatementDescription {
    return statement.description;
  }

  bind(
    portalName: string,
    statement: PreparedStatement,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    resultFormats: readonly FormatCode[],
  ): void {
    const fake = statement as FakeStatement;
    this.#refuseWhenFailed(fake.text);
    const columns = fake.description.columns;
    this.#portals.set(portalName, {
      columns,
      resultFormats: expandFormats(resultFormats, columns?.length ?? 0),
      statement: fake,
      parameters,
      parameterFormats,
      position: 0,
    });
  }

  getPortal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new PgError('34000', `portal "${name}" does not exist`);
    return portal;
  }

  describePortal(portal: Portal): readonly ResultColumn[] | undefined {
    return portal.columns;
  }

  async execute(portal: Portal, maxRows: number, output: ExecuteOutput): Promise<ExecuteResult> {
    const fake = portal as FakePortal;
    this.#refuseWhenFailed(fake.statement.text);
    if (fake.statement.isEmpty) return { kind: 'empty' };
    this.#beginImplicit();
    const limit = maxRows === 0 ? Infinity : maxRows;
    const start = fake.position;
    const tag = await this.#run(fake.statement.text, fake.parameters, fake.parameterFormats, start, limit, output, (position) => {
      fake.position = position;
    });
    const total = /^rows (\d+)/.exec(fake.statement.text);
    if (total !== null && fake.position < Number(total[1])) return { kind: 'suspended' };
    return { kind: 'complete', tag };
  }

  callFunction(oid: number, parameters: readonly (Uint8Array | null)[]): Uint8Array | null {
    if (oid === 0) throw new PgError('42883', 'function with OID 0 does not exist');
    return parameters[0] ?? null;
  }

  closeStatement(name: string): void {
    this.#statements.delete(name);
  }

  closePortal(name: string): void {
    this.#portals.delete(name);
  }

  sync(): void {
    this.journal.push('sync');
    this.#endImplicit('commit');
  }

  statementFailed(error: PgError): void {
    this.journal.push(`failed ${error.code}`);
    if (this.#status === 'T') this.#status = 'E';
    this.#endImplicit('rollback');
  }

  transactionStatus(): TransactionStatus {
    return this.#status;
  }

  cancel(): void {
    this.journal.push('cancel');
    this.#cancelled?.();
  }

  async close(): Promise<void> {
    this.journal.push('close');
    this.#cancelled?.();
    await Promise.resolve();
  }

  #beginImplicit(): void {
    if (this.#status === 'I' && !this.#implicit) {
      this.#implicit = true;
      this.journal.push('begin implicit');
    }
  }

  #endImplicit(how: string): void {
    if (this.#implicit) this.journal.push(`${how} implicit`);
    this.#implicit = false;
  }

  #refuseWhenFailed(text: string): void {
    if (this.#status === 'E' && !/^(rollback|commit)/.test(text.trim())) {
      throw new PgError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
    }
  }

  #columns(text: string): readonly ResultColumn[] | undefined {
    if (text.startsWith('select')) return text.split(',').map((_item, index) => textColumn(index === 0 ? '?column?' : `column${index + 1}`));
    if (text.startsWith('rows')) return [textColumn('number'), textColumn('name')];
    if (text.startsWith('wide')) return [textColumn('wide')];
    return undefined;
  }

  #cancellable(): { readonly cancelled: Promise<never>; readonly done: () => void } {
    let fail: (error: PgError) => void = () => undefined;
    const cancelled = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    cancelled.catch(() => undefined);
    this.#cancelled = () => {
      fail(new PgError('57014', 'canceling statement due to user request'));
    };
    return {
      cancelled,
      done: () => {
        this.#cancelled = undefined;
      },
    };
  }

  async #run(
    text: string,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    start: number,
    limit: number,
    output: ExecuteOutput,
    moved: (position: number) => void = () => undefined,
  ): Promise<string> {
    const words = text.split(/\s+/);
    const first = words[0] ?? '';
    const argument = words[1] ?? '';
    const rest = words.slice(2).join(' ');
    this.journal.push(text);
    switch (first) {
      case 'select': {
        const values = text
          .slice(7)
          .split(',')
          .map((item) => item.trim())
          .map((item) => {
            const parameter = /^\$(\d+)$/.exec(item);
            if (parameter === null) return item.replace(/^'(.*)'$/s, '$1');
            const index = Number(parameter[1]) - 1;
            const value = parameters[index] ?? null;
            if (value === null) return null;
            return formatAt(parameterFormats, index) === 1 ? Buffer.from(value).toString('hex') : decodeText(value);
          });
        await output.rows(dataRow(values), 1);
        return 'SELECT 1';
      }
      case 'rows': {
        const total = Number(argument);
        const end = Math.min(total, start + limit);
        for (let index = start; index < end; index++) await output.rows(dataRow([String(index + 1), `row ${index + 1}`]), 1);
        moved(end);
        return `SELECT ${end - start}`;
      }
      case 'wide': {
        const row = dataRow(['x'.repeat(Number(rest))]);
        const { cancelled, done } = this.#cancellable();
        for (let index = 0; index < Number(argument); index++) {
          const taken = output.rows(Buffer.from(row), 1);
          if (taken instanceof Promise) await Promise.race([taken, cancelled]);
        }
        done();
        return `SELECT ${argument}`;
      }
      case 'begin':
        this.#status = 'T';
        return 'BEGIN';
      case 'commit':
      case 'rollback': {
        const tag = this.#status === 'E' ? 'ROLLBACK' : first.toUpperCase();
        this.#status = 'I';
        return tag;
      }
      case 'fail':
        throw new PgError(argument, rest, { detail: 'as asked', position: 1 });
      case 'crash':
        throw new Error('an internal fault');
      case 'sleep': {
        const { cancelled, done } = this.#cancellable();
        let timer: NodeJS.Timeout | undefined;
        try {
          await Promise.race([
            new Promise((resolve) => {
              timer = setTimeout(resolve, Number(argument));
            }),
            cancelled,
          ]);
        } finally {
          clearTimeout(timer);
          done();
        }
        return 'SLEEP';
      }
      case 'notice':
        this.events.notice({ severity: 'NOTICE', code: '00000', message: words.slice(1).join(' ') });
        return 'NOTICE';
      case 'set':
        this.events.parameterStatus(argument, rest);
        return 'SET';
      case 'notify':
        this.events.notification(this.startup.processId, argument, rest);
        return 'NOTIFY';
      case 'copy':
        return words[2] === 'from' ? await this.#copyIn(output) : await this.#copyOut(Number(argument), output);
      default:
        throw new PgError('42601', `syntax error at or near "${first}"`, { position: 1 });
    }
  }

  async #copyIn(output: ExecuteOutput): Promise<string> {
    let lines = 0;
    for await (const chunk of output.copyIn({ format: 0, columnCount: 2 })) {
      this.copied.push(Buffer.from(chunk));
      for (const byte of chunk) if (byte === 10) lines++;
      if (Buffer.from(chunk).includes('bad line')) throw new PgError('22P04', 'missing data for column "b"', { where: `COPY t, line ${lines}: "bad line"` });
    }
    return `COPY ${lines}`;
  }

  async #copyOut(count: number, output: ExecuteOutput): Promise<string> {
    output.copyOut({ format: 0, columnCount: 2 });
    for (let index = 0; index < count; index++) {
      const line = Buffer.from(`${index + 1}\trow ${index + 1}\n`);
      const head = Buffer.alloc(5);
      head.write('d');
      head.writeInt32BE(line.length + 4, 1);
      await output.copyData(Buffer.concat([head, line]));
    }
    return `COPY ${count}`;
  }
}
