/** pg_language. */
import { aclText } from '../privileges.js';
import { type CatalogRow, relation } from './relation.js';

const common = { lanowner: 10, lanispl: false, lanplcallfoid: 0, laninline: 0 };

/** As initdb gives it in PostgreSQL 15. */
export const plpgsqlLanguage = 13773;

/** Its handlers and its validator. */
export const plpgsqlFunctions = [13560, 13561, 13562] as const;
const [callHandler, inlineHandler, validator] = plpgsqlFunctions;

const rows: readonly CatalogRow[] = [
  { ...common, oid: 12, lanname: 'internal', lanpltrusted: false, lanvalidator: 2246 },
  { ...common, oid: 14, lanname: 'sql', lanpltrusted: true, lanvalidator: 2248 },
  { ...common, oid: 13, lanname: 'c', lanpltrusted: false, lanvalidator: 2247 },
  {
    ...common,
    oid: plpgsqlLanguage,
    lanname: 'plpgsql',
    lanispl: true,
    lanpltrusted: true,
    lanplcallfoid: callHandler,
    laninline: inlineHandler,
    lanvalidator: validator,
  },
];

export const pgLanguage = relation('pg_catalog.pg_language', function* ({ catalog }) {
  for (const row of rows) yield { ...row, lanacl: aclText(catalog, catalog.aclOf('language', row['oid'] as number)?.acl) };
});
