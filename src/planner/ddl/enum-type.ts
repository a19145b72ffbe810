/**
 * CREATE TYPE ... AS ENUM and ALTER TYPE ... ADD VALUE / RENAME VALUE. Rows hold places in the order, so none of this touches files.
 */
import type { EnumLabel, EnumType } from '../../catalog/user-type.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { enumGap } from '../../types/enum.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, toQualifiedName } from './ddl.js';
import { freeArrayName, refuseTakenName, requireEnum } from './type-names.js';

function checkLabel(label: string): void {
  if (Buffer.byteLength(label) > 63) throw new PgError('42602', `invalid enum label "${label}"`, { detail: 'Labels must be 63 bytes or less.' });
}

export function planCreateEnum(statement: ast.CreateEnum, context: DdlContext): readonly DdlAction[] {
  const name = toQualifiedName(statement.name);
  const schema = creationSchema(context, name);
  refuseTakenName(context, schema, name.name);
  const { editor } = context;
  const oid = editor.freshOid();
  const arrayOid = editor.freshOid();
  const seen = new Set<string>();
  const labels = statement.labels.map((label, at): EnumLabel => {
    checkLabel(label);
    if (seen.has(label))
      throw new PgError('23505', 'duplicate key value violates unique constraint "pg_enum_typid_label_index"', {
        detail: `Key (enumtypid, enumlabel)=(${String(oid)}, ${label}) already exists.`,
        schema: 'pg_catalog',
        table: 'pg_enum',
        constraint: 'pg_enum_typid_label_index',
      });
    seen.add(label);
    return { oid: editor.freshOid(), label, sortOrder: at + 1 };
  });
  editor.putType({
    kind: 'enum',
    oid,
    arrayOid,
    arrayName: freeArrayName(context, schema, name.name),
    schema,
    name: name.name,
    owner: context.currentUser,
    labels,
  });
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}

/** The place of a new label: at the end, or halfway to the neighbour's neighbour. */
function newSortOrder(labels: readonly EnumLabel[], neighbour: { readonly label: string; readonly before: boolean } | undefined): number {
  if (neighbour === undefined) return (labels.at(-1)?.sortOrder ?? 0) + 1;
  const at = labels.findIndex((label) => label.label === neighbour.label);
  const own = labels[at];
  if (own === undefined) throw new PgError('22023', `"${neighbour.label}" is not an existing enum label`);
  const other = labels[neighbour.before ? at - 1 : at + 1];
  if (other === undefined) return own.sortOrder + (neighbour.before ? -1 : 1);
  const middle = (own.sortOrder + other.sortOrder) / 2;
  // Rows hold the order times the gap as integers.
  if (!Number.isInteger(middle * enumGap)) throw notSupported('yet another enum label between two that many have been put between');
  return middle;
}

export function planAlterEnum(statement: ast.AlterEnum, context: DdlContext): readonly DdlAction[] {
  const type = requireEnum(context, statement.name);
  const { action } = statement;
  let labels: readonly EnumLabel[];
  if (action.kind === 'addValue') {
    checkLabel(action.label);
    if (type.labels.some((label) => label.label === action.label)) {
      if (!action.ifNotExists) throw new PgError('42710', `enum label "${action.label}" already exists`);
      context.notice({ severity: 'NOTICE', code: '42710', message: `enum label "${action.label}" already exists, skipping` });
      return [];
    }
    const added: EnumLabel = {
      oid: context.editor.freshOid(),
      label: action.label,
      sortOrder: newSortOrder(type.labels, action.neighbour),
      ...(context.inBlock ? { fresh: true } : {}),
    };
    labels = [...type.labels, added].sort((a, b) => a.sortOrder - b.sortOrder);
  } else {
    if (!type.labels.some((label) => label.label === action.from)) throw new PgError('22023', `"${action.from}" is not an existing enum label`);
    checkLabel(action.to);
    if (type.labels.some((label) => label.label === action.to)) throw new PgError('42710', `enum label "${action.to}" already exists`);
    labels = type.labels.map((label) => (label.label === action.from ? { ...label, label: action.to } : label));
  }
  const changed: EnumType = { ...type, labels };
  context.editor.putType(changed);
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}
