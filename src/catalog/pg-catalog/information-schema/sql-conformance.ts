/** sql_features, sql_implementation_info, sql_parts, sql_sizing: what the server says of the SQL standard. The same for every database. */
import { type CatalogRow, fixedRelation } from '../relation.js';
import { sqlFeatureLines } from './sql-features.js';

/** Rows of fields between bars, one a line. */
function table(text: string): readonly (readonly string[])[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('|'));
}

function whole(field: string | undefined): number | null {
  return field === undefined || field === '' ? null : Number(field);
}

const nothing = (field: string | undefined): string | null => (field === undefined || field === '' ? null : field);

const implementation = `
10003|CATALOG NAME||Y
10004|COLLATING SEQUENCE
23|CURSOR COMMIT BEHAVIOR|1||close cursors and retain prepared statements
2|DATA SOURCE NAME
17|DBMS NAME||PostgreSQL
18|DBMS VERSION||15.00.0000)
26|DEFAULT TRANSACTION ISOLATION|2||READ COMMITTED; user-settable
28|IDENTIFIER CASE|3||stored in mixed case - case sensitive
85|NULL COLLATION|0||nulls higher than non-nulls
13|SERVER NAME
94|SPECIAL CHARACTERS|||all non-ASCII characters allowed
46|TRANSACTION CAPABLE|2||both DML and DDL`;

const parts = `
1|Framework (SQL/Framework)
2|Foundation (SQL/Foundation)
3|Call-Level Interface (SQL/CLI)
4|Persistent Stored Modules (SQL/PSM)
9|Management of External Data (SQL/MED)
10|Object Language Bindings (SQL/OLB)
11|Information and Definition Schema (SQL/Schemata)
13|Routines and Types Using the Java Programming Language (SQL/JRT)
14|XML-Related Specifications (SQL/XML)
15|Multi-Dimensional Arrays (SQL/MDA)`;

const sizes = `
97|MAXIMUM COLUMNS IN GROUP BY|0
99|MAXIMUM COLUMNS IN ORDER BY|0
100|MAXIMUM COLUMNS IN SELECT|1664
101|MAXIMUM COLUMNS IN TABLE|1600
1|MAXIMUM CONCURRENT ACTIVITIES|0
0|MAXIMUM DRIVER CONNECTIONS
20000|MAXIMUM STATEMENT OCTETS|0
20001|MAXIMUM STATEMENT OCTETS DATA|0
20002|MAXIMUM STATEMENT OCTETS SCHEMA|0
106|MAXIMUM TABLES IN SELECT|0
25000|MAXIMUM CURRENT DEFAULT TRANSFORM GROUP LENGTH
25001|MAXIMUM CURRENT TRANSFORM GROUP LENGTH
25002|MAXIMUM CURRENT PATH LENGTH|0
25003|MAXIMUM CURRENT ROLE LENGTH
34|MAXIMUM CATALOG NAME LENGTH|63|Might be less, depending on character set.
30|MAXIMUM COLUMN NAME LENGTH|63|Might be less, depending on character set.
31|MAXIMUM CURSOR NAME LENGTH|63|Might be less, depending on character set.
10005|MAXIMUM IDENTIFIER LENGTH|63|Might be less, depending on character set.
32|MAXIMUM SCHEMA NAME LENGTH|63|Might be less, depending on character set.
35|MAXIMUM TABLE NAME LENGTH|63|Might be less, depending on character set.
107|MAXIMUM USER NAME LENGTH|63|Might be less, depending on character set.
25004|MAXIMUM SESSION USER LENGTH|63|Might be less, depending on character set.
25005|MAXIMUM SYSTEM USER LENGTH|63|Might be less, depending on character set.`;

/** Those whose text is empty rather than unknown. */
const empty: ReadonlySet<string> = new Set(['2', '13', '94']);

export const sqlConformanceViews = [
  fixedRelation('information_schema.sql_features', () =>
    table(sqlFeatureLines).map(
      ([id, sub, supported, name, subName, comment]): CatalogRow => ({
        feature_id: id,
        feature_name: name,
        sub_feature_id: sub,
        sub_feature_name: subName ?? '',
        is_supported: supported === 'y' ? 'YES' : 'NO',
        comments: comment ?? '',
      }),
    ),
  ),
  fixedRelation('information_schema.sql_implementation_info', () =>
    table(implementation).map(
      ([id, name, number, text, comment]): CatalogRow => ({
        implementation_info_id: id,
        implementation_info_name: name,
        integer_value: whole(number),
        character_value: empty.has(id ?? '') ? '' : nothing(text),
        comments: nothing(comment),
      }),
    ),
  ),
  fixedRelation('information_schema.sql_parts', () =>
    table(parts).map(([id, name]): CatalogRow => ({ feature_id: id, feature_name: name, is_supported: 'NO', comments: '' })),
  ),
  fixedRelation('information_schema.sql_sizing', () =>
    table(sizes).map(
      ([id, name, value, comment]): CatalogRow => ({
        sizing_id: Number(id),
        sizing_name: name,
        supported_value: whole(value),
        comments: nothing(comment),
      }),
    ),
  ),
];
