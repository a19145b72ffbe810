/**
 * What depends on a type, in words, and how it goes when the type goes with CASCADE. Used by DROP TYPE, and by DROP TABLE for the table's row type.
 */
import type { Column, Relation } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type { ActionList, DdlContext } from './ddl.js';
import { dropColumnSql, dropIndexSql } from './physical.js';
import type { TypeDependent } from './type-dependencies.js';
import { shown } from './type-names.js';

function relationText(context: DdlContext, relation: Relation): string {
  const { searchPath, editor } = context;
  return editor.snapshot.find(searchPath, relation.name)?.oid === relation.oid ? relation.name : `${relation.schema}.${relation.name}`;
}

/** As DETAIL lines and notices name it. */
export function describeDependent(context: DdlContext, dependent: TypeDependent): string {
  switch (dependent.kind) {
    case 'column':
      return `column ${dependent.name} of table ${relationText(context, dependent.table)}`;
    case 'default':
      return `default value for column ${dependent.name} of table ${relationText(context, dependent.table)}`;
    case 'check':
      return `constraint ${dependent.name} on table ${relationText(context, dependent.table)}`;
    case 'attribute':
      return `column ${dependent.name} of composite type ${shown(context, dependent.type)}`;
    case 'typedTable':
      return `table ${relationText(context, dependent.table)}`;
    case 'domain':
    case 'range':
      return `type ${shown(context, dependent.type)}`;
    case 'view':
      return `view ${relationText(context, dependent.view)}`;
  }
}

/** Takes a dependent away. `dropView` also takes what depends on the view (or typed table). */
export function dropTypeDependent(context: DdlContext, list: ActionList, dependent: TypeDependent, dropView: (view: Relation) => void): void {
  const { editor } = context;
  switch (dependent.kind) {
    case 'column':
      dropColumn(context, list, dependent.table.oid, dependent.attribute);
      break;
    case 'default': {
      const table = editor.snapshot.relationByOid(dependent.table.oid);
      if (table?.kind !== 'table') return;
      const columns = table.columns.map((column): Column => {
        if (column.attribute !== dependent.attribute) return column;
        const { defaultText: _text, ...rest } = column;
        return rest;
      });
      editor.put({ ...table, columns });
      break;
    }
    case 'check': {
      const table = editor.snapshot.relationByOid(dependent.table.oid);
      if (table?.kind === 'table') editor.put({ ...table, checks: table.checks.filter((check) => check.oid !== dependent.oid) });
      break;
    }
    case 'attribute': {
      const type = editor.snapshot.types.definition(dependent.type.oid);
      if (type?.kind === 'composite') editor.putType({ ...type, attributes: type.attributes.filter((other) => other.attribute !== dependent.attribute) });
      break;
    }
    case 'view': {
      const view = editor.snapshot.relationByOid(dependent.view.oid);
      if (view !== undefined) dropView(view);
      break;
    }
    case 'typedTable': {
      const table = editor.snapshot.relationByOid(dependent.table.oid);
      if (table !== undefined) dropView(table);
      break;
    }
    case 'domain':
    case 'range':
      break;
  }
}

/** A column goes with its indexes and constraints. */
function dropColumn(context: DdlContext, list: ActionList, tableOid: number, attribute: number): void {
  const table = context.editor.snapshot.relationByOid(tableOid);
  const column = table?.kind === 'table' ? table.columns.find((candidate) => candidate.attribute === attribute) : undefined;
  if (table?.kind !== 'table' || column === undefined) return;
  if (table.distribution.kind === 'distributed' && table.distribution.columns.includes(attribute))
    throw new PgError('0A000', `cannot drop column "${column.name}" of table "${table.name}": it is the distribution column`);
  const gone = table.indexes.filter((index) => index.keys.some((key) => key.attribute === attribute) || index.include.includes(attribute));
  for (const index of gone) list.sqlForTable(table, (schema) => dropIndexSql(schema, index));
  context.editor.put({
    ...table,
    columns: table.columns.filter((other) => other !== column),
    indexes: table.indexes.filter((index) => !gone.includes(index)),
    foreignKeys: table.foreignKeys.filter((key) => !key.columns.includes(attribute)),
  });
  list.sqlForTable(table, (schema) => dropColumnSql(schema, table, column));
}
