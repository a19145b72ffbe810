/**
 * Carries out data-definition statements: plans them against the session's catalog and runs the actions in its transaction.
 */
import { CatalogEditor } from '../../catalog/edit.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { compose, ownPartDiffers } from '../../catalog/server-catalog.js';
import { type CatalogData, CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { foldExpression } from '../../planner/logical/rules/fold-constants.js';
import { Oid, requireType } from '../../types/registry.js';
import { canonicalContext } from '../../types/value.js';
import {
  bindDomainCheck,
  checkFunctionBody,
  functionsUsed,
  bindIndex,
  bindExclusion,
  bindExclusionOperator,
  bindStandaloneExpression,
  bindStatement,
  bindTypeName,
} from '../../planner/bind/bind.js';
import type { DdlAction, DdlBinder, DdlContext, LargeObjectsWanted } from '../../planner/ddl/ddl.js';
import { BindingRecord } from '../../planner/bind/record.js';
import type { StandalonePurpose } from '../../planner/bind/standalone.js';
import { restateExpression, type RestateOptions, restateQuery, withoutSugar } from '../../planner/ddl/restate.js';
import { type DdlStatement, planDdl } from '../../planner/ddl/plan-ddl.js';
import { qualifyFunctions, qualifyTables } from '../../planner/ddl/function-texts.js';
import { qualifyTypes } from '../../planner/ddl/type-texts.js';
import type { ColumnId, TypeRef } from '../../plan/expression.js';
import type { OutputColumn, Scan } from '../../plan/logical.js';
import { deparseExpression, deparseSelect } from '../../sql/deparse.js';
import { writeDomainCheck } from '../../planner/sqlite/write-domain-check.js';
import { writeExclusion, writeIndex } from '../../planner/sqlite/write-index.js';
import { parse, parseExpression } from '../../sql/parser.js';
import type { Expression, Select, Statement } from '../../sql/ast.js';
import { isMd5Verifier, md5Verifier } from '../auth/md5-password.js';
import { formatVerifier, makeVerifier, parseVerifier } from '../auth/scram-verifier.js';
import { compileMutation, compileStatement } from './compile.js';
import { definitionsChange, noParameters, openQuery, replanWaitMs, runMutation } from './run-query.js';
import { checkPlpgsqlBody } from './plpgsql/run-body.js';
import type { DdlStep } from '../../storage/ports.js';
import { otherCatalogs, runDatabaseAction } from './run-database.js';
import { changeServer } from './server-changes.js';
import type { SessionCore } from './session-core.js';
import { systemRows } from './system-rows.js';

/** The session as DDL needs it. */
export interface DdlHost {
  readonly core: SessionCore;
  compile(statement: Statement, parameterOids: readonly number[]): unknown;
}

function binder(core: SessionCore, catalog: CatalogSnapshot): DdlBinder {
  const context = core.bindContext([], catalog);
  const storable = <T>(tree: T): T => qualifyFunctions(qualifyTypes(tree, catalog, core.searchPath), catalog, core.searchPath);
  const text = (expression: Expression): string => deparseExpression(storable(expression));
  const options = (record: BindingRecord, after = catalog): RestateOptions => ({ record, before: catalog, after, searchPath: core.searchPath });
  const expressionText = (
    expression: Expression,
    over: Table | undefined,
    purpose: StandalonePurpose,
    after?: CatalogSnapshot,
    onColumn?: RestateOptions['onColumn'],
  ): { readonly bound: ReturnType<typeof bindStandaloneExpression>; readonly text: string } => {
    const record = new BindingRecord();
    const node = withoutSugar(expression);
    const bound = bindStandaloneExpression(node, over, purpose, { ...context, record });
    const table = over === undefined ? {} : { tableOid: over.oid };
    const restated = restateExpression(node, bound.columns, { ...options(record, after), ...table, ...(onColumn === undefined ? {} : { onColumn }) });
    return { bound, text: text(restated) };
  };
  return {
    typeName: (name) => bindTypeName(name, context),
    expression: (expression, over, target, clause) => expressionText(expression, over, purpose(clause, target)).text,
    indexKey: (expression, table) => {
      const { bound, text } = expressionText(expression, table, { kind: 'index' });
      return { text, type: bound.expression.type, collation: bound.collation };
    },
    partitionKey: (expression, table) => {
      const { bound, text } = expressionText(expression, table, { kind: 'partitionKey' });
      return {
        text,
        type: bound.expression.type,
        isConstant: foldExpression(bound.expression).kind === 'const',
        collation: bound.collation,
      };
    },
    constant: (expression, type, key) => {
      const bound = foldExpression(bindStandaloneExpression(expression, undefined, { kind: 'partitionBound', column: key, type }, context).expression);
      if (bound.kind !== 'const')
        throw notSupported('a partition bound whose value depends on settings', 'position' in expression ? expression.position : undefined);
      return bound.value === null ? null : requireType(type.oid).format(bound.value, type.typmod, canonicalContext);
    },
    domainCheck: (expression, base, schema) => {
      const record = new BindingRecord();
      const node = withoutSugar(expression);
      const bound = bindDomainCheck(node, base, { ...context, searchPath: [schema, ...context.searchPath], record });
      return {
        text: text(restateExpression(node, [bound.value], options(record))),
        sql: writeDomainCheck(bound.value, bound.condition, catalog),
      };
    },
    index: (table, index) => {
      const { row, keys, predicate } = bindIndex(table, index, context);
      return writeIndex(table, row, keys, predicate, catalog);
    },
    exclusion: (table, index) => {
      const bound = bindExclusion(table, index, context);
      return writeExclusion(table, bound.row, bound, catalog);
    },
    exclusionOperator: (name, type) => bindExclusionOperator(name, type, context),
    functionBody: (definition) => {
      if (core.settings.get('check_function_bodies') === 'off') return;
      if (definition.language === 'plpgsql') checkPlpgsqlBody(definition);
      else {
        if (definition.body.kind === 'string') core.tellOfLongNames(definition.body.text);
        checkFunctionBody(definition, context);
      }
    },
    functionsUsed: (stored, kind, table) =>
      functionsUsed(kind === 'query' ? parseQuery(stored) : parseExpression(stored), table, {
        ...context,
        searchPath: table === undefined ? [] : [table.schema],
      }),
    qualified: (statement) => storable(qualifyTables(statement, catalog, core.searchPath)),
    query: (query, names) => {
      const record = new BindingRecord();
      const node = withoutSugar(query);
      const bound = bindStatement(node, { ...context, record });
      if (bound.kind !== 'query') throw new Error('assertion failed: a SELECT binds to a query');
      const columns = bound.columns.map(({ name, type, collation }) => ({ name, type, collation }));
      const shown = columns.map(({ name }, i) => names?.[i] ?? name);
      return { columns, parameters: bound.parameterTypes.length, text: deparseSelect(storable(restateQuery(node, shown, options(record)))) };
    },
    restateQuery: (stored, names, after, onColumn) => {
      const record = new BindingRecord();
      const node = withoutSugar(parseQuery(stored));
      bindStatement(node, { ...context, searchPath: [], record });
      const restated = restateQuery(node, names, { ...options(record, after), searchPath: [], ...(onColumn === undefined ? {} : { onColumn }) });
      return deparseSelect(restated);
    },
    restatePolicy: (stored, table, after) => expressionText(parseExpression(stored), table, { kind: 'policy' }, after).text,
    restateExpression: (stored, table, after, onColumn) =>
      expressionText(parseExpression(stored), table, { kind: 'transform', column: '', type: { oid: 2276, typmod: -1 } }, after, onColumn).text,
  };
}

function purpose(clause: Parameters<DdlBinder['expression']>[3], target: TypeRef | undefined): Parameters<typeof bindStandaloneExpression>[2] {
  const type = target ?? { oid: 25, typmod: -1 };
  switch (clause) {
    case 'default':
    case 'generated':
      return { kind: clause, column: '', type };
    case 'using':
      return { kind: 'transform', column: '', type };
    case 'check':
    case 'index':
    case 'policy':
      return { kind: clause };
    case 'predicate':
      return { kind: 'indexPredicate' };
  }
}

function parseQuery(text: string): Select {
  const [only] = parse(text);
  if (only?.statement.kind !== 'select') throw new Error('assertion failed: a query is kept');
  return only.statement;
}

/** What a plan may depend on and takes time to get: got when a plan asks for it, which is then made anew (`planned`). */
interface Facts {
  /** The catalogs of other databases, as committed last. */
  others?: readonly CatalogSnapshot[];
  /** By what was asked for. */
  readonly largeObjects: Map<string, ReadonlyMap<number, number>>;
}

class FactMissing extends Error {
  constructor(readonly get: () => Promise<void>) {
    super('a fact is missing');
  }
}

/** Large objects and their owners. */
async function largeObjectOwners(core: SessionCore, which: LargeObjectsWanted): Promise<ReadonlyMap<number, number>> {
  const [column, oid] = 'oid' in which ? ['oid', which.oid] : ['owner', which.owner];
  const rows = await systemRows(core, `SELECT oid, owner FROM shoal.large_objects WHERE ${column} = $1 ORDER BY oid`, [{ value: oid, type: Oid.oid }]);
  return new Map(rows.map(([object, owner]) => [Number(object), Number(owner)]));
}

function ddlContext(core: SessionCore, facts: Facts): DdlContext {
  return {
    editor: new CatalogEditor(core.catalog.data),
    searchPath: core.searchPath,
    currentUser: core.user,
    temporarySchema: core.temporarySchema,
    binder: (catalog) => binder(core, catalog),
    session: {
      sessionUser: core.sessionUser,
      hashPassword: (role, password) =>
        parseVerifier(password) !== undefined || isMd5Verifier(password)
          ? password
          : core.settings.get('password_encryption') === 'md5'
            ? md5Verifier(role, password)
            : formatVerifier(makeVerifier(password)),
      timestamp: (text) => BigInt(requireType(Oid.timestamptz).parse(text, -1, core.context()) as bigint | number),
      setting: (setting) => core.checkedSetting(setting),
      otherCatalogs: () => {
        if (facts.others !== undefined) return facts.others;
        throw new FactMissing(async () => {
          facts.others = await otherCatalogs(core);
        });
      },
      largeObjects: (which) => {
        const key = JSON.stringify(which);
        const known = facts.largeObjects.get(key);
        if (known !== undefined) return known;
        throw new FactMissing(async () => {
          facts.largeObjects.set(key, await largeObjectOwners(core, which));
        });
      },
    },
    notice: (notice) =>
      core.notice({ severity: notice.severity, code: notice.code, message: notice.message, fields: { detail: notice.detail, hint: notice.hint } }),
    inBlock: core.transaction.kind === 'explicit',
    requireAlone: (command) => {
      core.transaction.refuseInBlock(command);
      if (core.routineDepth > 0) throw new PgError('25001', `${command} cannot be executed from a function`);
    },
    shardCount: Number(core.settings.get('shoal.shard_count') ?? '8'),
  };
}

async function planned(core: SessionCore, plan: (context: DdlContext) => readonly DdlAction[]): Promise<readonly DdlAction[]> {
  const facts: Facts = { largeObjects: new Map() };
  for (;;) {
    try {
      return plan(ddlContext(core, facts));
    } catch (error) {
      if (!(error instanceof FactMissing)) throw error;
      await error.get();
    }
  }
}

/** Plans and carries out; plans anew when another transaction's DDL came first. Answers the rows that its data-changing actions wrote. */
export async function runActions(host: DdlHost, plan: (context: DdlContext) => readonly DdlAction[]): Promise<number> {
  const { core } = host;
  core.requireWritable('DDL');
  for (let attempt = 0; ; attempt++) {
    const base = core.catalog;
    const actions = await planned(core, plan);
    const previous = core.transaction.catalog;
    try {
      let count = 0;
      for (const action of actions) count += await runAction(host, action, base);
      return count;
    } catch (error) {
      core.transaction.catalog = previous;
      const waitMs = replanWaitMs(error, attempt);
      const { server } = core.services;
      if (previous === undefined) {
        await Promise.race([core.services.catalogReached(base.version + 1, waitMs), server.reached(base.data.server.version + 1, waitMs)]);
        continue;
      }
      // The transaction's own part is as it was; what all databases share has been changed by another one since.
      if (core.transaction.server !== undefined) throw definitionsChange();
      await server.reached(base.data.server.version + 1, waitMs);
      core.transaction.catalog = new CatalogSnapshot(compose(previous.data, server.catalog));
    }
  }
}

async function runAction(host: DdlHost, action: DdlAction, base: CatalogSnapshot): Promise<number> {
  const { core } = host;
  switch (action.kind) {
    case 'apply': {
      await applyCatalog(core, base, action.catalog, action.steps);
      return 0;
    }
    case 'createDatabase':
    case 'dropDatabase':
    case 'renameDatabase':
      await runDatabaseAction(core, action, async () => await applyCatalog(core, base, action.catalog, []));
      return 0;
    case 'run':
      for (const parsed of parse(action.sql)) await runInternal(host, parsed.statement, true);
      return 0;
    case 'runStatement':
      return action.schema === undefined ? runInternal(host, action.statement, false) : runInSchema(host, action.statement, action.schema);
    case 'refuseIfAny':
      await refuseIfAny(core, action.sql, action.error);
      return 0;
    case 'fire':
      await core.calls.fire({ trigger: action.trigger, table: action.table, event: action.event, new: undefined, old: undefined });
      return 0;
    case 'moveRows':
      await moveRows(core, action.from, action.to);
      return 0;
  }
}

/** Makes `catalog` the transaction's: its database's own part, what all databases share, or both. */
async function applyCatalog(core: SessionCore, base: CatalogSnapshot, catalog: CatalogData, steps: readonly DdlStep[]): Promise<void> {
  const before = (core.transaction.catalog ?? base).data;
  const server = catalog.server === before.server ? before.server : await changeServer(core, before.server, catalog.server);
  const isOwn = steps.length > 0 || ownPartDiffers(before, catalog);
  // A catalog of the transaction's own without its lock would be behind as soon as another one commits DDL.
  if (!isOwn && server === before.server) return;
  const after = { ...catalog, version: isOwn ? catalog.version : before.version, server };
  if (isOwn) {
    await core.services.lane.ddl({
      transaction: await core.laneTransaction(),
      context: core.context(),
      baseVersion: before.version,
      catalog: after,
      steps,
      lockTimeoutMs: core.lockTimeoutMs,
    });
  }
  core.transaction.catalog = new CatalogSnapshot(after);
}

async function runInternal(host: DdlHost, statement: Statement, isInternal: boolean): Promise<number> {
  const { core } = host;
  if (statement.kind === 'insert' || statement.kind === 'update' || statement.kind === 'delete') {
    const options = core.compileOptions([]);
    const compiled = compileStatement(statement, isInternal ? { ...options, bind: { ...options.bind, isInternal } } : options);
    if (compiled.kind !== 'mutation') throw new Error('assertion failed: a data-changing statement');
    const { count } = await runMutation(core, compiled, noParameters, { kind: 'rows' });
    return count;
  }
  return runActions(host, (context) => planDdl(statement as DdlStatement, context));
}

/** An element of CREATE SCHEMA. */
async function runInSchema(host: DdlHost, statement: Statement, schema: string): Promise<number> {
  const { settings } = host.core;
  settings.push();
  try {
    settings.set('search_path', [schema, settings.show('search_path')].map((part, at) => (at === 0 ? quoteIdentifier(part) : part)).join(', '), true);
    return await runInternal(host, statement, false);
  } finally {
    settings.pop(false);
  }
}

async function refuseIfAny(core: SessionCore, sql: string, error: PgError): Promise<void> {
  const [parsed] = parse(sql);
  if (parsed === undefined) return;
  const options = core.compileOptions([]);
  const compiled = compileStatement(parsed.statement, { ...options, bind: { ...options.bind, isInternal: true } });
  if (compiled.kind !== 'query') throw new Error('assertion failed: a query');
  const stream = await openQuery(core, compiled, noParameters, { kind: 'rows' });
  const batch = await stream.pull(1);
  stream.close();
  if (batch.rows > 0) throw error;
}

/** INSERT INTO the new physical table SELECT from the old one, as row images in the log. */
async function moveRows(core: SessionCore, from: Table, to: Table): Promise<void> {
  let next = 1;
  const columns = (): readonly OutputColumn[] =>
    from.columns.map((column) => ({ id: next++ as ColumnId, name: column.name, type: { oid: column.typeOid, typmod: column.typmod } }));
  const source: Scan = { kind: 'scan', table: from, alias: from.name, source: from.columns.map((column) => column.attribute), columns: columns() };
  const compiled = compileMutation(
    {
      kind: 'mutation',
      mutation: { kind: 'insert', table: to, source, assigned: [], row: columns(), extra: [], checks: [] },
      columns: undefined,
      parameterTypes: [],
      needs: { volatile: false, needsWriter: true, bySession: false },
    },
    core.compileOptions([]),
  );
  await runMutation(core, compiled, noParameters, { kind: 'rows' });
}
