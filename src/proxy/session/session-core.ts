/**
 * The state of one session and what every command needs of it: settings, transaction, task contexts, the lane's transaction on demand.
 */
import type { ExchangeReport } from '../../executor/execution-request.js';
import { SnapshotLookup } from '../../catalog/catalog-lookup.js';
import type { EnumType, UserType } from '../../catalog/user-type.js';
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Table } from '../../catalog/table.js';
import { wallMicros } from '../../common/clock.js';
import { notSupported, PgError } from '../../common/errors.js';
import { derived } from '../../common/rpc-parts.js';
import { temporarySchemaPrefix } from '../../planner/ddl/ddl.js';
import type { BindContext } from '../../planner/bind/context.js';
import { privilegeBits } from '../../catalog/acl.js';
import { privilegesOn, securableSchema, seesSettings } from '../../catalog/privileges.js';
import { seesAllSettings } from '../../functions/catalog/settings-of-few.js';
import * as catalogRelations from '../../catalog/pg-catalog/registry.js';
import { parse, parseExpression, type ParsedStatement } from '../../sql/parser.js';
import type { Select, SetVariable } from '../../sql/ast.js';
import type { TaskContext } from '../../storage/ports.js';
import { typeByOid } from '../../types/registry.js';
import { firstUserOid, useTypes } from '../../types/user-types.js';
import type { TypeContext } from '../../types/value.js';
import type { CompiledMutation, CompiledRules, CompiledQuery, CompileOptions } from './compile.js';
import type { TypeRef } from '../../plan/expression.js';
import type { Mutation } from '../../plan/logical.js';
import type { ArgumentValue } from './routines/routine.js';
import { type LongName, longNames } from '../../sql/long-names.js';
import type { TriggerCall } from './plpgsql/run-body.js';
import type { RowFields } from './routines/conversion.js';
import type { Row } from './routines/row-set.js';
import type { Delivery, MutationResult, Parameters } from './run-query.js';
import { defaultReportedParameters } from '../reported-parameters.js';
import { commitServer, failServer, prepareServer, rollbackServer } from './server-changes.js';
import type { FrontEndServices } from './services.js';
import type { Notice, SessionEvents, SessionStartup } from './session.js';
import {
  parseSearchPath,
  requireChangeable,
  requireSettableName,
  type SettingDefinition,
  settingDefinition,
  settingText,
  SessionSettings,
} from './settings.js';
import { Listening } from './listening.js';
import { readStatementSettings, type StatementSettings } from './statement-settings.js';
import type { SessionActivity } from './node-port.js';
import type { FileSizes, NodeView, SessionObjects } from '../../catalog/pg-catalog/node-view.js';
import type { ReplicationView } from '../../catalog/pg-catalog/replication-view.js';
import { nowMicros, TransactionState } from './transaction-state.js';

/** The part of a task's context that changes with settings only. */
type ConstantContext = Omit<TaskContext, 'nowMicros' | 'transactionMicros' | 'statementMicros'>;

interface Derived {
  readonly definer: string | undefined;
  readonly revision: number;
  readonly catalog: CatalogSnapshot;
  readonly searchPath: readonly string[];
  readonly constant: ConstantContext;
  readonly compileKey: string;
}

/** Makes the calls of statements that were bound with `needs.bySession`. */
export interface StatementCalls {
  query(query: CompiledQuery, parameters: Parameters): Promise<CompiledQuery>;
  mutation(mutation: CompiledMutation, parameters: Parameters, delivery: Delivery): Promise<MutationResult>;
  /** What a statement has become by rules. */
  rewritten(rules: CompiledRules, kind: Mutation['kind'], parameters: Parameters, delivery: Delivery): Promise<MutationResult>;
  /** Fires a trigger: the row that it returns, null for none, undefined when its condition does not hold. */
  fire(call: TriggerCall): Promise<RowFields | null | undefined>;
  /** Calls a function of the database: its rows, null for one that is NULL as a whole. */
  routine(oid: number, args: readonly ArgumentValue[], outputs: readonly TypeRef[], whole: boolean): Promise<readonly (Row | null)[]>;
}

const typesThatReadNames = new Map<number, boolean>();

/** Whether the type's input looks names up: regclass and its kin, and their arrays. */
function readsNames(oid: number): boolean {
  let known = typesThatReadNames.get(oid);
  if (known === undefined) {
    known = /^_?reg/.test(typeByOid(oid)?.name ?? '');
    // (Users' types come and go.)
    if (oid < firstUserOid) typesThatReadNames.set(oid, known);
  }
  return known;
}

/** For so long a session may keep its thread from others. */
const breathMs = 10;

export class SessionCore {
  /** Set by the session, which they call back. */
  calls!: StatementCalls;
  /** The owner of the SECURITY DEFINER function that runs. */
  definer: string | undefined;
  /** How many functions are under way. */
  routineDepth = 0;
  /** A procedure that runs may end the transaction: neither a block nor a function is around it. */
  mayEndTransaction = false;
  readonly settings: SessionSettings;
  readonly transaction = new TransactionState();
  readonly cancelSlot: number;
  readonly reported: Map<string, string>;
  readonly listening = new Listening();
  /** What goes on in the node, for a statement that reads it. */
  nodeView: NodeView | undefined;
  /** The nodes that the last query has read on, if it was spread over several. */
  readOn: readonly string[] | undefined;
  /** What the exchanges of the last query have moved, by their number. */
  readonly exchanged = new Map<number, ExchangeReport>();
  /** The copies of databases, for a statement that reads of them. */
  replication: ReplicationView | undefined;
  /** Sizes of the files' parts, for a statement that reads them. */
  fileSizes: FileSizes | undefined;
  /** It may hold advisory locks beyond its transactions. */
  hasSessionLocks = false;
  /** Given by the session. */
  objects: SessionObjects | undefined;
  /** Given by the session: while it waits for its database's next primary. */
  interruption: (() => Promise<void> | undefined) | undefined;
  /** A read runs that is all of its transaction, and of which the client has seen nothing: should the primary be lost, it can begin again at the next one. */
  mayBeginAgain = false;
  readonly startedMicros = wallMicros();
  /** What it runs or has run last, and since when; since when it has been idle. */
  #query = '';
  #queryMicros: number | undefined;
  #stateMicros = this.startedMicros;
  #statementMicros = 0n;
  /** What follows from settings and catalog, as long as neither changes. */
  #derived: Derived | undefined;
  #statementSettings: StatementSettings | undefined;
  /** The last answer of `context`. */
  #context: { readonly constant: ConstantContext; readonly whole: TaskContext } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Between statements: ends a session that keeps silent for too long. */
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(
    /** Others once the database has another primary. */
    public services: FrontEndServices,
    readonly startup: SessionStartup,
    readonly events: SessionEvents,
  ) {
    this.settings = new SessionSettings(
      (definition, value) => {
        if (definition.name === 'role' || definition.name === 'session_authorization') this.#roleChanged();
        if (definition.reported !== true) return;
        this.reported.set(definition.name, value);
        events.parameterStatus(definition.name, value);
      },
      (key, value, definition) => {
        this.#requireSettable(key, value, definition);
      },
      (name) => {
        this.#tellOfCut(name);
      },
    );
    this.settings.setDefault('session_authorization', startup.user, 'override');
    this.settings.setDefault('is_superuser', this.isSuperuser ? 'on' : 'off', 'override');
    for (const { name, value, source } of startingSettings(services.catalog, startup)) {
      try {
        this.settings.setDefault(name, value, source);
      } catch (error) {
        if (!(error instanceof PgError)) throw error;
        this.events.notice({ severity: 'WARNING', code: error.code, message: error.message });
      }
    }
    if (startup.applicationName !== '') this.settings.setDefault('application_name', startup.applicationName, 'client');
    for (const [name, value] of startup.settings) this.settings.setDefault(name, value, 'client');
    // (After what may fail: nobody would give it back.)
    this.cancelSlot = services.takeCancelSlot();
    this.reported = new Map(defaultReportedParameters(startup, true));
    for (const name of this.reported.keys()) {
      const value = this.settings.get(name);
      if (value !== undefined) this.reported.set(name, value);
    }
  }

  /** The role whose privileges count: that of SET ROLE, or the session's. */
  get user(): string {
    if (this.definer !== undefined) return this.definer;
    const role = this.settings.get('role');
    return role === undefined || role === 'none' ? this.sessionUser : role;
  }

  /** That of SET SESSION AUTHORIZATION, or the one that has connected. */
  get sessionUser(): string {
    return this.settings.get('session_authorization') ?? this.startup.user;
  }

  get isSuperuser(): boolean {
    return this.catalog.role(this.user)?.superuser === true;
  }

  /** Schemas of the path that the role may not use are passed over. */
  #mayLookInto(name: string): boolean {
    const { catalog } = this;
    const role = catalog.role(this.user);
    if (role === undefined || role.superuser) return true;
    const schema = securableSchema(catalog, name);
    return schema === undefined || privilegesOn(catalog, role.oid, schema, privilegeBits.usage) !== 0;
  }

  get seesAllSettings(): boolean {
    return seesSettings(this.catalog, this.user);
  }

  #roleChanged(): void {
    this.settings.provide('is_superuser', this.isSuperuser ? 'on' : 'off');
  }

  /** SET ROLE, SET SESSION AUTHORIZATION and parameters of superusers. Source: check_role(), check_session_authorization(), set_config_option(). */
  #requireSettable(key: string, value: string | undefined, definition: SettingDefinition | undefined): void {
    const { roles } = this.catalog;
    if (key === 'role' || key === 'session_authorization') {
      if (this.definer !== undefined) throw new PgError('42501', `cannot set parameter "${key}" within security-definer function`);
      if (value === undefined || (key === 'role' && value === 'none')) return;
      const role = roles.named(value);
      if (role === undefined) throw new PgError('22023', `role "${value}" does not exist`);
      if (key === 'role') {
        const session = roles.named(this.sessionUser);
        if (session !== undefined && !roles.isMemberOf(session.oid, role.oid)) throw new PgError('42501', `permission denied to set role "${value}"`);
      } else if (value !== this.startup.user && roles.named(this.startup.user)?.superuser !== true)
        throw new PgError('42501', 'permission denied to set session authorization');
      return;
    }
    if (definition?.superuser === true && !this.isSuperuser) throw new PgError('42501', `permission denied to set parameter "${definition.name}"`);
  }

  /** The catalog as this session sees it: with its own uncommitted DDL. */
  get catalog(): CatalogSnapshot {
    return this.transaction.catalog ?? this.services.catalog;
  }

  /** Where this session's temporary tables are. */
  get temporarySchema(): string {
    return `${temporarySchemaPrefix}${String(this.startup.processId)}`;
  }

  /** Temporary tables of the session for which the end of a transaction does something. */
  get tablesOfTransactions(): readonly Table[] {
    const { catalog, temporarySchema } = this;
    if (!catalog.schemaExists(temporarySchema)) return [];
    return catalog.data.relations.filter(
      (relation): relation is Table => relation.kind === 'table' && relation.schema === temporarySchema && relation.onCommit !== undefined,
    );
  }

  get searchPath(): readonly string[] {
    return this.#settled.searchPath;
  }

  /** What a compiled statement depends on besides its text. */
  get compileKey(): string {
    return this.#settled.compileKey;
  }

  get #settled(): Derived {
    const { settings, catalog } = this;
    if (this.#derived?.revision === settings.revision && this.#derived.catalog === catalog && this.#derived.definer === this.definer) return this.#derived;
    const temporary = catalog.schemaExists(this.temporarySchema) ? [this.temporarySchema] : [];
    const named = parseSearchPath(settings.get('search_path') ?? '').flatMap((name) =>
      name === '$user' ? (catalog.schemaExists(this.user) ? [this.user] : []) : [name],
    );
    const searchPath = [...temporary, ...named.filter((name) => this.#mayLookInto(name))];
    const [style, order] = (settings.get('DateStyle') ?? 'ISO, MDY').split(', ');
    const constant: ConstantContext = {
      timeZone: settings.get('TimeZone') ?? 'UTC',
      dateStyle: (style ?? 'ISO') as TaskContext['dateStyle'],
      dateOrder: (order ?? 'MDY') as TaskContext['dateOrder'],
      intervalStyle: (settings.get('IntervalStyle') ?? 'postgres') as TaskContext['intervalStyle'],
      extraFloatDigits: Number(settings.get('extra_float_digits') ?? '1'),
      byteaOutput: (settings.get('bytea_output') ?? 'hex') as TaskContext['byteaOutput'],
      sessionUser: this.sessionUser,
      currentUser: this.user,
      database: this.startup.database,
      applicationName: settings.get('application_name') ?? '',
      backendPid: this.startup.processId,
      searchPath,
      settings: new Map([...settings.snapshot(), ...this.#facts()]),
      cancelSlot: this.cancelSlot,
    };
    const { timeZone, dateStyle, dateOrder, intervalStyle, extraFloatDigits, byteaOutput } = constant;
    this.#derived = {
      definer: this.definer,
      revision: settings.revision,
      catalog,
      searchPath,
      constant,
      compileKey: JSON.stringify([
        catalog.version,
        catalog.data.server.version,
        this.user,
        settings.get('row_security'),
        searchPath,
        timeZone,
        dateStyle,
        dateOrder,
        intervalStyle,
        extraFloatDigits,
        byteaOutput,
      ]),
    };
    return this.#derived;
  }

  /** Those that every statement asks for. */
  get #often(): StatementSettings {
    const { settings } = this;
    if (this.#statementSettings?.revision !== settings.revision) this.#statementSettings = readStatementSettings(settings);
    return this.#statementSettings;
  }

  /** What functions may ask of the session besides its settings: under names that no setting has. */
  #facts(): readonly (readonly [string, string])[] {
    const { startup, listening, services } = this;
    const facts: [string, string][] = [
      ['#listening', JSON.stringify(listening.channels)],
      ['#configuration_loaded', String(services.configuration.loadedMicros)],
    ];
    if (this.seesAllSettings) facts.push([seesAllSettings, 'on']);
    if (startup.clientAddress !== undefined) facts.push(['#client_address', startup.clientAddress.replace(/^::ffff:(?=\d+\.)/i, '')]);
    if (startup.clientPort !== undefined) facts.push(['#client_port', String(startup.clientPort)]);
    if (startup.serverAddress !== undefined) facts.push(['#server_address', startup.serverAddress.replace(/^::ffff:(?=\d+\.)/i, '')]);
    if (startup.serverPort !== undefined) facts.push(['#server_port', String(startup.serverPort)]);
    return facts;
  }

  // ---- a statement's frame ----

  /** The statement's clock starts (unless beginAtOnce has started it), old cancellations are forgotten, statement_timeout runs. */
  beginStatement(isBegun = false): void {
    this.stopIdleTimer();
    this.services.refreshCatalog();
    if (!isBegun) this.#statementMicros = nowMicros();
    if (this.transaction.kind === 'none') {
      this.transaction.kind = 'implicit';
      this.beginTransactionDefaults();
    }
    this.services.setCancel(this.cancelSlot, 0);
    const timeout = this.#often.statementTimeoutMs;
    if (timeout > 0) this.#timer = setTimeout(() => this.services.setCancel(this.cancelSlot, 2), timeout);
  }

  /**
   * As beginStatement, for a statement that is answered before the thread does anything else: no timer would go off meanwhile, and one that is all of its transaction needs
   * none begun. `isWhole`: it is, unless it is in a block. False: it needs all of beginStatement, which may follow in any case.
   */
  beginAtOnce(isWhole: boolean): boolean {
    const { transaction } = this;
    const { kind, isolation, lane } = transaction;
    if (kind === 'explicit') {
      if (isolation !== 'read committed' || lane !== undefined || transaction.failed || transaction.catalog !== undefined) return false;
    } else if (kind === 'implicit' || !isWhole || this.#often.otherThanDefault.length > 0) return false;
    this.stopIdleTimer();
    this.services.refreshCatalog();
    this.#statementMicros = nowMicros();
    if (kind === 'none') transaction.startMicros = this.#statementMicros;
    else transaction.used = true;
    this.services.setCancel(this.cancelSlot, 0);
    this.readOn = undefined;
    return true;
  }

  /** For pg_stat_activity: the text that runs from now on. */
  running(query: string): void {
    this.#query = query;
    this.#queryMicros = this.#stateMicros = wallMicros();
  }

  /** What the client has sent. */
  get query(): string {
    return this.#query;
  }

  activity(isActive: boolean): SessionActivity {
    const { startup, transaction } = this;
    return {
      processId: startup.processId,
      database: startup.database,
      databaseOid: this.services.databaseOid,
      user: startup.user,
      applicationName: this.settings.get('application_name') ?? '',
      clientAddress: startup.clientAddress,
      clientPort: startup.clientPort,
      encryption: startup.encryption,
      startedMicros: this.startedMicros,
      transactionMicros:
        transaction.kind === 'none'
          ? undefined
          : transaction.kind === 'explicit'
            ? Number(transaction.startMicros)
            : Math.min(Number(transaction.startMicros), this.#queryMicros ?? Infinity),
      queryMicros: this.#queryMicros,
      stateMicros: this.#stateMicros,
      state: isActive ? 'active' : transaction.kind !== 'explicit' ? 'idle' : transaction.failed ? 'idle in transaction (aborted)' : 'idle in transaction',
      query: this.#query,
      laneTransaction: transaction.lane,
      tableLocks: transaction.tableLocks,
    };
  }

  endStatement(): void {
    this.#stateMicros = wallMicros();
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#startIdleTimer();
  }

  #startIdleTimer(): void {
    this.stopIdleTimer();
    const inBlock = this.transaction.kind === 'explicit';
    const idle = inBlock ? this.#often.idleInTransactionMs : this.#often.idleSessionMs;
    if (idle <= 0) return;
    const [code, what] = inBlock ? ['25P03', 'idle-in-transaction'] : ['57P05', 'idle-session'];
    this.#idleTimer = setTimeout(() => {
      this.events.terminate(new PgError(code, `terminating connection due to ${what} timeout`, { severity: 'FATAL' }));
    }, idle);
  }

  stopIdleTimer(): void {
    if (this.#idleTimer !== undefined) clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
  }

  beginTransactionDefaults(): void {
    const { transaction, settings } = this;
    transaction.startMicros = this.#statementMicros === 0n ? nowMicros() : this.#statementMicros;
    const { isolation, readOnly, otherThanDefault } = this.#often;
    settings.push();
    transaction.isolation = isolation;
    transaction.readOnly = readOnly;
    // What SHOW and current_setting() see.
    for (const { name, value } of otherThanDefault) settings.set(name, value, true);
  }

  #breathedMs = 0;

  /**
   * To be awaited by what may go on for long without waiting for anything: every few milliseconds the thread turns to its other sessions, to timers and to cancel
   * requests. undefined: not yet.
   */
  breathe(): Promise<void> | undefined {
    const now = performance.now();
    if (now - this.#breathedMs < breathMs) return undefined;
    return new Promise((done) => {
      setImmediate(() => {
        this.#breathedMs = performance.now();
        done();
      });
    });
  }

  /** 57014 if the statement is to stop. */
  checkCancel(): void {
    const state = this.services.cancelState(this.cancelSlot);
    if (state !== 0) throw new PgError('57014', state === 2 ? 'canceling statement due to statement timeout' : 'canceling statement due to user request');
  }

  context(): TaskContext {
    const { constant } = this.#settled;
    useTypes(this.catalog.types, constant.searchPath);
    const { startMicros } = this.transaction;
    const known = this.#context;
    if (known?.constant === constant && known.whole.nowMicros === startMicros && known.whole.statementMicros === this.#statementMicros) return known.whole;
    // (Spelled out: spreading is several times as slow, and every statement needs one.)
    const moment = { nowMicros: startMicros, transactionMicros: startMicros, statementMicros: this.#statementMicros };
    const whole: TaskContext = {
      timeZone: constant.timeZone,
      dateStyle: constant.dateStyle,
      dateOrder: constant.dateOrder,
      intervalStyle: constant.intervalStyle,
      extraFloatDigits: constant.extraFloatDigits,
      byteaOutput: constant.byteaOutput,
      nowMicros: startMicros,
      transactionMicros: startMicros,
      statementMicros: this.#statementMicros,
      sessionUser: constant.sessionUser,
      currentUser: constant.currentUser,
      database: constant.database,
      applicationName: constant.applicationName,
      backendPid: constant.backendPid,
      searchPath: constant.searchPath,
      settings: constant.settings,
      cancelSlot: constant.cancelSlot,
    };
    this.#context = { constant, whole: derived(whole, constant, moment) };
    return whole;
  }

  /** For the input of parameters: with the catalog where one is a regclass or its kin, which read names. */
  inputContext(types: readonly number[]): TypeContext {
    const context = this.context();
    if (!types.some(readsNames)) return context;
    return {
      ...context,
      catalog: new SnapshotLookup(
        () => this.catalog,
        () => this.searchPath,
        () => this.user,
      ),
    };
  }

  /** The canonical value of a setting that is kept for later sessions: ALTER ROLE ... SET. */
  checkedSetting(setting: Exclude<SetVariable, { readonly action: 'resetAll' }>): { readonly name: string; readonly value: string | undefined } {
    const definition = settingDefinition(setting.name);
    requireSettableName(setting.name);
    const current = setting.action === 'fromCurrent' ? this.settings.show(setting.name) : (this.settings.get(setting.name) ?? '');
    const name = definition?.name ?? setting.name;
    if (definition !== undefined && definition.context !== 'backend') requireChangeable(definition);
    if (definition?.superuser === true && !this.isSuperuser) throw new PgError('42501', `permission denied to set parameter "${name}"`);
    switch (setting.action) {
      case 'fromCurrent':
        return { name, value: current };
      case 'value': {
        const text = settingText(setting.name, setting.values);
        definition?.check(text, name, current);
        // (As it is written: it is read anew when a session begins.)
        return { name, value: text };
      }
      case 'default':
      case 'reset':
        return { name, value: undefined };
    }
  }

  // ---- binding ----

  bindContext(parameterOids: readonly number[], catalog: CatalogSnapshot = this.catalog): BindContext {
    const context = this.context();
    useTypes(catalog.types, this.searchPath);
    return {
      catalog,
      searchPath: this.searchPath,
      context,
      currentUser: this.user,
      rowSecurity: this.settings.get('row_security') !== 'off',
      parameterOids,
      catalogRelations,
      parser: {
        query: (text) => parseQuery(text),
        expression: parseExpression,
        statements: (text) => parse(text).map((parsed) => parsed.statement),
      },
    };
  }

  compileOptions(parameterOids: readonly number[], catalog: CatalogSnapshot = this.catalog): CompileOptions {
    const { executor, tableRows: rows } = this.services;
    return { bind: this.bindContext(parameterOids, catalog), rows, partitions: executor.places, combines: executor.isSpread };
  }

  // ---- the lane's transaction ----

  /** The lane's number for this transaction, begun if need be. */
  async laneTransaction(): Promise<number> {
    const { transaction } = this;
    transaction.lane ??= (
      await this.services.lane.begin({ isolation: transaction.isolation, readOnly: transaction.readOnly, context: this.context() })
    ).transaction;
    return transaction.lane;
  }

  requireWritable(what: string): void {
    if (this.transaction.readOnly) throw new PgError('25006', `cannot execute ${what} in a read-only transaction`);
  }

  /** shoal.qsf: megabytes under query per node. */
  get queryScaleFactor(): number {
    return this.#often.queryScaleFactor;
  }

  /** shoal.min_parallel_nodes_size, in bytes. */
  get parallelNodesSize(): number {
    return this.#often.parallelNodesSize;
  }

  /** shoal.max_parallel_nodes. */
  get parallelNodesMax(): number {
    return this.#often.parallelNodesMax;
  }

  /** shoal.max_staleness. */
  get maxStalenessMs(): number {
    return this.#often.maxStalenessMs;
  }

  /** plan_cache_mode. */
  get planCacheMode(): string {
    return this.#often.planCacheMode;
  }

  get synchronousCommit(): boolean {
    return this.#often.synchronousCommit !== 'off';
  }

  /** local and remote_write wait as `on` does: nothing is shown, on no node, before it is where `on` wants it. */
  get untilApplied(): boolean {
    return this.#often.synchronousCommit === 'remote_apply';
  }

  get lockTimeoutMs(): number {
    return this.#often.lockTimeoutMs;
  }

  async commit(): Promise<void> {
    const { transaction } = this;
    const { lane } = transaction;
    if (lane !== undefined) {
      try {
        await this.#settleLabels(lane);
        const changesServer = await prepareServer(this);
        transaction.lane = undefined;
        const { catalogVersion, hasOutbox } = await this.services.lane.commit({
          transaction: lane,
          synchronousCommit: this.synchronousCommit || changesServer,
          untilApplied: this.untilApplied,
        });
        if (changesServer) await commitServer(this, hasOutbox === true);
        if (transaction.catalog !== undefined) await this.services.catalogReached(catalogVersion);
      } catch (error) {
        await this.services.lane.rollback({ transaction: lane }).catch(() => undefined);
        await failServer(this, error);
        this.#ended(false);
        throw error;
      }
    }
    this.#ended(true);
    if (this.listening.hasCommitted) await this.#publish();
  }

  /** Enum labels that the transaction has added may be used from its commit on. */
  async #settleLabels(lane: number): Promise<void> {
    const data = this.transaction.catalog?.data;
    const isFresh = (type: UserType): type is EnumType => type.kind === 'enum' && type.labels.some((label) => label.fresh === true);
    if (data?.types?.some(isFresh) !== true) return;
    const types = data.types.map((type) => (isFresh(type) ? { ...type, labels: type.labels.map(({ fresh: _, ...label }) => label) } : type));
    const catalog = { ...data, types };
    await this.services.lane.ddl({
      transaction: lane,
      context: this.context(),
      baseVersion: data.version,
      catalog,
      steps: [],
      lockTimeoutMs: this.lockTimeoutMs,
    });
    this.transaction.catalog = new CatalogSnapshot(catalog);
  }

  /** A transaction block has failed: its locks since the last savepoint are free at once, what it wrote since is undone. */
  async releaseFailed(): Promise<void> {
    const { transaction } = this;
    const { lane, savepoints } = transaction;
    if (lane === undefined) return;
    const last = savepoints[savepoints.length - 1];
    if (last === undefined) {
      transaction.lane = undefined;
      await this.services.lane.rollback({ transaction: lane }).catch(() => undefined);
    } else await this.services.lane.rollbackTo({ transaction: lane, name: last.name }).catch(() => undefined);
    if (last?.hasServer !== true) await rollbackServer(this);
  }

  /** Gives back the advisory locks that the session holds beyond its transactions. */
  async unlockAdvisory(): Promise<void> {
    await this.services.lane.advisory({ session: this.startup.processId, transaction: undefined, key: 0n, shared: false, action: 'unlockAll' });
  }

  async rollback(): Promise<void> {
    const { lane } = this.transaction;
    this.transaction.lane = undefined;
    if (lane !== undefined) await this.services.lane.rollback({ transaction: lane }).catch(() => undefined);
    await rollbackServer(this);
    this.#ended(false);
  }

  #ended(committed: boolean): void {
    while (this.#nestings() > 0) this.settings.pop(committed);
    if (this.listening.end(committed)) this.settings.touch();
    this.transaction.reset();
  }

  /** Tells the other sessions what the transaction that has been committed has NOTIFYed. Those that listen on this session know before it is ready again. */
  async #publish(): Promise<void> {
    const notifications = this.listening.takeCommitted();
    if (notifications.length === 0) return;
    await this.services.node.notify({ database: this.startup.database, processId: this.startup.processId, notifications });
  }

  #nestings(): number {
    return this.settings.nestings;
  }

  // ---- messages ----

  notice(notice: Notice): void {
    const order = ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'log', 'info', 'notice', 'warning', 'error'];
    const wanted = this.settings.get('client_min_messages') ?? 'notice';
    const level = notice.severity === 'DEBUG' ? 'debug1' : notice.severity.toLowerCase();
    if (notice.severity === 'INFO' || order.indexOf(level) >= order.indexOf(wanted === 'debug' ? 'debug2' : wanted)) this.events.notice(notice);
  }

  /** Parses a text that the client, or EXECUTE, has given. Names that are too long are cut, with a notice each, up to where the text is wrong. */
  parse(text: string): readonly ParsedStatement[] {
    try {
      const statements = this.services.statements.parse(text);
      this.tellOfLongNames(text);
      return statements;
    } catch (error) {
      if (error instanceof PgError) this.tellOfLongNames(text, error.code === '42601' ? error.fields.position : undefined);
      throw error;
    }
  }

  /** `end`: no further than there (UTF-16 units). */
  tellOfLongNames(text: string, end?: number): void {
    for (const name of longNames(text, end)) this.#tellOfCut(name);
  }

  #tellOfCut({ name, cut }: LongName): void {
    this.notice({ severity: 'NOTICE', code: '42622', message: `identifier "${name}" will be truncated to "${cut}"` });
  }

  warning(code: string, message: string): void {
    this.notice({ severity: 'WARNING', code, message });
  }
}

interface KeptSetting {
  readonly name: string;
  readonly value: string;
  /** As pg_settings.source. */
  readonly source: string;
}

/** What ALTER ROLE ... SET and ALTER DATABASE ... SET say for a session that begins: the more special come last. Source: process_settings(). */
function startingSettings({ data: { databaseOid, server }, roles }: CatalogSnapshot, { user }: SessionStartup): readonly KeptSetting[] {
  const role = roles.named(user)?.oid ?? -1;
  const of = (wantedRole: number, wantedDatabase: number, source: string): readonly KeptSetting[] =>
    (server.roleSettings.find((one) => one.role === wantedRole && one.database === wantedDatabase)?.values ?? []).map((one) => ({ ...one, source }));
  return [...of(0, 0, 'global'), ...of(0, databaseOid, 'database'), ...of(role, 0, 'user'), ...of(role, databaseOid, 'database user')];
}

function parseQuery(text: string): Select {
  const [only] = parse(text);
  if (only?.statement.kind !== 'select') throw notSupported('a view over something else than a query');
  return only.statement;
}
