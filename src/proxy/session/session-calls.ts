/**
 * Functions that the session itself carries out before a query runs: set_config, advisory locks, pg_sleep, table distribution. routines/routine-calls.ts finds the
 * calls and puts their results in their places.
 */
import { privilegeBits } from '../../catalog/acl.js';
import { privilegesOn, securableRelation } from '../../catalog/privileges.js';
import { notSupported, PgError } from '../../common/errors.js';
import type { Call } from '../../plan/expression.js';
import type { SqlValue } from '../../types/value.js';
import { planDistribute, planUndistribute, tableByText } from '../../planner/ddl/distribute-table.js';
import { backUp, logPosition, stopArchiving } from './backup-calls.js';
import { compareCopies, lookForDamage } from './integrity-calls.js';
import { largeObjectCalls } from './large-object-calls.js';
import { runActions } from './run-ddl.js';
import type { SessionSignal } from './node-port.js';
import type { SessionCore } from './session-core.js';
import type { ShoalSession } from './shoal-session.js';
import { cancelSplit, splitShard } from './split-calls.js';
import { assignedTransactionId, currentSnapshot, currentTransactionId, exportSnapshot, transactionStatus } from './transaction-calls.js';

type Carrier = (session: ShoalSession, args: readonly SqlValue[], call: Call) => Promise<SqlValue>;

function text(value: SqlValue): string {
  return String(value);
}

/** The table of a regclass argument, given as OID. */
function tableOf(session: ShoalSession, value: SqlValue): string {
  const relation = session.core.catalog.relationByOid(Number(value));
  if (relation === undefined) return text(value);
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  return `${quote(relation.schema)}.${quote(relation.name)}`;
}

const pause = async (session: ShoalSession, seconds: number): Promise<void> => {
  const end = performance.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0; left = end - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, 20)));
    session.core.checkCancel();
  }
};

function advisory(action: 'lock' | 'try' | 'unlock', scope: 'session' | 'transaction', shared: boolean): Carrier {
  return async (session, args) => {
    const [first, second] = args;
    const key =
      second === undefined
        ? BigInt(first as number | bigint)
        : BigInt.asIntN(64, BigInt(first as number) << 32n) | BigInt.asUintN(32, BigInt(second as number));
    const transaction = scope === 'transaction' ? await session.core.laneTransaction() : undefined;
    const { granted } = await session.core.services.lane.advisory({
      session: session.core.startup.processId,
      transaction,
      key,
      pair: second !== undefined,
      shared,
      action,
      cancelSlot: session.core.cancelSlot,
      lockTimeoutMs: session.core.lockTimeoutMs,
    });
    if (scope === 'session' && action !== 'unlock' && granted) session.core.hasSessionLocks = true;
    if (action === 'unlock' && !granted) session.core.warning('01000', `you don't own a lock of type ${shared ? 'ShareLock' : 'ExclusiveLock'}`);
    return action === 'lock' ? '' : granted ? 1 : 0;
  };
}

/** pg_cancel_backend and pg_terminate_backend(pid, timeout): whether there is such a session, and for the latter whether it has ended in time. */
function signal(kind: SessionSignal): Carrier {
  return async (session, [pid, timeout]) => {
    const { core } = session;
    const { node } = core.services;
    const processId = Number(pid);
    if (Number(timeout ?? 0) < 0) throw new PgError('22003', '"timeout" must not be negative');
    const target = (await node.activity(undefined)).find((one) => one.processId === processId);
    if (target === undefined) {
      core.warning('01000', `PID ${String(processId)} is not a PostgreSQL backend process`);
      return 0;
    }
    requireSignal(core, target.user, kind);
    if (!(await node.signal({ processId, signal: kind }))) return 0;
    const milliseconds = Number(timeout ?? 0);
    if (milliseconds === 0) return 1;
    const end = performance.now() + milliseconds;
    for (;;) {
      if (!(await node.activity(undefined)).some((one) => one.processId === processId)) return 1;
      if (performance.now() >= end) break;
      await pause(session, Math.min(0.05, milliseconds / 1000));
    }
    core.warning(
      '01000',
      `backend with PID ${String(processId)} did not terminate within ${String(milliseconds)} ${milliseconds === 1 ? 'millisecond' : 'milliseconds'}`,
    );
    return 0;
  };
}

/** 42501 unless the session's role may signal a session of `user`. */
function requireSignal(core: SessionCore, user: string, kind: SessionSignal): void {
  const { roles } = core.catalog;
  const [own, target] = [core.catalog.role(core.user), core.catalog.role(user)];
  if (own === undefined || roles.isSuperuser(own.oid)) return;
  if (target?.superuser === true)
    throw new PgError('42501', kind === 'cancel' ? 'must be a superuser to cancel superuser query' : 'must be a superuser to terminate superuser process');
  const signaller = core.catalog.role('pg_signal_backend');
  if (target !== undefined && roles.hasPrivilegesOf(own.oid, target.oid)) return;
  if (signaller !== undefined && roles.hasPrivilegesOf(own.oid, signaller.oid)) return;
  throw new PgError(
    '42501',
    kind === 'cancel'
      ? 'must be a member of the role whose query is being canceled or member of pg_signal_backend'
      : `must be a member of the role whose process is being terminated or member of pg_signal_backend`,
  );
}

const carriers = new Map<string, Carrier>([
  ...largeObjectCalls,
  [
    'set_config',
    async (session, [name, value, local]) => {
      await Promise.resolve();
      if (name === null || name === undefined) throw new PgError('22004', 'SET requires parameter name');
      session.core.settings.set(text(name), value === null || value === undefined ? undefined : text(value), Boolean(local));
      return session.core.settings.get(text(name)) ?? '';
    },
  ],
  [
    'pg_sleep',
    async (session, [seconds]) => {
      await pause(session, Number(seconds));
      return '';
    },
  ],
  [
    'pg_notify',
    async ({ core }, [channel, payload]) => {
      await Promise.resolve();
      core.listening.notify(text(channel ?? ''), text(payload ?? ''), core.transaction.savepoints.length);
      return '';
    },
  ],
  ['pg_cancel_backend', signal('cancel')],
  ['pg_terminate_backend', signal('terminate')],
  [
    'pg_reload_conf',
    async ({ core }) => {
      await core.services.node.reload(undefined);
      return 1;
    },
  ],
  ['pg_current_wal_lsn', logPosition],
  ['pg_current_wal_insert_lsn', logPosition],
  ['pg_current_wal_flush_lsn', logPosition],
  ['pg_current_xact_id', currentTransactionId],
  ['txid_current', currentTransactionId],
  ['pg_current_xact_id_if_assigned', assignedTransactionId],
  ['txid_current_if_assigned', assignedTransactionId],
  ['pg_current_snapshot', currentSnapshot],
  ['txid_current_snapshot', currentSnapshot],
  ['pg_xact_status', transactionStatus],
  ['txid_status', transactionStatus],
  ['pg_export_snapshot', exportSnapshot],
  ['shoal_split_shard', splitShard],
  ['shoal_cancel_split', cancelSplit],
  ['shoal_backup', backUp],
  ['shoal_stop_archiving', stopArchiving],
  ['shoal_verify', lookForDamage('verify')],
  ['shoal_check', lookForDamage('check')],
  ['shoal_compare_copies', compareCopies],
  ['pg_advisory_lock', advisory('lock', 'session', false)],
  ['pg_advisory_lock_shared', advisory('lock', 'session', true)],
  ['pg_advisory_xact_lock', advisory('lock', 'transaction', false)],
  ['pg_advisory_xact_lock_shared', advisory('lock', 'transaction', true)],
  ['pg_try_advisory_lock', advisory('try', 'session', false)],
  ['pg_try_advisory_lock_shared', advisory('try', 'session', true)],
  ['pg_try_advisory_xact_lock', advisory('try', 'transaction', false)],
  ['pg_try_advisory_xact_lock_shared', advisory('try', 'transaction', true)],
  ['pg_advisory_unlock', advisory('unlock', 'session', false)],
  ['pg_advisory_unlock_shared', advisory('unlock', 'session', true)],
  [
    'pg_advisory_unlock_all',
    async (session) => {
      await session.core.unlockAdvisory();
      return '';
    },
  ],
  [
    'setval',
    async (session, [sequence, value, isCalled]) => {
      const relation = session.core.catalog.relationByOid(Number(sequence));
      if (relation?.kind !== 'sequence') throw new PgError('42809', `"${relation?.name ?? text(sequence ?? '')}" is not a sequence`);
      const one = securableRelation(session.core.catalog, relation.oid);
      const role = session.core.catalog.role(session.core.user);
      if (one === undefined || role === undefined || privilegesOn(session.core.catalog, role.oid, one, privilegeBits.update) === 0)
        throw new PgError('42501', `permission denied for sequence ${relation.name}`);
      const next = BigInt(value as number | bigint);
      if (next < relation.minValue || next > relation.maxValue)
        throw new PgError(
          '22003',
          `setval: value ${String(next)} is out of bounds for sequence "${relation.name}" (${String(relation.minValue)}..${String(relation.maxValue)})`,
        );
      await session.core.services.lane.setval({ oid: relation.oid, value: next, isCalled: isCalled === undefined ? true : Boolean(isCalled) });
      return next;
    },
  ],
  [
    'create_distributed_table',
    async (session, [table, column, kind, colocateWith, shards]) => {
      if (kind !== null && kind !== undefined && kind !== 'hash') throw notSupported(`distribution type "${text(kind)}"`);
      await runActions(session, (context) =>
        planDistribute(
          tableByText(context, tableOf(session, table ?? null)),
          {
            columns: text(column ?? '')
              .split(',')
              .map((name) => name.trim()),
            shards: shards === null || shards === undefined ? undefined : Number(shards),
            colocateWith: colocateWith === null || colocateWith === undefined || colocateWith === 'default' ? undefined : text(colocateWith),
          },
          context,
          'reference',
        ),
      );
      return '';
    },
  ],
  [
    'alter_distributed_table',
    async (session, [table, column, shards, colocateWith]) => {
      await runActions(session, (context) => {
        const target = tableByText(context, tableOf(session, table ?? null));
        if (target.distribution.kind !== 'distributed') throw new PgError('42809', `relation ${target.name} is not distributed`);
        const own = target.distribution.columns.map((attribute) => target.columns.find((candidate) => candidate.attribute === attribute)?.name ?? '');
        const current = context.editor.snapshot.group(target.distribution.group).bounds.length;
        return planDistribute(
          target,
          {
            columns: column === null || column === undefined ? own : [text(column)],
            shards: shards === null || shards === undefined ? (colocateWith === null || colocateWith === undefined ? current : undefined) : Number(shards),
            colocateWith: colocateWith === null || colocateWith === undefined ? undefined : text(colocateWith),
          },
          context,
          'distributed',
        );
      });
      return '';
    },
  ],
  [
    'create_reference_table',
    async (session, [table]) => {
      await runActions(session, (context) => {
        const target = tableByText(context, tableOf(session, table ?? null));
        return target.distribution.kind === 'reference' ? [] : planUndistribute(target, context);
      });
      return '';
    },
  ],
  [
    'undistribute_table',
    async (session, [table]) => {
      await runActions(session, (context) => planUndistribute(tableByText(context, tableOf(session, table ?? null)), context));
      return '';
    },
  ],
]);

/** What carries out the session's own function of that name. */
export function carrierOf(name: string): Carrier | undefined {
  return carriers.get(name);
}
