/**
 * BEGIN, COMMIT, ROLLBACK, savepoints, SET TRANSACTION.
 */
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { fireDeferred } from './routines/deferred-triggers.js';
import { rollbackServer } from './server-changes.js';
import type { ShoalSession } from './shoal-session.js';

function applyModes(session: ShoalSession, modes: ast.TransactionModes): void {
  const { transaction, settings } = session.core;
  const inSubtransaction = transaction.savepoints.length > 0;
  const tell = (name: string, value: string): void => {
    if (settings.get(name) !== value) settings.set(name, value, true);
  };
  if (modes.isolation !== undefined) {
    const isolation = modes.isolation === 'read uncommitted' ? 'read committed' : modes.isolation;
    if (transaction.used && isolation !== transaction.isolation) throw new PgError('25001', 'SET TRANSACTION ISOLATION LEVEL must be called before any query');
    if (inSubtransaction && isolation !== transaction.isolation)
      throw new PgError('25001', 'SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction');
    transaction.isolation = isolation;
    tell('transaction_isolation', modes.isolation);
  }
  if (modes.readOnly !== undefined) {
    if (inSubtransaction && !modes.readOnly && transaction.readOnly)
      throw new PgError('25001', 'cannot set transaction read-write mode inside a read-only transaction');
    if (transaction.used && !modes.readOnly && transaction.readOnly) throw new PgError('25001', 'transaction read-write mode must be set before any query');
    transaction.readOnly = modes.readOnly;
    tell('transaction_read_only', modes.readOnly ? 'on' : 'off');
  }
  if (modes.deferrable !== undefined) {
    if (inSubtransaction) throw new PgError('25001', 'SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction');
    if (transaction.used) throw new PgError('25001', 'SET TRANSACTION [NOT] DEFERRABLE must be called before any query');
    tell('transaction_deferrable', modes.deferrable ? 'on' : 'off');
  }
}

/** A subtransaction has ended: what it had said about reading and writing is over. */
function leaveSubtransaction(session: ShoalSession, readOnly: boolean | undefined): void {
  const { transaction, settings } = session.core;
  if (readOnly === undefined || readOnly === transaction.readOnly) return;
  transaction.readOnly = readOnly;
  settings.set('transaction_read_only', readOnly ? 'on' : 'off', true);
}

function requireBlock(session: ShoalSession, what: string): void {
  if (session.core.transaction.kind !== 'explicit') throw new PgError('25P01', `${what} can only be used in transaction blocks`);
}

export async function runTransaction(session: ShoalSession, statement: ast.Transaction): Promise<string> {
  const { core } = session;
  const { transaction } = core;
  const { action } = statement;
  switch (action.kind) {
    case 'begin':
      if (transaction.kind === 'explicit') core.warning('25001', 'there is already a transaction in progress');
      else transaction.kind = 'explicit';
      applyModes(session, action.modes);
      return action.start ? 'START TRANSACTION' : 'BEGIN';
    case 'commit':
    case 'rollback': {
      const modes = { isolation: transaction.isolation, readOnly: transaction.readOnly, deferrable: core.settings.get('transaction_deferrable') === 'on' };
      const inBlock = transaction.kind === 'explicit';
      if (!inBlock) {
        if (action.chain) throw new PgError('25P01', `${action.kind === 'commit' ? 'COMMIT' : 'ROLLBACK'} AND CHAIN can only be used in transaction blocks`);
        core.warning('25P01', 'there is no transaction in progress');
      }
      const commit = action.kind === 'commit' && !transaction.failed;
      await session.endTransaction(commit);
      if (action.chain) {
        core.beginStatement();
        transaction.kind = 'explicit';
        applyModes(session, modes);
      }
      return commit ? 'COMMIT' : 'ROLLBACK';
    }
    case 'savepoint': {
      requireBlock(session, 'SAVEPOINT');
      const lane = await core.laneTransaction();
      await core.services.lane.savepoint({ transaction: lane, name: action.name });
      transaction.savepoints.push({
        name: action.name,
        catalog: transaction.catalog,
        hasServer: transaction.server !== undefined,
        readOnly: transaction.readOnly,
        portals: session.names.serial,
        tableLocks: transaction.tableLocks.length,
        deferredTriggers: transaction.deferredTriggers.length,
      });
      core.settings.push();
      return 'SAVEPOINT';
    }
    case 'release': {
      requireBlock(session, 'RELEASE SAVEPOINT');
      const at = indexOfSavepoint(session, action.name);
      await core.services.lane.release({ transaction: await core.laneTransaction(), name: action.name });
      for (let i = transaction.savepoints.length; i > at; i--) core.settings.pop(true);
      leaveSubtransaction(session, transaction.savepoints[at]?.readOnly);
      transaction.savepoints.length = at;
      core.listening.release(at);
      return 'RELEASE';
    }
    case 'rollbackTo': {
      requireBlock(session, 'ROLLBACK TO SAVEPOINT');
      const at = indexOfSavepoint(session, action.name);
      await core.services.lane.rollbackTo({ transaction: await core.laneTransaction(), name: action.name });
      transaction.catalog = transaction.savepoints[at]?.catalog;
      if (transaction.savepoints[at]?.hasServer !== true) await rollbackServer(core);
      session.names.closeMadeAfter(transaction.savepoints[at]?.portals ?? 0);
      for (let i = transaction.savepoints.length; i > at; i--) core.settings.pop(false);
      core.settings.push();
      leaveSubtransaction(session, transaction.savepoints[at]?.readOnly);
      transaction.savepoints.length = at + 1;
      core.listening.rollBackTo(at + 1);
      transaction.tableLocks.length = transaction.savepoints[at]?.tableLocks ?? 0;
      for (const [number, { depth }] of transaction.largeObjects) if (depth > at) transaction.largeObjects.delete(number);
      transaction.deferredTriggers.splice(transaction.savepoints[at]?.deferredTriggers ?? 0);
      transaction.failed = false;
      return 'ROLLBACK';
    }
    case 'prepare':
      return prepareTransaction(session, action.gid);
    case 'commitPrepared':
    case 'rollbackPrepared':
      transaction.refuseInBlock(action.kind === 'commitPrepared' ? 'COMMIT PREPARED' : 'ROLLBACK PREPARED');
      throw new PgError('42704', `prepared transaction with identifier "${action.gid}" does not exist`);
  }
}

/**
 * PREPARE TRANSACTION answers as a PostgreSQL whose max_prepared_transactions is 0, its default: 55000, behind what is wrong with the transaction itself. The block is over
 * either way.
 */
async function prepareTransaction(session: ShoalSession, id: string): Promise<string> {
  const { core } = session;
  const { transaction } = core;
  if (transaction.kind !== 'explicit') {
    core.warning('25P01', 'there is no transaction in progress');
    return 'ROLLBACK';
  }
  const { failed } = transaction;
  try {
    if (!failed) await refusePrepared(session, id);
  } finally {
    await session.endTransaction(false);
  }
  return 'ROLLBACK';
}

const identifierBytesMax = 199;

async function refusePrepared({ core }: ShoalSession, id: string): Promise<never> {
  const { transaction } = core;
  if (transaction.lane !== undefined) await core.services.lane.setConstraints({ transaction: transaction.lane, constraints: undefined, deferred: false });
  if (transaction.deferredTriggers.length > 0) await fireDeferred(core, true);
  if (Buffer.byteLength(id) > identifierBytesMax) throw new PgError('22023', `transaction identifier "${id}" is too long`);
  throw new PgError('55000', 'prepared transactions are disabled', { hint: 'Set max_prepared_transactions to a nonzero value.' });
}

function indexOfSavepoint(session: ShoalSession, name: string): number {
  const { savepoints } = session.core.transaction;
  for (let i = savepoints.length - 1; i >= 0; i--) if (savepoints[i]?.name === name) return i;
  throw new PgError('3B001', `savepoint "${name}" does not exist`);
}

/** SET TRANSACTION SNAPSHOT: the transaction begins on the lane with another's snapshot. */
async function takeSnapshot({ core }: ShoalSession, name: string): Promise<string> {
  const { transaction } = core;
  if (transaction.kind !== 'explicit') core.warning('25P01', 'SET TRANSACTION can only be used in transaction blocks');
  if (transaction.used || transaction.lane !== undefined || transaction.savepoints.length > 0)
    throw new PgError('25001', 'SET TRANSACTION SNAPSHOT must be called before any query');
  const { isolation, readOnly } = transaction;
  if (isolation === 'read committed') throw new PgError('0A000', 'a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ');
  const database = /^([0-9A-F]{8})-[0-9A-F]{8,}-\d+$/.exec(name)?.[1];
  if (database === undefined) throw new PgError('22023', `invalid snapshot identifier: "${name}"`);
  const oid = Number.parseInt(database, 16);
  if (oid !== core.services.databaseOid && core.catalog.data.server.databases.some((one) => one.oid === oid))
    throw new PgError('0A000', 'cannot import a snapshot from a different database');
  transaction.lane = (await core.services.lane.begin({ isolation, readOnly, context: core.context(), snapshot: name })).transaction;
  transaction.used = true;
  return 'SET';
}

export async function setTransaction(session: ShoalSession, statement: ast.SetTransaction): Promise<string> {
  const { core } = session;
  if (statement.session) {
    const { isolation, readOnly, deferrable } = statement.modes;
    if (isolation !== undefined) core.settings.set('default_transaction_isolation', isolation, false);
    if (readOnly !== undefined) core.settings.set('default_transaction_read_only', readOnly ? 'on' : 'off', false);
    if (deferrable !== undefined) core.settings.set('default_transaction_deferrable', deferrable ? 'on' : 'off', false);
    return 'SET';
  }
  if (statement.snapshot !== undefined) return takeSnapshot(session, statement.snapshot);
  if (core.transaction.kind !== 'explicit') {
    core.warning('25P01', 'SET TRANSACTION can only be used in transaction blocks');
    return 'SET';
  }
  applyModes(session, statement.modes);
  return 'SET';
}

/** SET CONSTRAINTS: deferrable constraints wait for the commit, or are checked now and at each statement from here on. */
export async function setConstraints(session: ShoalSession, statement: ast.SetConstraints): Promise<string> {
  const { core } = session;
  if (core.transaction.kind !== 'explicit') core.warning('25P01', 'SET CONSTRAINTS can only be used in transaction blocks');
  const tables = core.catalog.data.relations.filter((relation) => relation.kind === 'table');
  const found = statement.constraints.flatMap(({ schema, name }) => {
    const keys = tables
      .filter((table) => schema === undefined || table.schema === schema)
      .flatMap((table) => [
        ...table.foreignKeys,
        ...table.indexes.flatMap(({ oid, name, constraint, deferral }) => (constraint ? [{ oid, name, deferrable: deferral !== undefined }] : [])),
        ...table.checks.map(({ oid, name }) => ({ oid, name, deferrable: false })),
        ...(table.triggers ?? []).flatMap(({ oid, name, constraint }) => (constraint === undefined ? [] : [{ oid, name, deferrable: constraint.deferrable }])),
      ])
      .filter((key) => key.name === name);
    const shown = schema === undefined ? name : `${schema}.${name}`;
    if (schema !== undefined && !core.catalog.schemaExists(schema)) throw new PgError('3F000', `schema "${schema}" does not exist`);
    if (keys.length === 0) throw new PgError('42704', `constraint "${shown}" does not exist`);
    if (keys.some((key) => !key.deferrable)) throw new PgError('42809', `constraint "${name}" is not deferrable`);
    return keys.map((key) => key.oid);
  });
  if (core.transaction.kind !== 'explicit') return 'SET CONSTRAINTS';
  await core.services.lane.setConstraints({
    transaction: await core.laneTransaction(),
    constraints: statement.constraints.length === 0 ? undefined : found,
    deferred: statement.deferred,
  });
  const { constraintTimings } = core.transaction;
  if (statement.constraints.length === 0) {
    constraintTimings.clear();
    constraintTimings.set('all', statement.deferred);
  } else for (const oid of found) constraintTimings.set(oid, statement.deferred);
  if (!statement.deferred) await fireDeferred(core, false);
  return 'SET CONSTRAINTS';
}
