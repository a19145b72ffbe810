/**
 * Statements that are neither queries nor data changes: one entry a kind in `commands`. What is not there is refused with 0A000 and its name.
 */
import { notSupported, PgError } from '../../common/errors.js';
import { ddlTag, isDdl, planDdl } from '../../planner/ddl/plan-ddl.js';
import type * as ast from '../../sql/ast.js';
import type { IsolationLevel } from '../../storage/ports.js';
import { Oid } from '../../types/registry.js';
import { analyze } from './analyze/analyze.js';
import { runCopy } from './copy.js';
import { closeCursor, cursorColumns, declareCursor, fetchCursor } from './cursor.js';
import { explain, explainColumns } from './explain.js';
import type { SessionPortal } from './portal.js';
import { deallocate, expandedTableAs, executeColumns, executePrepared, prepareStatement } from './prepared.js';
import { runActions } from './run-ddl.js';
import { refuseTablesInUse } from './tables-in-use.js';
import { textRows } from './text-rows.js';
import type { ExecuteOutput, ExecuteResult, ResultColumn } from './session.js';
import { allSettings, settingDefinition, settingText } from './settings.js';
import type { ShoalSession } from './shoal-session.js';
import { runCall } from './routines/call-statement.js';
import { mayNotExamine, settingsOfFew } from '../../functions/catalog/settings-of-few.js';
import { runDo } from './routines/do-statement.js';
import { alterSystem } from './system-settings.js';
import { requireCluster, requirePredefined, requireReindex } from './session-rights.js';
import { withEventTriggers } from './routines/event-triggers.js';
import { withValues } from './utility-parameters.js';
import { lockTables } from './lock-table.js';
import { runTransaction, setConstraints, setTransaction } from './transaction-commands.js';

/** How a utility ends: its tag, or (EXECUTE) the result of the portal inside. */
export type UtilityResult = string | ExecuteResult;

type Command<S extends ast.Statement> = (
  session: ShoalSession,
  statement: S,
  output: ExecuteOutput,
  portal: SessionPortal,
) => Promise<UtilityResult> | UtilityResult;
type Commands = { readonly [Kind in ast.Statement['kind']]?: Command<Extract<ast.Statement, { readonly kind: Kind }>> };

export function textColumn(name: string): ResultColumn {
  return { name, typeOid: Oid.text, typmod: -1, typeLength: -1, tableOid: 0, columnNumber: 0 };
}

/** Result columns of a utility; undefined: none. */
export function utilityColumns(session: ShoalSession, statement: ast.Statement): readonly ResultColumn[] | undefined {
  switch (statement.kind) {
    case 'show':
      if (statement.name.toLowerCase() === 'all') return [textColumn('name'), textColumn('setting'), textColumn('description')];
      return [textColumn(session.core.settings.get(statement.name) === undefined ? statement.name : showName(statement.name))];
    case 'explain':
      return explainColumns(statement);
    case 'execute':
      return executeColumns(session, statement);
    case 'fetch':
      return statement.move ? undefined : cursorColumns(session, statement.cursor);
    default:
      return undefined;
  }
}

function showName(name: string): string {
  return settingDefinition(name)?.name ?? name;
}

const commands: Commands = {
  transaction: runTransaction,
  setTransaction,
  set: (session, statement) => {
    const { settings, transaction } = session.core;
    if (statement.action === 'resetAll') {
      settings.resetAll();
      return 'RESET';
    }
    if (statement.local && transaction.kind !== 'explicit') session.core.warning('25P01', 'SET LOCAL can only be used in transaction blocks');
    if (statement.action === 'reset') {
      settings.set(statement.name, undefined, false);
      return 'RESET';
    }
    if (statement.action === 'fromCurrent') {
      settings.show(statement.name);
      return 'SET';
    }
    const name = statement.name.toLowerCase();
    if (statement.action === 'value' && /^transaction_(isolation|read_only|deferrable)$/.test(name)) {
      const value = settings.checked(name, settingText(name, statement.values));
      const modes: ast.TransactionModes =
        name === 'transaction_isolation'
          ? { isolation: value as IsolationLevel }
          : name === 'transaction_read_only'
            ? { readOnly: value === 'on' }
            : { deferrable: value === 'on' };
      // Outside a block it holds for this statement only, which is nothing to be warned of.
      return transaction.kind === 'explicit' ? setTransaction(session, { kind: 'setTransaction', session: false, modes }) : 'SET';
    }
    settings.set(statement.name, statement.action === 'value' ? settingText(statement.name, statement.values) : undefined, statement.local);
    return 'SET';
  },
  show: (session, statement, output) => {
    const { settings } = session.core;
    const name = statement.name.toLowerCase();
    const mayNotSee = (key: string): boolean => settingsOfFew.has(key) && !session.core.seesAllSettings;
    if (mayNotSee(name)) throw mayNotExamine(name);
    const rows =
      name === 'all'
        ? [...allSettings()]
            .filter((setting) => setting.hidden !== true && !mayNotSee(setting.name))
            .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
            .map((setting) => [setting.name, settings.get(setting.name) ?? '', setting.description])
        : [[settings.show(statement.name)]];
    return deliver(output, rows, 'SHOW');
  },
  explain,
  call: runCall,
  do: runDo,
  prepare: prepareStatement,
  execute: executePrepared,
  deallocate,
  declareCursor,
  fetch: (session, statement, output, portal) => fetchCursor(session, statement, output, portal.resultFormats),
  closeCursor,
  copy: runCopy,
  discard: async (session, statement) => {
    if (statement.target === 'all') {
      session.core.transaction.refuseInBlock('DISCARD ALL');
      session.names.closePortals();
      session.names.statements.clear();
      session.core.settings.resetAll();
      session.core.listening.change({ kind: 'unlistenAll' }, 0);
      await session.core.unlockAdvisory();
    }
    if (statement.target === 'all' || statement.target === 'sequences')
      await session.core.services.lane.forgetSequences({ session: session.core.startup.processId });
    if (statement.target === 'all' || statement.target === 'temporary') {
      await session.core.commit();
      await session.dropTemporaryTables();
    }
    return `DISCARD ${statement.target === 'temporary' ? 'TEMP' : statement.target.toUpperCase()}`;
  },
  lock: (session, statement) => {
    if (session.core.transaction.kind !== 'explicit') throw new PgError('25P01', 'LOCK TABLE can only be used in transaction blocks');
    return lockTables(session, statement);
  },
  // Row counts are kept while data is written, and SQLite files reuse their free pages: nothing is left to do but to look at the values.
  vacuum: async (session, statement) => {
    if (statement.vacuum) session.core.transaction.refuseInBlock('VACUUM');
    await analyze(session, statement);
    await session.core.services.refreshStatistics();
    return statement.vacuum ? 'VACUUM' : 'ANALYZE';
  },
  reindex: (session, statement) => {
    requireReindex(session.core, statement);
    return 'REINDEX';
  },
  checkpoint: ({ core }) => {
    requirePredefined(core, 'pg_checkpoint', 'must be superuser or have privileges of pg_checkpoint to do CHECKPOINT');
    return 'CHECKPOINT';
  },
  cluster: (session, statement) => {
    requireCluster(session.core, statement);
    return 'CLUSTER';
  },
  setConstraints,
  listen: ({ core }, { channel }) => {
    core.listening.change({ kind: 'listen', channel }, core.transaction.savepoints.length);
    return 'LISTEN';
  },
  unlisten: ({ core }, { channel }) => {
    core.listening.change(channel === undefined ? { kind: 'unlistenAll' } : { kind: 'unlisten', channel }, core.transaction.savepoints.length);
    return 'UNLISTEN';
  },
  notify: ({ core }, { channel, payload }) => {
    core.listening.notify(channel, payload ?? '', core.transaction.savepoints.length);
    return 'NOTIFY';
  },
  alterSystem,
  securityLabel: (_session, { provider }) => {
    throw new PgError('22023', provider === undefined ? 'no security label providers have been loaded' : `security label provider "${provider}" is not loaded`);
  },
};

/** Sends rows of texts as the result, honouring nothing but text format (binary text is the same bytes). */
async function deliver(output: ExecuteOutput, rows: readonly (readonly (string | null)[])[], tag: string): Promise<string> {
  if (rows.length > 0) await output.rows(textRows(rows), rows.length);
  return tag;
}

const names: Partial<Record<ast.Statement['kind'], string>> = {
  createEnum: 'CREATE TYPE ... AS ENUM',
  createDomain: 'CREATE DOMAIN',
  createAggregate: 'CREATE AGGREGATE',
  createFunction: 'CREATE FUNCTION',
  refreshMaterializedView: 'REFRESH MATERIALIZED VIEW',
};

function noteTruncated({ core }: ShoalSession, { tables }: ast.Truncate): void {
  const { transaction, catalog, searchPath } = core;
  if (transaction.kind !== 'explicit') return;
  const found = tables.map(({ name }) => (name.schema === undefined ? catalog.find(searchPath, name.name) : catalog.relation(name.schema, name.name)));
  transaction.truncated = new Set([...transaction.truncated, ...found.flatMap((relation) => relation?.oid ?? [])]);
}

export async function runUtility(session: ShoalSession, given: ast.Statement, output: ExecuteOutput, portal: SessionPortal): Promise<UtilityResult> {
  const bound = withValues(session, given, portal.parameters);
  const statement = bound.kind === 'createTableAs' ? expandedTableAs(session, bound) : bound;
  if (isDdl(statement)) {
    let isMade = true;
    const count = await withEventTriggers(
      session,
      statement,
      async () =>
        await runActions(session, (context) => {
          const actions = planDdl(statement, context);
          refuseTablesInUse(session, statement, actions);
          isMade = actions.length > 0;
          return actions;
        }),
    );
    if (statement.kind === 'truncate') noteTruncated(session, statement);
    const tag = ddlTag(statement);
    if (statement.kind !== 'createTableAs') return tag;
    if (given.kind === 'createTableAs' && given.source.kind === 'execute' && isMade) return `${tag} ${String(statement.withData ? count : 0)}`;
    return statement.withData && isMade ? `${tag} ${String(count)}` : statement.object === 'materializedView' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS';
  }
  const command = commands[statement.kind] as Command<ast.Statement> | undefined;
  if (command === undefined)
    throw notSupported(
      statement.kind === 'other' ? statement.tag : (names[statement.kind] ?? statement.kind.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()),
    );
  return command(session, statement, output, portal);
}
