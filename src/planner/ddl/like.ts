/** CREATE TABLE ... (LIKE other INCLUDING ...). Called by CREATE TABLE. */
import { objectName } from '../../catalog/edit.js';
import { rootOf } from '../../catalog/partition.js';
import type { Column, Sequence, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { parseExpression } from '../../sql/parser.js';
import { typeRef } from '../../plan/build.js';
import { indexColumnName } from '../bind/column-name.js';
import { type ActionList, type DdlContext, findRelation, undefinedRelation } from './ddl.js';
import { physicalColumnName } from './physical.js';
import { nextvalText, ownedSequence } from './sequence.js';
import { findNamed } from './type-names.js';

/** What is copied: a table's parts, or only the columns of a view or composite type. */
type Source = Pick<Table, 'columns' | 'indexes' | 'checks'>;

function sourceOf(context: DdlContext, name: ast.QualifiedName): Source {
  const relation = findRelation(context, name);
  if (relation?.kind === 'table') return relation;
  if (relation?.kind === 'partition') return { ...rootOf(context.editor.snapshot, relation), indexes: [] };
  const composite = relation === undefined ? findNamed(context, name.schema === undefined ? [name.name] : [name.schema, name.name])?.named.type : undefined;
  const found = relation?.kind === 'view' ? relation.columns : composite?.kind === 'composite' ? composite.attributes : undefined;
  if (found === undefined) {
    if (relation === undefined) throw undefinedRelation(name);
    throw new PgError('42809', `relation "${name.name}" is invalid in LIKE clause`, { detail: 'This operation is not supported for sequences.' }).at(
      name.position,
    );
  }
  const columns = found.map(({ name, typeOid, typmod }, i): Column => {
    const type = typeRef(typeOid, typmod);
    const domain = type.domain === undefined ? {} : { domainOid: type.domain };
    return { attribute: i + 1, name, physicalName: name, typeOid: type.oid, typmod: type.typmod, ...domain, notNull: false };
  });
  return { columns, indexes: [], checks: [] };
}

function withoutComment<T extends { readonly comment?: string }>(one: T, keep: boolean): T {
  if (keep || one.comment === undefined) return one;
  const { comment: _, ...rest } = one;
  return rest as T;
}

function sequenceOptions({ start, increment, minValue, maxValue, cache, cycle }: Sequence): ast.SequenceOptions {
  return { start, increment, minValue, maxValue, cache, cycle };
}

export function likeTable(context: DdlContext, list: ActionList, table: Table, like: ast.LikeClause): Table {
  const { editor } = context;
  const source = sourceOf(context, like.table);
  const including = new Set(like.including);
  const comments = including.has('comments');
  let result = table;
  const renumbered = new Map<number, number>();
  for (const column of source.columns) {
    if (result.columns.some((other) => other.name === column.name)) throw new PgError('42701', `column "${column.name}" specified more than once`);
    const attribute = result.lastAttribute + 1;
    renumbered.set(column.attribute, attribute);
    const { defaultText, generated, identity, sequenceOid, inheritCount: _count, isLocal: _local, ...plain } = column;
    const isKept = generated !== undefined ? including.has('generated') : identity === undefined && including.has('defaults');
    const taken = result.columns.map((other) => other.physicalName);
    let copy: Column = {
      ...withoutComment(plain, comments),
      attribute,
      physicalName: physicalColumnName(column.name, attribute, taken),
      ...(defaultText !== undefined && isKept ? { defaultText } : {}),
      ...(generated !== undefined && including.has('generated') ? { generated } : {}),
    };
    const sequence = identity === undefined || sequenceOid === undefined ? undefined : editor.snapshot.relationByOid(sequenceOid);
    if (identity !== undefined && including.has('identity') && sequence?.kind === 'sequence') {
      const name = editor.freeName(table.schema, objectName(table.name, column.name, 'seq'));
      const own = ownedSequence(context, list, table, copy, sequenceOptions(sequence), name);
      copy = { ...copy, identity, sequenceOid: own.oid, defaultText: nextvalText(own) };
    }
    result = { ...result, columns: [...result.columns, copy], lastAttribute: attribute };
  }
  if (including.has('constraints'))
    result = {
      ...result,
      checks: [
        ...result.checks,
        ...source.checks.map(({ notValid: _valid, inheritCount: _count, isLocal: _local, ...check }) => ({
          ...withoutComment(check, comments),
          oid: editor.freshOid(),
        })),
      ],
    };
  if (!including.has('indexes')) return result;
  for (const index of source.indexes) {
    const names = index.keys.map(
      (key) =>
        source.columns.find((column) => column.attribute === key.attribute)?.name ??
        (key.expressionText === undefined ? 'expr' : indexColumnName(parseExpression(key.expressionText))),
    );
    const base = index.primary
      ? objectName(table.name, '', 'pkey')
      : objectName(table.name, names.join('_'), index.exclusion !== undefined ? 'excl' : index.constraint ? 'key' : 'idx');
    const { constraintComment, ...plain } = withoutComment(index, comments);
    const copy = {
      ...plain,
      ...(comments && constraintComment !== undefined ? { constraintComment } : {}),
      oid: editor.freshOid(),
      name: editor.freeName(table.schema, base, (name) => result.indexes.some((other) => other.name === name)),
      keys: index.keys.map((key) => ({ ...key, attribute: renumbered.get(key.attribute) ?? 0 })),
      include: index.include.map((attribute) => renumbered.get(attribute) ?? 0),
    };
    result = { ...result, indexes: [...result.indexes, copy] };
  }
  return result;
}
