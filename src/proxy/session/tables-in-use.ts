/**
 * Definitions of tables do not change under the session's own open cursors. Called by utility.ts before a data-definition statement is carried out.
 * Source: CheckTableNotInUse of PostgreSQL 15's tablecmds.c.
 */
import { inheritorsOf } from '../../catalog/inheritance.js';
import type { Relation } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { visitPlan } from '../../plan/walk.js';
import type { DdlAction } from '../../planner/ddl/ddl.js';
import type { DdlStatement } from '../../planner/ddl/plan-ddl.js';
import type * as ast from '../../sql/ast.js';
import type { ShoalSession } from './shoal-session.js';

/** OIDs of the tables that open cursors read. */
function tablesInUse(session: ShoalSession): ReadonlySet<number> {
  const used = new Set<number>();
  for (const { compiled, cursorState } of session.names.portals.values()) {
    if (cursorState === undefined || cursorState.held || compiled?.kind !== 'query') continue;
    visitPlan(compiled.bound.plan, (node) => {
      if (node.kind === 'scan') used.add(node.table.oid);
    });
  }
  return used;
}

function verbOf(statement: DdlStatement): string | undefined {
  switch (statement.kind) {
    case 'drop':
      return statement.object === 'index' ? 'DROP INDEX' : 'DROP TABLE';
    case 'alterTable':
      return statement.object === 'type' ? undefined : 'ALTER TABLE';
    case 'truncate':
      return 'TRUNCATE';
    case 'createIndex':
      return 'CREATE INDEX';
    default:
      return undefined;
  }
}

/** 55006 when the statement drops, empties or changes a table that an open cursor of the session reads. */
export function refuseTablesInUse(session: ShoalSession, statement: DdlStatement, actions: readonly DdlAction[]): void {
  const verb = verbOf(statement);
  if (verb === undefined || session.names.portals.size === 0) return;
  const used = tablesInUse(session);
  if (used.size === 0) return;
  const { catalog, searchPath } = session.core;
  const named = (name: ast.QualifiedName): readonly Relation[] => {
    const relation = name.schema === undefined ? catalog.find(searchPath, name.name) : catalog.relation(name.schema, name.name);
    return relation === undefined ? [] : relation.kind === 'table' ? inheritorsOf(catalog, relation) : [relation];
  };
  const touched: Relation[] = [];
  if (statement.kind === 'truncate') for (const table of statement.tables) touched.push(...named(table.name).slice(0, table.only ? 1 : undefined));
  else if (statement.kind === 'alterTable') touched.push(...named(statement.name).slice(0, 1));
  const after = actions.findLast((action) => action.kind === 'apply')?.catalog.relations;
  if (after !== undefined && statement.kind !== 'truncate') {
    const kept = new Set(after);
    touched.push(...catalog.data.relations.filter((relation) => !kept.has(relation)));
  }
  const table = touched.find((relation) => used.has(relation.oid));
  if (table !== undefined) throw new PgError('55006', `cannot ${verb} "${table.name}" because it is being used by active queries in this session`);
}
