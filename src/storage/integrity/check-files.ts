/**
 * The two ways of looking at the files of a database that a server has open: `verifyFiles` reads every page and holds it against its checksum; `checkFiles` also has SQLite
 * look at its trees and indexes and asks whether every row lies in the shard that its distribution columns say. Runs on a thread of its own (verification-worker).
 *
 * Pages are read through SQLite's own descriptors: opening a main file with node:fs in this process would drop SQLite's locks on it.
 */
import { groupSchemaNames } from '../../catalog/shard-group.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Column, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type { Connection } from '../files/connection.js';
import { type DatabaseLayout, globalSchema, quoteName } from '../files/layout.js';
import { placementSql } from '../files/placement-sql.js';
import { isDamage, toPgError } from '../sqlite-errors.js';
import { describeFault, logDamage } from './damage.js';
import { finding, type Finding } from './finding.js';
import { prepareVerification, verifyPages, verifyWal } from './page-guard.js';

/** 1 MB: between two portions the thread may rest, and looks whether it shall stop. */
const portionPages = 256;
const integrityErrorsMax = 20;
/** PostgreSQL's FirstNormalObjectId. */
const firstUserOid = 16384;

export interface CheckParts {
  readonly connection: Connection;
  readonly layout: DatabaseLayout;
  readonly catalog: CatalogSnapshot;
  /** Between portions: rests, or throws to stop. */
  readonly pause: () => void;
}

function schemasOf(catalog: CatalogSnapshot): readonly string[] {
  return [globalSchema, ...catalog.data.groups.flatMap(groupSchemaNames)];
}

/** Every page of every file. */
export function verifyFiles(parts: CheckParts): Finding[] {
  prepareVerification(parts.connection.db);
  return schemasOf(parts.catalog).flatMap((schema) => inFile(parts, schema, () => verifyFile(parts, schema)));
}

function verifyFile({ connection, layout, pause }: CheckParts, schema: string): Finding[] {
  const findings: Finding[] = [];
  const path = layout.file(schema);
  const pages = connection.db.pragma(`${quoteName(schema)}.page_count`, { simple: true }) as number;
  const add = (file: string, { kind, page }: { readonly kind: Parameters<typeof describeFault>[0]; readonly page: number }): void => {
    findings.push(finding(describeFault(kind), { file, page }));
    logDamage({ kind, page, path: file });
  };
  for (const found of verifyPages(connection.db, schema, pages, portionPages)) {
    for (const damage of found) add(path, damage);
    pause();
  }
  for (const damage of verifyWal(connection.db, schema)) add(`${path}-wal`, damage);
  return findings;
}

/** Pages, trees, indexes, placement, and files against the catalog. */
export function checkFiles(parts: CheckParts): Finding[] {
  const { layout, catalog } = parts;
  const findings = verifyFiles(parts);
  const known = new Set(schemasOf(catalog));
  // SQLite stops at the first damaged page, and would say no more than that.
  const damaged = new Set(findings.map(({ file }) => file));
  const isWhole = (schema: string): boolean => !damaged.has(layout.file(schema)) && !damaged.has(`${layout.file(schema)}-wal`);
  for (const schema of layout.shardSchemasOnDisk()) {
    if (!known.has(schema)) findings.push(finding('belongs to no shard of the catalog', { file: layout.file(schema) }));
  }
  for (const schema of [...known].filter(isWhole)) findings.push(...inFile(parts, schema, () => checkTrees(parts, schema)));
  for (const relation of catalog.data.relations) {
    if (relation.kind === 'table' && relation.distribution.kind === 'distributed') findings.push(...checkPlacement(parts, relation, isWhole));
  }
  return findings;
}

/** Runs a look at one file; one that cannot be opened or read is a finding. */
function inFile({ connection, layout }: CheckParts, schema: string, look: () => Finding[]): Finding[] {
  const file = layout.file(schema);
  if (!layout.exists(schema)) return [finding('is missing', { file })];
  try {
    connection.attachAll([schema]);
    return look();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [finding(toPgError(error).message, { file })];
  }
}

function checkTrees({ connection, layout, pause }: CheckParts, schema: string): Finding[] {
  const rows = connection.db.pragma(`${quoteName(schema)}.integrity_check(${String(integrityErrorsMax)})`) as readonly { readonly integrity_check: string }[];
  pause();
  return rows.filter((row) => row.integrity_check !== 'ok').map((row) => finding(row.integrity_check, { file: layout.file(schema) }));
}

/** Every row must lie where its distribution columns say. */
function checkPlacement(parts: CheckParts, table: Table, isWhole: (schema: string) => boolean): Finding[] {
  const { connection, layout, catalog, pause } = parts;
  if (table.distribution.kind !== 'distributed') return [];
  const { bounds } = catalog.group(table.distribution.group);
  const columns = table.distribution.columns.map((attribute) => table.columns.find((column) => column.attribute === attribute) as Column);
  // (How user-defined types are placed is not known here.)
  if (columns.some((column) => column.typeOid >= firstUserOid)) return [];
  const shard = placementSql(bounds, columns);
  return catalog.shardSchemas(table).flatMap((schema, index) => {
    if (!isWhole(schema)) return [];
    return inFile(parts, schema, () => {
      const sql = `SELECT count(*), min(_rowid) FROM ${quoteName(schema)}.${quoteName(table.physicalName)} WHERE ${shard} <> ${String(index)}`;
      const [count, rowid] = connection.prepare(sql, false).get() ?? [0];
      pause();
      if (count === 0) return [];
      return [
        finding(`${String(count)} ${count === 1 ? 'row lies' : 'rows lie'} in the wrong shard (the first has _rowid ${String(rowid)})`, {
          file: layout.file(schema),
          object: `${table.schema}.${table.name}`,
        }),
      ];
    });
  });
}

/** The reason why a check could not be finished, as a finding. */
export function failureOf(error: unknown): Finding {
  return finding(error instanceof PgError || error instanceof Error ? error.message : String(error));
}
