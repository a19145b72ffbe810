/** Relations of things that Shoal does not have: they exist, with their columns, and are empty. */
import { relation, type CatalogRelation } from './relation.js';

function empty(name: string, oid: number, ...columns: (readonly [string, number])[]): CatalogRelation {
  return relation('pg_catalog', name, oid, columns, () => []);
}

export const emptyRelations: readonly CatalogRelation[] = [
  empty('pg_inherits', 2611, ['inhrelid', 26], ['inhparent', 26], ['inhseqno', 23], ['inhdetachpending', 16]),
  empty('pg_partitioned_table', 3350, ['partrelid', 26], ['partstrat', 18], ['partnatts', 21], ['partdefid', 26], ['partattrs', 22], ['partclass', 30], ['partcollation', 30], ['partexprs', 25]),
  empty('pg_description', 2609, ['objoid', 26], ['classoid', 26], ['objsubid', 23], ['description', 25]),
  empty('pg_trigger', 2620, ['oid', 26], ['tgrelid', 26], ['tgparentid', 26], ['tgname', 19], ['tgfoid', 26], ['tgtype', 21], ['tgenabled', 18], ['tgisinternal', 16], ['tgconstrrelid', 26], ['tgconstrindid', 26], ['tgconstraint', 26], ['tgdeferrable', 16], ['tginitdeferred', 16]),
  empty('pg_policy', 3256, ['oid', 26], ['polname', 19], ['polrelid', 26], ['polcmd', 18], ['polpermissive', 16], ['polroles', 1028], ['polqual', 25], ['polwithcheck', 25]),
  empty('pg_statistic_ext', 3381, ['oid', 26], ['stxrelid', 26], ['stxname', 19], ['stxnamespace', 26], ['stxowner', 26], ['stxstattarget', 23], ['stxkeys', 22], ['stxkind', 1002]),
  empty('pg_publication', 6104, ['oid', 26], ['pubname', 19], ['pubowner', 26], ['puballtables', 16], ['pubinsert', 16], ['pubupdate', 16], ['pubdelete', 16], ['pubtruncate', 16], ['pubviaroot', 16]),
  empty('pg_publication_rel', 6106, ['oid', 26], ['prpubid', 26], ['prrelid', 26], ['prqual', 25], ['prattrs', 22]),
  empty('pg_publication_namespace', 6237, ['oid', 26], ['pnpubid', 26], ['pnnspid', 26]),
  empty('pg_enum', 3501, ['oid', 26], ['enumtypid', 26], ['enumsortorder', 700], ['enumlabel', 19]),
  empty('pg_range', 3541, ['rngtypid', 26], ['rngsubtype', 26], ['rngmultitypid', 26], ['rngcollation', 26], ['rngsubopc', 26], ['rngcanonical', 24], ['rngsubdiff', 24]),
  empty('pg_extension', 3079, ['oid', 26], ['extname', 19], ['extowner', 26], ['extnamespace', 26], ['extrelocatable', 16], ['extversion', 25]),
  empty('pg_foreign_table', 3118, ['ftrelid', 26], ['ftserver', 26], ['ftoptions', 1009]),
];
