/** Shoal's functions for backups. The session carries them out (proxy/session/backup-calls.ts). */
import { Oid } from '../../types/registry.js';
import type { ScalarFunction } from '../function.js';

const common = { kind: 'scalar', strict: true, volatility: 'volatile', bySession: true } as const;

export const backupFunctions: readonly ScalarFunction[] = [
  {
    ...common,
    name: 'shoal_backup',
    oid: 9_100_201,
    args: [Oid.text, Oid.bool, Oid.bool],
    argNames: ['location', 'full', 'continuous'],
    defaults: [false, false],
    result: Oid.pgLsn,
  },
  { ...common, name: 'shoal_stop_archiving', oid: 9_100_202, args: [], result: Oid.text },
];
