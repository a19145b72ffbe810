/**
 * Two servers number the objects of one schema differently. Where a script asks for catalogs, its answers are compared with the names of the objects in the
 * place of their OIDs: then an OID that stands for another object is a difference, and nothing has to be left out. Called by run-file.ts.
 */
import type { Answer, Column, Result } from './wire-session.js';

const oidType = 26;
const xidType = 28;
const nodeTreeType = 194;

/** OIDs below are the system's own, and alike on both sides. */
const firstOwnOid = 16384;

const ofNames = `
  SELECT oid, 'relation ' || relname FROM pg_catalog.pg_class UNION ALL
  SELECT oid, 'type ' || typname FROM pg_catalog.pg_type UNION ALL
  SELECT oid, 'routine ' || proname FROM pg_catalog.pg_proc UNION ALL
  SELECT oid, 'constraint ' || conname FROM pg_catalog.pg_constraint UNION ALL
  SELECT oid, 'default of ' || adrelid::pg_catalog.regclass || '.' || adnum FROM pg_catalog.pg_attrdef UNION ALL
  SELECT oid, 'label ' || enumlabel FROM pg_catalog.pg_enum UNION ALL
  SELECT oid, 'trigger ' || tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal UNION ALL
  SELECT oid, 'policy ' || polname FROM pg_catalog.pg_policy UNION ALL
  SELECT oid, 'rule of ' || ev_class::pg_catalog.regclass FROM pg_catalog.pg_rewrite UNION ALL
  SELECT oid, 'cast' FROM pg_catalog.pg_cast UNION ALL
  SELECT oid, 'schema ' || nspname FROM pg_catalog.pg_namespace UNION ALL
  SELECT oid, 'extension ' || extname FROM pg_catalog.pg_extension UNION ALL
  SELECT oid, 'statistics ' || stxname FROM pg_catalog.pg_statistic_ext UNION ALL
  SELECT oid, 'default privileges' FROM pg_catalog.pg_default_acl UNION ALL
  SELECT oid, 'role ' || rolname FROM pg_catalog.pg_authid UNION ALL
  SELECT oid, 'database' FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`;

/** Statements after which other objects may be there. */
const readsOnly = /^(SELECT|SHOW|SET|RESET|BEGIN|COMMIT|ROLLBACK|FETCH)\b/;

/** PostgreSQL's own bookkeeping in pg_attribute.attoptions, which nothing sets. */
const versionOfAttributes = /^\{pg_attver=\d+\}$/;

/** PostgreSQL's tables for long values are its own business. */
function shownName(name: string): string {
  return name.startsWith('relation pg_toast_') ? '0' : name;
}

export class ObjectNames {
  private names: ReadonlyMap<string, string> | undefined;

  constructor(
    private readonly database: string,
    private readonly query: (sql: string) => Promise<Answer>,
  ) {}

  async replaceIn(answer: Answer): Promise<Answer> {
    if (!answer.results.every(({ tag }) => readsOnly.test(tag))) this.names = undefined;
    if (answer.status !== 'I' && this.names === undefined) return answer;
    if (answer.results.every(({ rows }) => rows.length === 0)) return answer;
    this.names ??= await this.read();
    return { ...answer, results: answer.results.map((result) => this.inResult(result)) };
  }

  private async read(): Promise<ReadonlyMap<string, string>> {
    const { results, error } = await this.query(ofNames);
    if (error !== undefined) throw new Error(`the names of the objects: ${error.message}`);
    const rows = results[0]?.rows ?? [];
    return new Map(rows.flatMap(([oid, name]) => (Number(oid) >= firstOwnOid || name === 'database' ? [[String(oid), shownName(String(name))]] : [])));
  }

  private inResult(result: Result): Result {
    const columns = result.columns ?? [];
    return { ...result, rows: result.rows.map((row) => row.map((cell, at) => (cell === null ? null : this.inCell(cell, columns[at])))) };
  }

  private inCell(cell: string, column: Column | undefined): string | null {
    if (cell === this.database) return 'postgres';
    if (column?.typeOid === xidType) return '<transaction>';
    if (column?.typeOid === nodeTreeType) return '<tree>';
    if (versionOfAttributes.test(cell)) return null;
    if (column?.typeOid === oidType) return this.names?.get(cell) ?? cell;
    return cell.replaceAll(/(?<![\d.])\d{5,10}(?![\d.])/g, (digits) => this.names?.get(digits) ?? digits);
  }
}
