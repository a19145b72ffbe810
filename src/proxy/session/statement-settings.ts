/**
 * The settings that every statement asks for, read out of the session's once for each change of them: looking one up by its name is dearer than much of what a short statement
 * does. Used by session-core.ts.
 */
import { defaultQueryScaleFactor } from '../../cluster/scaler/demand.js';
import type { IsolationLevel } from '../../storage/ports.js';
import { memoryBytes } from './setting-numbers.js';
import type { SessionSettings } from './settings.js';

export interface StatementSettings {
  /** Of the settings that it was read from. */
  readonly revision: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly idleSessionMs: number;
  readonly idleInTransactionMs: number;
  readonly maxStalenessMs: number;
  readonly synchronousCommit: string;
  readonly planCacheMode: string;
  /** shoal.qsf: megabytes under query per node. */
  readonly queryScaleFactor: number;
  /** shoal.min_parallel_nodes_size, in bytes. */
  readonly parallelNodesSize: number;
  readonly parallelNodesMax: number;
  /** What a transaction begins with. */
  readonly isolation: IsolationLevel;
  readonly readOnly: boolean;
  /** Settings of the transaction (transaction_isolation and the like) that do not have their defaults now, and these. */
  readonly otherThanDefault: readonly { readonly name: string; readonly value: string | undefined }[];
}

export function readStatementSettings(settings: SessionSettings): StatementSettings {
  const isolation = settings.get('default_transaction_isolation');
  return {
    revision: settings.revision,
    statementTimeoutMs: settings.milliseconds('statement_timeout'),
    lockTimeoutMs: settings.milliseconds('lock_timeout'),
    idleSessionMs: settings.milliseconds('idle_session_timeout'),
    idleInTransactionMs: settings.milliseconds('idle_in_transaction_session_timeout'),
    maxStalenessMs: settings.milliseconds('shoal.max_staleness'),
    synchronousCommit: settings.get('synchronous_commit') ?? 'on',
    planCacheMode: settings.get('plan_cache_mode') ?? 'auto',
    queryScaleFactor: Number(settings.get('shoal.qsf') ?? defaultQueryScaleFactor),
    parallelNodesSize: memoryBytes(settings.get('shoal.min_parallel_nodes_size') ?? '0'),
    parallelNodesMax: Number(settings.get('shoal.max_parallel_nodes') ?? 1),
    isolation: isolation === 'serializable' || isolation === 'repeatable read' ? isolation : 'read committed',
    readOnly: settings.get('default_transaction_read_only') === 'on',
    otherThanDefault: ['isolation', 'read_only', 'deferrable'].flatMap((name) => {
      const value = settings.get(`default_transaction_${name}`);
      return settings.get(`transaction_${name}`) === value ? [] : [{ name: `transaction_${name}`, value }];
    }),
  };
}
