/**
 * A session: implements the port of session.ts over the planner, the executor and the lane. It keeps statements, portals and the transaction; what single commands
 * do lives in files of their own beside this one.
 */
import { changedResultType, PgError } from '../../common/errors.js';
import { declaredOid } from '../../plan/build.js';
import { parse, type ParsedStatement } from '../../sql/parser.js';
import type { Table } from '../../catalog/table.js';
import type { Select, Statement } from '../../sql/ast.js';
import { typeByOid } from '../../types/registry.js';
import type { Mutation } from '../../plan/logical.js';
import type { CursorBatch } from '../../storage/ports.js';
import type { SqlValue } from '../../types/value.js';
import { decodeText } from '../wire/text.js';
import { type Compiled, type CompileOptions, compileStatement } from './compile.js';
import { isDdl, planDdl } from '../../planner/ddl/plan-ddl.js';
import { cursorRow, holdCursor, noteMoved, simpleFormats } from './cursor.js';
import { type CursorState, NamedObjects, SessionPortal, SessionStatement } from './portal.js';
import { RowSlicer } from './row-slicer.js';
import { readNow } from './short-query.js';
import { arrayStream, type MutationResult, noParameters, openQuery, type Parameters, replanAfter, runMutation, runSteps } from './run-query.js';
import { runActions } from './run-ddl.js';
import { compileCall } from './routines/call-statement.js';
import { fireDeferred } from './routines/deferred-triggers.js';
import { statementCalls } from './routines/statement-calls.js';
import {
  type ExecuteOutput,
  type ExecuteResult,
  expandFormats,
  type FormatCode,
  formatAt,
  type MaybePromise,
  type Portal,
  type PreparedStatement,
  type ResultColumn,
  type Session,
  type SessionEvents,
  type SessionStartup,
  type SimpleQueryOutput,
  type StatementDescription,
  type TransactionStatus,
} from './session.js';
import { SessionCore } from './session-core.js';
import type { FrontEndServices } from './services.js';
import { arePlain, type GenericUse } from './statement-cache.js';
import type { Notifications, SessionActivity } from './node-port.js';
import type { ListedSession } from './thread-sessions.js';
import { functionCallText, SingleField } from './function-call.js';
import { runUtility, utilityColumns } from './utility.js';
import { utilityParameters } from './utility-parameters.js';

export class ShoalSession implements Session, ListedSession {
  readonly core: SessionCore;
  readonly names = new NamedObjects();
  #closed = false;
  /** The call that is under way, for close() to wait for. */
  #running: Promise<unknown> | undefined;
  #interruption: Promise<void> | undefined;

  constructor(
    services: FrontEndServices,
    startup: SessionStartup,
    events: SessionEvents,
    /** Called once it has ended. */
    private readonly onClosed: () => void = () => undefined,
  ) {
    this.core = new SessionCore(services, startup, events);
    this.core.calls = statementCalls(this);
    services.sessions.add(this);
    this.core.objects = this.names.objects;
    this.core.interruption = () => this.#interruption;
  }

  // ---- what other sessions may ask (ListedSession) ----

  get processId(): number {
    return this.core.startup.processId;
  }

  get database(): string {
    return this.core.startup.database;
  }

  get services(): unknown {
    return this.core.services;
  }

  activity(): SessionActivity {
    return this.core.activity(this.#running !== undefined);
  }

  interrupt(): void {
    this.core.events.interrupt();
  }

  terminate(error: PgError): void {
    this.core.events.terminate(error);
  }

  get outlastsPrimary(): boolean {
    const { core } = this;
    if (this.#interruption !== undefined || core.hasSessionLocks) return false;
    const isIdle = this.#running === undefined && core.transaction.kind === 'none';
    if (!isIdle && !(core.mayBeginAgain && [...this.names.portals.values()].every(({ slicer }) => slicer === undefined))) return false;
    return !core.catalog.schemaExists(core.temporarySchema) && [...this.names.portals.values()].every(({ cursorState }) => cursorState?.held !== true);
  }

  follow(next: Promise<FrontEndServices>, lost: () => PgError): void {
    this.#interruption = next
      .then(
        (services) => {
          this.core.services = services;
        },
        () => {
          this.terminate(lost());
        },
      )
      .finally(() => {
        this.#interruption = undefined;
      });
  }

  get interruption(): Promise<void> | undefined {
    return this.#interruption;
  }

  notified({ processId, notifications }: Notifications): void {
    for (const { channel, payload } of notifications) {
      if (this.core.listening.has(channel)) this.core.events.notification(processId, channel, payload);
    }
  }

  reconfigured(before: ReadonlyMap<string, string>): void {
    this.core.settings.reconfigured(before);
  }

  get reportedParameters(): ReadonlyMap<string, string> {
    return this.core.reported;
  }

  async #tracked<T>(call: Promise<T>): Promise<T> {
    this.#running = call;
    try {
      return await call;
    } finally {
      this.#running = undefined;
    }
  }

  // ---- simple protocol ----

  simpleQuery(text: string, output: SimpleQueryOutput): MaybePromise<void> {
    this.core.running(text);
    this.names.closePortal('');
    this.names.statements.delete('');
    const generic = this.core.services.statements.generic(text);
    if (generic !== undefined) this.core.tellOfLongNames(text);
    const statements = generic === undefined ? this.core.parse(text) : [{ statement: generic.generic.statement, text, start: 0 }];
    const [only] = statements;
    if (only === undefined) {
      output.empty();
      return undefined;
    }
    if (statements.length > 1) return this.#tracked(this.#simpleStatements(statements, output));
    const portal = only.statement.kind === 'select' && this.core.beginAtOnce(true) ? this.#portalOf(only, generic) : undefined;
    const batch = portal === undefined ? undefined : this.#readNow(portal);
    if (portal === undefined || batch === undefined) return this.#tracked(this.#onlyStatement(only, output, generic, portal));
    output.rowDescription(portal.columns ?? [], portal.resultFormats);
    const complete = (): void => {
      output.complete(this.#readIsDone(batch));
    };
    const written = batch.bytes === undefined ? undefined : output.rows(batch.bytes, batch.rows);
    return written === undefined ? complete() : this.#tracked(written.then(complete));
  }

  async #simpleStatements(statements: readonly ParsedStatement[], output: SimpleQueryOutput): Promise<void> {
    for (const [index, parsed] of statements.entries()) {
      this.core.transaction.isLast = false;
      this.core.transaction.sharesMessage = true;
      await this.#simpleStatement(parsed, index === statements.length - 1, output);
    }
  }

  /** portal: begun with `beginAtOnce`. */
  async #onlyStatement(parsed: ParsedStatement, output: SimpleQueryOutput, generic: GenericUse | undefined, portal?: SessionPortal): Promise<void> {
    this.core.transaction.isLast = true;
    this.core.transaction.sharesMessage = false;
    await this.#simpleStatement(parsed, true, output, generic, portal);
  }

  /** One statement of a Query message. The last one is told to be complete when what the message has done is committed, not before. */
  async #simpleStatement(parsed: ParsedStatement, endsMessage: boolean, output: SimpleQueryOutput, generic?: GenericUse, begun?: SessionPortal): Promise<void> {
    const tag = await this.#simpleTag(parsed, output, generic, begun);
    if (endsMessage) await this.#endImplicit();
    if (tag !== undefined) output.complete(tag);
  }

  async #simpleTag(
    parsed: ParsedStatement,
    output: SimpleQueryOutput,
    generic: GenericUse | undefined,
    begun: SessionPortal | undefined,
  ): Promise<string | undefined> {
    const { core } = this;
    this.#refuseInFailed(parsed.statement);
    core.beginStatement(begun !== undefined);
    try {
      const portal = begun ?? this.#portalOf(parsed, generic);
      let described = portal.columns === undefined;
      const describe = (): void => {
        if (!described && portal.columns !== undefined) output.rowDescription(portal.columns, portal.resultFormats);
        described = true;
      };
      const through: ExecuteOutput = {
        rows: (bytes, count) => {
          describe();
          return output.rows(bytes, count);
        },
        copyIn: (header) => output.copyIn(header),
        copyOut: (header) => output.copyOut(header),
        copyData: (bytes) => output.copyData(bytes),
        release: (bytes) => output.release?.(bytes),
      };
      const result = await this.#run(portal, 0, through);
      if (result.kind !== 'complete') return undefined;
      describe();
      return result.tag;
    } finally {
      core.endStatement();
    }
  }

  #portalOf(parsed: ParsedStatement, generic: GenericUse | undefined): SessionPortal {
    if (generic === undefined) return this.#simplePortal(parsed);
    return this.#genericPortal(parsed, generic) ?? this.#simplePortal(onlyStatement(parsed.text));
  }

  /** All rows of a portal that `beginAtOnce` has begun; undefined: it has to be run. */
  #readNow({ compiled, parameters, resultFormats }: SessionPortal): CursorBatch | undefined {
    return compiled?.kind === 'query' ? readNow(this.core, compiled, parameters, resultFormats) : undefined;
  }

  /** The tag of what `#readNow` has read. */
  #readIsDone({ rows }: CursorBatch): string {
    this.core.endStatement();
    return `SELECT ${String(rows)}`;
  }

  #simplePortal(parsed: ParsedStatement): SessionPortal {
    const compiled = this.#compile(parsed.statement, []);
    if (compiled.kind !== 'utility' && compiled.bound.parameterTypes.length > 0) throw new PgError('42P02', 'there is no parameter $1');
    const statement = new SessionStatement('', parsed.text, parsed.statement, [], compiled, [], this.core.compileKey);
    const formats = expandFormats(simpleFormats(this, parsed.statement), compiled.columns?.length ?? 0);
    return new SessionPortal('', statement, compiled, noParameters, formats, false);
  }

  /** The statement with its literals as parameters; undefined when that does not work, so that the literals' own errors are reported. */
  #genericPortal(parsed: ParsedStatement, { generic, values }: GenericUse): SessionPortal | undefined {
    try {
      const compiled = this.#compile(generic.statement, generic.parameterOids);
      const oids = this.#parameterOids(compiled, []);
      if (oids.length !== values.length || !arePlain(oids)) {
        generic.refused = true;
        return undefined;
      }
      const context = this.core.context();
      const converted = values.map((value, i): SqlValue => {
        if (typeof value === 'number') return value;
        const type = typeByOid(oids[i] as number);
        return type === undefined ? value : type.parse(value, -1, context);
      });
      const statement = new SessionStatement('', parsed.text, generic.statement, oids, compiled, oids, this.core.compileKey);
      return new SessionPortal('', statement, compiled, { values: converted, types: oids }, expandFormats([], compiled.columns?.length ?? 0), false);
    } catch (error) {
      if (error instanceof PgError) return undefined;
      throw error;
    }
  }

  // ---- compiling ----

  /** Compiles, or finds what was compiled before for the same statement. */
  #compile(statement: Statement, parameterOids: readonly number[], exactNumeric = false): Compiled {
    const { transaction, compileKey, services } = this.core;
    // (What a transaction's own DDL has made is nobody else's catalog.)
    if (transaction.catalog !== undefined || exactNumeric) return this.#compileAnew(statement, parameterOids, exactNumeric);
    const known = services.statements.compiled(statement, compileKey, parameterOids);
    if (known !== undefined) return known;
    const compiled = this.#compileAnew(statement, parameterOids, false);
    if (compiled.kind !== 'utility') services.statements.keep(statement, compileKey, parameterOids, compiled);
    return compiled;
  }

  #compileAnew(statement: Statement, parameterOids: readonly number[], exactNumeric: boolean): Compiled {
    switch (statement.kind) {
      case 'select':
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge':
        return compileStatement(statement, { ...this.#options(statement, parameterOids), exactNumeric });
      case 'call':
        return compileCall(this, statement, parameterOids);
      default:
        return {
          kind: 'utility',
          statement,
          columns: isDdl(statement) ? undefined : utilityColumns(this, statement),
          parameterOids: utilityParameters(this, statement, parameterOids) ?? parameterOids,
        };
    }
  }

  #options(statement: Statement, parameterOids: readonly number[]): CompileOptions {
    const options = this.core.compileOptions(parameterOids);
    // (On which row it stands is asked when the statement runs.)
    return isPositioned(statement) ? { ...options, bind: { ...options.bind, cursorRow: () => [] } } : options;
  }

  /** A cursor's query: if it reads one table row by row, its rows tell where they are. */
  compileCursor(query: Select, exactNumeric = false): Compiled {
    const options = this.core.compileOptions([]);
    return compileStatement(query, { ...options, bind: { ...options.bind, placesRows: true }, exactNumeric });
  }

  /** Compiles what a portal runs once more, or with the row on which a cursor stands now (WHERE CURRENT OF). */
  #compileRun(portal: SessionPortal, statement: Statement, exactNumeric: boolean): Compiled {
    if (portal.cursorState !== undefined && statement.kind === 'select') return this.compileCursor(statement, exactNumeric);
    if (!isPositioned(statement)) return this.#compile(statement, portal.source.parameterOids, exactNumeric);
    const options = this.core.compileOptions(portal.source.parameterOids);
    const bind = { ...options.bind, cursorRow: (cursor: string, table: Table) => cursorRow(this, cursor, table) };
    return compileStatement(statement, { ...options, bind, exactNumeric });
  }

  /** For commands that hold a statement inside (EXPLAIN, PREPARE, DECLARE, COPY). */
  compile(statement: Statement, parameterOids: readonly number[], exactNumeric = false): Compiled {
    return this.#compile(statement, parameterOids, exactNumeric);
  }

  #parameterOids(compiled: Compiled, declared: readonly number[]): readonly number[] {
    return compiled.kind === 'utility' ? (compiled.parameterOids ?? declared) : compiled.bound.parameterTypes.map(declaredOid);
  }

  // ---- extended protocol ----

  parse(name: string, text: string, parameterOids: readonly number[]): void {
    const statements = this.core.parse(text);
    if (statements.length > 1) throw new PgError('42601', 'cannot insert multiple commands into a prepared statement');
    if (name !== '' && this.names.statements.has(name)) throw new PgError('42P05', `prepared statement "${name}" already exists`);
    this.prepare(name, text, statements[0]?.statement, parameterOids);
  }

  prepare(name: string, text: string, statement: Statement | undefined, parameterOids: readonly number[], fromSql = false): SessionStatement {
    if (statement !== undefined) this.#refuseInFailed(statement);
    this.core.services.refreshCatalog();
    const compiled = statement === undefined ? undefined : this.#compile(statement, parameterOids);
    const oids = compiled === undefined ? [] : this.#parameterOids(compiled, parameterOids);
    const prepared = new SessionStatement(name, text, statement, parameterOids, compiled, oids, this.core.compileKey, fromSql);
    this.names.putStatement(prepared);
    return prepared;
  }

  getStatement(name: string): PreparedStatement {
    return this.names.statement(name);
  }

  describeStatement(statement: PreparedStatement): StatementDescription {
    const own = statement as SessionStatement;
    if (this.core.transaction.failed && own.compiled?.columns !== undefined) throw failedTransaction();
    this.refresh(own);
    return own.description;
  }

  /** Compiles anew after DDL or a change of settings that binding depends on. */
  refresh(statement: SessionStatement): void {
    if (statement.statement === undefined || statement.compiled === undefined) return;
    const key = this.core.compileKey;
    if (statement.compiledFor === key) return;
    const compiled = this.#compile(statement.statement, statement.parameterOids);
    if (shape(compiled.columns) !== shape(statement.compiled.columns)) throw changedResultType();
    statement.compiled = compiled;
    statement.compiledFor = key;
  }

  bind(
    portalName: string,
    statement: PreparedStatement,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    resultFormats: readonly FormatCode[],
  ): void {
    const own = statement as SessionStatement;
    if (own.statement !== undefined) this.#refuseInFailed(own.statement);
    this.refresh(own);
    own.count(this.core.planCacheMode);
    const values = this.#values(own, parameters, parameterFormats, portalName);
    this.#makePortal(portalName, own, { values, types: own.parameterOids }, expandFormats(resultFormats, own.compiled?.columns?.length ?? 0));
  }

  /** Parameters as values, by the statement's parameter types. */
  #values(
    own: SessionStatement,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    portalName?: string,
  ): readonly SqlValue[] {
    const context = this.core.inputContext(own.parameterOids);
    return parameters.map((bytes, i): SqlValue => {
      const oid = own.parameterOids[i] ?? 25;
      const type = typeByOid(oid);
      if (bytes === null) {
        type?.acceptNull?.();
        return null;
      }
      if (type === undefined) throw new PgError('42704', `cache lookup failed for type ${String(oid)}`);
      const isBinary = formatAt(parameterFormats, i) === 1;
      let text: string | undefined;
      try {
        if (isBinary) return type.decodeBinary(bytes, -1, context);
        text = decodeText(bytes);
        return type.parse(text, -1, context);
      } catch (error) {
        if (!(error instanceof PgError) || portalName === undefined) throw error;
        // (What the value is, is not told: log_parameter_max_length_on_error is 0.)
        const where = `${portalName === '' ? 'unnamed portal' : `portal "${portalName}"`} parameter $${String(i + 1)}${text === undefined ? '' : " = '...'"}`;
        throw new PgError(error.code, error.message, { ...error.fields, where });
      }
    });
  }

  #makePortal(name: string, statement: SessionStatement, parameters: Parameters, formats: readonly FormatCode[], cursor?: CursorState): SessionPortal {
    const portal = new SessionPortal(name, statement, statement.compiled, parameters, formats, cursor !== undefined, cursor);
    this.names.putPortal(portal);
    return portal;
  }

  /** A cursor made by DECLARE. */
  declareCursor(name: string, statement: SessionStatement, formats: readonly FormatCode[], state: CursorState, parameters = noParameters): SessionPortal {
    return this.#makePortal(name, statement, parameters, formats, state);
  }

  /** Takes the cursor's snapshot; an error belongs to the first FETCH. */
  async openCursor(portal: SessionPortal): Promise<void> {
    try {
      await this.#start(portal);
      portal.state = 'running';
    } catch (error) {
      if (!(error instanceof PgError) || portal.cursorState === undefined) throw error;
      portal.cursorState.failure = error;
    }
  }

  getPortal(name: string): Portal {
    return this.names.portal(name);
  }

  describePortal(portal: Portal): readonly ResultColumn[] | undefined {
    if (this.core.transaction.failed && portal.columns !== undefined) throw failedTransaction();
    return portal.columns;
  }

  execute(portal: Portal, maxRows: number, output: ExecuteOutput, isLast = false): MaybePromise<ExecuteResult> {
    const own = portal as SessionPortal;
    return this.#executeAtOnce(own, maxRows, output, isLast) ?? this.#execute(own, maxRows, output, isLast);
  }

  /** A query that can be answered at once. undefined: nothing was done. */
  #executeAtOnce(portal: SessionPortal, maxRows: number, output: ExecuteOutput, isLast: boolean): MaybePromise<ExecuteResult> | undefined {
    const { core } = this;
    const { compiled, state, cursor, source } = portal;
    if (compiled?.kind !== 'query' || state !== 'ready' || cursor || maxRows !== 0 || !core.beginAtOnce(isLast)) return undefined;
    core.running(source.text);
    const batch = this.#readNow(portal);
    if (batch === undefined) return undefined;
    portal.state = 'done';
    core.transaction.isPipelined = core.transaction.kind !== 'none';
    const complete = (): ExecuteResult => ({ kind: 'complete', tag: this.#readIsDone(batch) });
    const written = batch.bytes === undefined ? undefined : output.rows(batch.bytes, batch.rows);
    return written === undefined ? complete() : this.#tracked(written.then(complete));
  }

  async #execute(own: SessionPortal, maxRows: number, output: ExecuteOutput, isLast: boolean): Promise<ExecuteResult> {
    const { statement } = own.source;
    if (statement === undefined) return { kind: 'empty' };
    this.core.running(own.source.text);
    this.#refuseInFailed(statement);
    this.core.beginStatement();
    this.core.transaction.isLast = isLast;
    this.core.transaction.sharesMessage = false;
    if (own.state === 'done' && own.columns === undefined) throw new PgError('55000', `portal "${own.name}" cannot be run`);
    try {
      const result = await this.#tracked(this.#run(own, maxRows, output));
      if (statement.kind !== 'transaction') this.core.transaction.isPipelined = true;
      return result;
    } finally {
      this.core.endStatement();
    }
  }

  async callFunction(
    oid: number,
    parameters: readonly (Uint8Array | null)[],
    parameterFormats: readonly FormatCode[],
    resultFormat: FormatCode,
  ): Promise<Uint8Array | null> {
    if (this.core.transaction.failed) throw failedTransaction();
    this.core.services.refreshCatalog();
    const { text, argumentOids } = functionCallText(this.core.catalog, oid, parameters.length);
    this.core.running(text);
    const [parsed] = this.core.services.statements.parse(text);
    if (parsed === undefined) throw new Error('assertion failed: a statement');
    const compiled = this.#compile(parsed.statement, argumentOids);
    const prepared = new SessionStatement('', text, parsed.statement, argumentOids, compiled, argumentOids, this.core.compileKey);
    this.core.beginStatement();
    try {
      const values = this.#values(prepared, parameters, parameterFormats);
      const portal = new SessionPortal('', prepared, compiled, { values, types: argumentOids }, [resultFormat], false);
      const row = new SingleField();
      await this.#tracked(this.#run(portal, 0, row));
      return row.value;
    } finally {
      this.core.endStatement();
    }
  }

  closeStatement(name: string): void {
    this.names.statements.delete(name);
  }

  closePortal(name: string): void {
    this.names.closePortal(name);
  }

  sync(): MaybePromise<void> {
    const { kind } = this.core.transaction;
    if (kind === 'implicit') return this.#tracked(this.#endImplicit());
    // (What has been answered at once was a transaction of its own.)
    if (kind === 'none') this.#dropPortals();
    return undefined;
  }

  // ---- running ----

  /** Runs a portal on, at most `maxRows` rows (0: all). Also for EXECUTE and FETCH. */
  async run(portal: SessionPortal, maxRows: number, output: ExecuteOutput): Promise<ExecuteResult> {
    return this.#run(portal, maxRows, output);
  }

  /** A statement of a function's body that is no query. */
  async utility(statement: Statement, output: ExecuteOutput, portal: SessionPortal): Promise<string | ExecuteResult> {
    return runUtility(this, statement, output, portal);
  }

  async #run(portal: SessionPortal, maxRows: number, output: ExecuteOutput): Promise<ExecuteResult> {
    const { compiled } = portal;
    if (compiled === undefined) return { kind: 'empty' };
    if (compiled.kind === 'utility') {
      if (portal.state === 'done') return { kind: 'complete', tag: portal.tag };
      const tag = await runUtility(this, compiled.statement, output, portal);
      if (typeof tag !== 'string') return tag;
      portal.state = 'done';
      portal.tag = tag;
      return { kind: 'complete', tag };
    }
    if (portal.state === 'ready') {
      await this.#start(portal);
      portal.state = 'running';
    }
    return this.#deliver(portal, maxRows, output);
  }

  /** Opens the portal's rows; plans anew while the catalog changes under it. */
  async #start(portal: SessionPortal): Promise<void> {
    const { core } = this;
    core.transaction.used = true;
    let exact = false;
    for (let attempt = 0; ; attempt++) {
      const { source } = portal;
      if (source.statement !== undefined && isPositioned(source.statement)) portal.compiled = this.#compileRun(portal, source.statement, exact);
      const { compiled } = portal;
      if (compiled === undefined || compiled.kind === 'utility') throw new Error('assertion failed: a portal with rows');
      try {
        if (compiled.kind === 'query') {
          const withPlaces = (portal.cursorState?.places.length ?? 0) > 0;
          portal.slicer = new RowSlicer(await openQuery(core, compiled, portal.parameters, { kind: 'wire', formats: portal.resultFormats, withPlaces }));
          return;
        }
        if (compiled.kind === 'steps') {
          const { bound } = compiled;
          const result = await runSteps(core, compiled, portal.parameters, { kind: 'wire', formats: portal.resultFormats });
          portal.tag = bound.kind === 'query' ? '' : mutationTag(bound.mutation.kind, result.count);
          portal.slicer = returned(result);
          return;
        }
        const result = await runMutation(core, compiled, portal.parameters, { kind: 'wire', formats: portal.resultFormats });
        portal.tag = mutationTag(compiled.bound.mutation.kind, result.count);
        portal.slicer = returned(result);
        const positioned = positionOf(source.statement);
        if (positioned !== undefined && result.moved !== undefined) noteMoved(this, positioned, result.moved);
        return;
      } catch (error) {
        exact = await replanAfter(core, error, attempt, compiled.catalog.version, exact);
        const { statement } = portal.source;
        if (statement === undefined) throw error;
        const again = this.#compileRun(portal, statement, exact);
        if (shape(again.columns) !== shape(compiled.columns)) throw changedResultType();
        portal.compiled = again;
      }
    }
  }

  async #deliver(portal: SessionPortal, maxRows: number, output: ExecuteOutput): Promise<ExecuteResult> {
    const { slicer } = portal;
    let here = 0;
    if (slicer !== undefined) {
      for (;;) {
        const wanted = maxRows === 0 ? 0 : maxRows - here;
        if (maxRows !== 0 && wanted === 0) return { kind: 'suspended' };
        const portion = await slicer.next(wanted);
        if (portion === undefined) break;
        here += portion.rows;
        const written = output.rows(portion.bytes, portion.rows);
        if (written !== undefined) await written;
        output.release?.(portion.bytes);
        this.core.checkCancel();
      }
    }
    portal.state = 'done';
    portal.slicer?.close();
    portal.slicer = undefined;
    const { compiled } = portal;
    if (compiled?.kind === 'mutation' || (compiled?.kind === 'steps' && compiled.bound.kind === 'mutation'))
      return { kind: 'complete', tag: portal.columns === undefined ? portal.tag : portal.tag.replace(/\d+$/, String(here)) };
    return { kind: 'complete', tag: `SELECT ${String(here)}` };
  }

  // ---- transactions ----

  #refuseInFailed(statement: Statement): void {
    if (!this.core.transaction.failed) return;
    if (statement.kind === 'transaction') {
      const { kind } = statement.action;
      if (kind === 'commit' || kind === 'rollback' || kind === 'rollbackTo' || kind === 'prepare') return;
    }
    throw failedTransaction();
  }

  /** Ends a transaction that no BEGIN has opened. */
  async #endImplicit(): Promise<void> {
    if (this.core.transaction.kind !== 'implicit') return;
    await this.#beforeCommit();
    this.#dropPortals();
    await this.core.commit();
  }

  #dropPortals(): void {
    this.names.endTransaction();
  }

  /** What a commit does first: deferred triggers fire, cursors WITH HOLD read their rows, tables ON COMMIT are emptied or dropped. */
  async #beforeCommit(): Promise<void> {
    const { core } = this;
    if (core.transaction.deferredTriggers.length > 0) await fireDeferred(core, true);
    for (const portal of this.names.portals.values()) if (portal.cursorState?.hold === true) await holdCursor(this, portal);
    if (core.transaction.lane === undefined) return;
    for (const table of core.tablesOfTransactions) {
      const name = { schema: table.schema, name: table.name };
      const statement: Statement =
        table.onCommit === 'drop'
          ? { kind: 'drop', object: 'table', objects: [{ name: [table.schema, table.name] }], ifExists: true, cascade: true, concurrently: false }
          : { kind: 'delete', table: { kind: 'table', name, only: table.partitioning === undefined }, using: [], returning: [] };
      if (isDdl(statement)) await runActions(this, (context) => planDdl(statement, { ...context, isInternal: true, notice: () => undefined }));
      else await this.#runInternal(statement);
    }
  }

  async #runInternal(statement: Statement): Promise<void> {
    const compiled = this.#compile(statement, []);
    if (compiled.kind === 'mutation') await runMutation(this.core, compiled, noParameters, { kind: 'rows' });
  }

  /** COMMIT and ROLLBACK. */
  async endTransaction(commit: boolean): Promise<void> {
    try {
      if (commit) await this.#beforeCommit();
    } catch (error) {
      this.#dropPortals();
      await this.core.rollback();
      throw error;
    }
    this.#dropPortals();
    if (commit) await this.core.commit();
    else await this.core.rollback();
  }

  async statementFailed(_error: PgError): Promise<void> {
    const { transaction } = this.core;
    this.core.endStatement();
    if (transaction.kind === 'explicit') {
      transaction.failed = true;
      await this.core.releaseFailed();
      for (const portal of this.names.portals.values()) if (!portal.cursor) portal.close();
    } else {
      this.#dropPortals();
      await this.core.rollback();
    }
  }

  transactionStatus(): TransactionStatus {
    const { transaction } = this.core;
    if (transaction.kind !== 'explicit') return 'I';
    return transaction.failed ? 'E' : 'T';
  }

  cancel(): void {
    this.core.services.setCancel(this.core.cancelSlot, 1);
  }

  /** Drops what is in the session's schema of temporary tables, and the schema. Outside a transaction. */
  async dropTemporaryTables(schema = this.core.temporarySchema): Promise<void> {
    if (!this.core.services.catalog.schemaExists(schema)) return;
    this.core.beginStatement();
    try {
      const dropping: Statement = { kind: 'drop', object: 'schema', objects: [{ name: [schema] }], ifExists: true, cascade: true, concurrently: false };
      await runActions(this, (context) => planDdl(dropping, { ...context, isInternal: true, notice: () => undefined }));
      await this.core.commit();
    } catch (error) {
      await this.core.rollback();
      throw error;
    } finally {
      this.core.endStatement();
      this.core.stopIdleTimer();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.core.services.sessions.remove(this.processId);
    this.core.stopIdleTimer();
    this.cancel();
    // A statement that waits for a lock must have ended: it could still get it, and nobody would give it back.
    await this.#running?.catch(() => undefined);
    this.names.closePortals();
    // (Fails when the node of the database is lost, and what was open there with it.)
    await this.core.rollback().catch(() => undefined);
    await this.dropTemporaryTables().catch(() => undefined);
    await this.core.unlockAdvisory().catch(() => undefined);
    this.core.services.giveCancelSlot(this.core.cancelSlot);
    this.onClosed();
  }
}

/** UPDATE or DELETE ... WHERE CURRENT OF. */
function isPositioned(statement: Statement): boolean {
  return positionOf(statement) !== undefined;
}

/** The cursor on whose row the statement works. */
function positionOf(statement: Statement | undefined): string | undefined {
  return (statement?.kind === 'update' || statement?.kind === 'delete') && statement.where?.kind === 'currentOf' ? statement.where.cursor : undefined;
}

/** The rows of RETURNING, if there are any. */
function returned({ returning, returningRows }: MutationResult): RowSlicer | undefined {
  return returningRows === 0 ? undefined : new RowSlicer(arrayStream(returning, returningRows));
}

function mutationTag(kind: Mutation['kind'], count: number): string {
  return kind === 'insert' ? `INSERT 0 ${String(count)}` : `${kind.toUpperCase()} ${String(count)}`;
}

function shape(columns: readonly ResultColumn[] | undefined): string {
  return columns === undefined ? '' : columns.map((column) => `${column.name}\u0000${String(column.typeOid)}\u0000${String(column.typmod)}`).join('\u0001');
}

function failedTransaction(): PgError {
  return new PgError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
}

/** A text that is known to hold one statement. */
function onlyStatement(text: string): ParsedStatement {
  const [only] = parse(text);
  if (only === undefined) throw new Error('assertion failed: a statement');
  return only;
}
