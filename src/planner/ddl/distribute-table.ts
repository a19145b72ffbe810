/**
 * create_distributed_table, create_reference_table, undistribute_table and alter_distributed_table: change where a table's rows live, moving those that it has.
 */
import type { Distribution, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { ActionList, type DdlAction, type DdlContext } from './ddl.js';
import { chooseDistribution, type DistributionRequest, dropGroupIfUnused } from './distribution.js';
import { createIndexFiles } from './table-files.js';
import { createTableSql, dropTableSql } from './physical.js';

/** `name` is the text of a regclass: perhaps qualified. */
export function tableByText(context: DdlContext, name: string): Table {
  const parts = name.split('.').map((part) => (part.startsWith('"') && part.endsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase()));
  const relation =
    parts.length > 1 ? context.editor.snapshot.relation(parts[0] ?? '', parts[1] ?? '') : context.editor.snapshot.find(context.searchPath, parts[0] ?? '');
  if (relation === undefined) throw new PgError('42P01', `relation "${name}" does not exist`);
  if (relation.kind !== 'table') throw new PgError('42809', `"${relation.name}" is not a table`);
  return relation;
}

export function planDistribute(table: Table, request: DistributionRequest, context: DdlContext, mustBe: 'reference' | 'distributed'): readonly DdlAction[] {
  if (mustBe === 'reference' && table.distribution.kind === 'distributed') throw new PgError('42P16', `table "${table.name}" is already distributed`);
  const list = new ActionList(context.editor);
  const distribution = chooseDistribution(context, list, table, request);
  return move(table, distribution, context, list);
}

export function planUndistribute(table: Table, context: DdlContext): readonly DdlAction[] {
  if (table.distribution.kind === 'reference') throw new PgError('42P16', `cannot undistribute table because the table is not distributed`);
  return move(table, { kind: 'reference' }, context, new ActionList(context.editor));
}

/** New SQLite tables beside the old ones (a reference table and a distributed one never share a file), the rows, then the old tables go. */
function move(table: Table, distribution: Distribution, context: DdlContext, list: ActionList): readonly DdlAction[] {
  if (
    distribution.kind === table.distribution.kind &&
    distribution.kind === 'distributed' &&
    table.distribution.kind === 'distributed' &&
    distribution.group === table.distribution.group &&
    distribution.columns.join() === table.distribution.columns.join()
  ) {
    return [];
  }
  const sameGroup = distribution.kind === 'distributed' && table.distribution.kind === 'distributed' && distribution.group === table.distribution.group;
  const moved: Table = {
    ...table,
    distribution,
    physicalName: sameGroup ? context.editor.physicalTableName(table.schema, table.name, context.editor.freshOid()) : table.physicalName,
  };
  const oldSchemas = context.editor.snapshot.shardSchemas(table);
  context.editor.put(moved);
  list.sqlForTable(moved, (schema) => createTableSql(schema, moved));
  for (const index of moved.indexes) createIndexFiles(context, list, moved, index);
  list.add({ kind: 'moveRows', from: table, to: moved });
  for (const schema of oldSchemas) list.step({ kind: 'sql', sql: dropTableSql(schema, table) });
  dropGroupIfUnused(context, list, table.distribution);
  list.flush();
  return list.actions;
}
