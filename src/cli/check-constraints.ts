/**
 * The part of `shoal check` that asks in SQL, in one snapshot of all shards: unique keys, foreign keys, NOT NULL and CHECK constraints of every table. Indexes are trusted
 * here: they have been held against their tables before.
 */
import { finding, type Finding } from '../storage/integrity/finding.js';

/** Rows as text. */
export type Query = (text: string) => Promise<readonly (readonly (string | null)[])[]>;

const tables = `
  SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'shoal') ORDER BY 2`;
const columns = `
  SELECT attrelid, attnum, quote_ident(attname), attnotnull FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped ORDER BY attrelid, attnum`;
const constraints = `
  SELECT oid, contype, quote_ident(conname), conrelid, array_to_string(conkey, ','), confrelid, array_to_string(confkey, ','), pg_get_constraintdef(oid)
  FROM pg_constraint WHERE contype IN ('p', 'u', 'f', 'c') AND convalidated ORDER BY conrelid, oid`;

interface Relation {
  readonly name: string;
  readonly columns: Map<string, string>;
  readonly notNull: string[];
}

export async function checkConstraints(query: Query): Promise<Finding[]> {
  const findings: Finding[] = [];
  await query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const relations = new Map<string, Relation>();
    for (const [oid = '', name] of await query(tables)) relations.set(String(oid), { name: name ?? '', columns: new Map(), notNull: [] });
    for (const [oid = '', number, name, notNull] of await query(columns)) {
      const relation = relations.get(String(oid));
      relation?.columns.set(String(number), name ?? '');
      if (notNull === 'true' || notNull === 't') relation?.notNull.push(name ?? '');
    }
    const count = async (object: string, sql: string, detail: (rows: string) => string): Promise<void> => {
      try {
        const [[rows] = []] = await query(`SELECT count(*) FROM (${sql}) AS found`);
        if (rows !== '0') findings.push(finding(detail(rows ?? '?'), { object }));
      } catch (error) {
        findings.push(finding(`could not be checked: ${error instanceof Error ? error.message : String(error)}`, { object }));
        await query('ROLLBACK');
        await query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      }
    };
    for (const { name, notNull } of relations.values()) {
      if (notNull.length === 0) continue;
      // (IS NULL of a column that cannot be NULL would be known without looking.)
      const isNull = notNull.map((column) => `num_nulls(${column}) > 0`).join(' OR ');
      await count(name, `SELECT 1 FROM ${name} WHERE ${isNull}`, (rows) => `${counted(rows, 'row has', 'rows have')} NULL in a column that is NOT NULL`);
    }
    for (const [, type, constraintName, relationOid, key, targetOid, targetKey, definition] of await query(constraints)) {
      const relation = relations.get(String(relationOid));
      if (relation === undefined) continue;
      const names = columnsOf(relation, key);
      const object = `${relation.name}, constraint ${String(constraintName)}`;
      if (type === 'p' || type === 'u') {
        const list = names.join(', ');
        const known = / NULLS NOT DISTINCT/.test(definition ?? '') ? '' : ` WHERE ${names.map((name) => `${name} IS NOT NULL`).join(' AND ')}`;
        await count(
          object,
          `SELECT ${list} FROM ${relation.name}${known} GROUP BY ${list} HAVING count(*) > 1`,
          (rows) => `${counted(rows, 'key is', 'keys are')} there more than once`,
        );
      } else if (type === 'f') {
        const target = relations.get(String(targetOid));
        if (target === undefined) {
          findings.push(finding('refers to a table that is not there', { object }));
          continue;
        }
        const targets = columnsOf(target, targetKey);
        const known = names.map((name) => `child.${name} IS NOT NULL`).join(' AND ');
        const same = names.map((name, at) => `parent.${targets[at] ?? ''} = child.${name}`).join(' AND ');
        await count(
          object,
          `SELECT 1 FROM ${relation.name} AS child WHERE ${known} AND NOT EXISTS (SELECT 1 FROM ${target.name} AS parent WHERE ${same})`,
          (rows) => `${counted(rows, 'row refers', 'rows refer')} to a row that is not there`,
        );
      } else {
        const expression = /^CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?$/s.exec(definition ?? '')?.[1];
        if (expression !== undefined)
          await count(object, `SELECT 1 FROM ${relation.name} WHERE NOT (${expression})`, (rows) => `${counted(rows, 'row violates', 'rows violate')} it`);
      }
    }
  } finally {
    await query('ROLLBACK');
  }
  return findings;
}

function columnsOf(relation: Relation, numbers: string | null | undefined): readonly string[] {
  return (numbers ?? '').split(',').map((number) => relation.columns.get(number) ?? number);
}

function counted(rows: string, one: string, many: string): string {
  return `${rows} ${rows === '1' ? one : many}`;
}
