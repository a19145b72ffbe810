/** Makes the system's own tables (catalog/system-table) when they are first needed. Called for large objects and by ANALYZE. */
import type { Table } from '../../catalog/table.js';
import { ActionList } from '../../planner/ddl/ddl.js';
import { createIndexSql, createTableSql } from '../../planner/ddl/physical.js';
import { type DdlHost, runActions } from './run-ddl.js';
import { hasSystemTable } from './system-rows.js';

/** Makes the table, in the statement's transaction, if the database does not have it yet. */
export async function requireSystemTable(host: DdlHost, table: Table): Promise<void> {
  if (hasSystemTable(host.core, table)) return;
  await runActions(host, ({ editor }) => {
    if (editor.snapshot.relationByOid(table.oid) !== undefined) return [];
    const list = new ActionList(editor);
    editor.addSystemTable(table);
    list.sqlForTable(table, (file) => createTableSql(file, table));
    for (const index of table.indexes) list.sqlForTable(table, (file) => createIndexSql(file, table, index, { keys: [], predicate: undefined }));
    list.flush();
    return list.actions;
  });
}
