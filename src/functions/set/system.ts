/** Set-returning functions about the catalog. A plain table is in no partition tree. */
import { notSupported, PgError } from '../../common/errors.js';
import { parseSnapshot } from '../../types/system-type.js';
import { type Keyword, keywords } from '../text/keywords.js';
import type { SetImplementations } from '../implementation.js';
import { aclItems, privilegeWords } from '../scalar/acl.js';

const categories: Readonly<Record<Keyword['category'], string>> = {
  U: 'unreserved',
  C: 'unreserved (cannot be function or type name)',
  T: 'reserved (can be function or type name)',
  R: 'reserved',
};

function oneDimension(acl: string): ReturnType<typeof aclItems> {
  if (acl.startsWith('{{')) throw new PgError('22023', 'ACL arrays must be one-dimensional');
  return aclItems(acl);
}

export const systemSets: SetImplementations = {
  pg_listening_channels: {
    rows: (context) => (JSON.parse(context.settings.get('#listening') ?? '[]') as readonly string[]).map((channel) => [channel]),
  },
  pg_partition_ancestors: { rows: () => [] },
  pg_partition_tree: { rows: () => [] },
  pg_get_keywords: {
    rows: () =>
      keywords.map(({ word, category, bareLabel }) => [word, category, bareLabel, categories[category], bareLabel ? 'can be bare label' : 'requires AS']),
  },
  pg_snapshot_xip: { rows: (_, text) => parseSnapshot(text as string).running.map((id) => [id]) },
  aclexplode: {
    rows: (context, acl) =>
      oneDimension(acl as string).flatMap(({ grantee, grantor, privileges, options }) => {
        const oid = (name: string): number =>
          name === '' ? 0 : (context.catalog?.resolve('role', `"${name.replaceAll('"', '""')}"`) ?? (/^\d+$/.test(name) ? Number(name) : 0));
        return privilegeWords.flatMap((word, bit) =>
          (privileges & (1 << bit)) === 0 ? [] : [[oid(grantor), oid(grantee), word, (options & (1 << bit)) !== 0]],
        );
      }),
  },
  pg_options_to_table: {
    rows: () => {
      throw notSupported('an options list that is not NULL');
    },
  },
};
