/** Set-returning functions about the catalog. There are no partitioned tables and no access lists: a plain table is in no partition tree. */
import { notSupported } from '../../common/errors.js';
import { parseSnapshot } from '../../types/system-type.js';
import type { SetImplementations } from '../implementation.js';

export const systemSets: SetImplementations = {
  pg_listening_channels: {
    rows: (context) => (JSON.parse(context.settings.get('#listening') ?? '[]') as readonly string[]).map((channel) => [channel]),
  },
  pg_partition_ancestors: { rows: () => [] },
  pg_partition_tree: { rows: () => [] },
  pg_snapshot_xip: { rows: (_, text) => parseSnapshot(text as string).running.map((id) => [id]) },
  aclexplode: {
    rows: () => {
      throw notSupported('an access control list that is not NULL');
    },
  },
  pg_options_to_table: {
    rows: () => {
      throw notSupported('an options list that is not NULL');
    },
  },
};
