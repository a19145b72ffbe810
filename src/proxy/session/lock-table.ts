/**
 * LOCK TABLE. Reads never wait here, so that the modes differ only in what else they keep off: other DDL, their own kind, or writers, too (modes that PostgreSQL lets
 * several hold at a time and that keep writers off, as SHARE, are held by one).
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import { relationsNamed } from '../../planner/ddl/view-dependencies.js';
import type * as ast from '../../sql/ast.js';
import { requireLock } from './session-rights.js';
import type { ShoalSession } from './shoal-session.js';

const strengths: Readonly<Record<ast.Lock['mode'], 'keyShare' | 'noKeyUpdate' | 'update'>> = {
  'access share': 'keyShare',
  'row share': 'keyShare',
  'row exclusive': 'keyShare',
  'share update exclusive': 'noKeyUpdate',
  share: 'update',
  'share row exclusive': 'update',
  exclusive: 'update',
  'access exclusive': 'update',
};

interface Found {
  readonly oid: number;
  readonly name: string;
}

export async function lockTables(session: ShoalSession, statement: ast.Lock): Promise<string> {
  const { core } = session;
  const tables = statement.tables.flatMap(({ name }) => tablesBehind(core.catalog, core.searchPath, name));
  for (const { name } of statement.tables) {
    const relation = name.schema === undefined ? core.catalog.find(core.searchPath, name.name) : core.catalog.relation(name.schema, name.name);
    if (relation !== undefined) requireLock(core, relation.oid, statement.mode);
  }
  if (statement.mode !== 'access share' && core.transaction.readOnly) throw new PgError('25006', 'cannot execute LOCK TABLE in a read-only transaction');
  await core.services.lane.lockTable({
    transaction: await core.laneTransaction(),
    tables,
    mode: strengths[statement.mode],
    nowait: statement.nowait,
    lockTimeoutMs: core.lockTimeoutMs,
  });
  const mode = `${statement.mode.replace(/(?:^| )([a-z])/g, (_, letter: string) => letter.toUpperCase())}Lock`;
  for (const { oid } of tables) {
    if (!core.transaction.tableLocks.some((lock) => lock.oid === oid && lock.mode === mode)) core.transaction.tableLocks.push({ oid, mode });
  }
  return 'LOCK TABLE';
}

function isSystem({ schema }: ast.QualifiedName): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema' || schema === 'shoal';
}

/** The table, or the tables that a view reads. */
function tablesBehind(catalog: CatalogSnapshot, path: readonly string[], name: ast.QualifiedName): readonly Found[] {
  const relation = name.schema === undefined ? catalog.find(path, name.name) : catalog.relation(name.schema, name.name);
  if (relation === undefined) {
    const written = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
    throw new PgError('42P01', `relation "${written}" does not exist`);
  }
  switch (relation.kind) {
    case 'table':
      return [relation];
    case 'partition':
      return [{ oid: relation.rootOid, name: relation.name }];
    case 'sequence':
      throw new PgError('42809', `"${relation.name}" is not a table or view`, { detail: 'This operation is not supported for sequences.' });
    case 'view':
      return relationsNamed(relation.queryText).flatMap((below) => (isSystem(below) ? [] : tablesBehind(catalog, ['public'], below)));
  }
}
