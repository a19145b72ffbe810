/** A column's new name, in its relation and in the texts that read it. Used by ALTER TABLE ... RENAME COLUMN and, for typed tables, by ALTER TYPE ... RENAME ATTRIBUTE. */
import type { Table, View } from '../../catalog/table.js';
import type { DdlContext } from './ddl.js';
import { renameAndFollow } from './follow-names.js';
import { followRoot } from './partition.js';

/** `tables`: the table and those that inherit the column. */
export function renameColumn(context: DdlContext, relation: Table | View, from: string, to: string, tables: readonly Table[]): void {
  const { editor } = context;
  const renamed = <T extends { readonly name: string }>(columns: readonly T[]): readonly T[] =>
    columns.map((column) => (column.name === from ? { ...column, name: to } : column));
  renameAndFollow(context, from, () => {
    if (relation.kind === 'view') editor.put({ ...relation, columns: renamed(relation.columns) });
    else {
      for (const table of tables) editor.put({ ...table, columns: renamed(table.columns) });
      followRoot(context, relation);
    }
  });
}
