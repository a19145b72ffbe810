/**
 * CREATE TABLE, with both kinds of table: reference (the default) and distributed (PARTITION BY HASH (...) WITH (shards = n, colocate_with = 'table')).
 */
import { putNewTable } from './table-files.js';
import { partitioningFor, planPartitionOf, refuseForeignUnique } from './partition.js';
import { objectName } from '../../catalog/edit.js';
import { type CollationRef, collationRef, requireCollation } from '../../catalog/collation.js';
import type { Column, Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type { TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid, requireType } from '../../types/registry.js';
import { readsColumn, systemColumns, withForeignKey, withUnique } from './constraints.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, duplicateRelation, onCommitOf, withDefault } from './ddl.js';
import { chooseDistribution, type DistributionRequest } from './distribution.js';
import { declareCheck, type Inheritance, inheritParts, mergeDeclared, refuseUndecided } from './inheritance.js';
import { withExclusion } from './exclusion.js';
import { likeTable } from './like.js';
import { physicalColumnName } from './physical.js';
import { storageOf } from './storage-parameters.js';
import { nextvalText, ownedSequence } from './sequence.js';
import { typedColumns, typeOfTable } from './typed-table.js';

const serials = new Map<string, number>([
  ['serial', Oid.int4],
  ['serial4', Oid.int4],
  ['bigserial', Oid.int8],
  ['serial8', Oid.int8],
  ['smallserial', Oid.int2],
  ['serial2', Oid.int2],
]);

/** The type of serial columns, undefined for all others. */
function serialType(type: ast.TypeName | undefined): number | undefined {
  const { names, arrayBounds } = type ?? { names: [], arrayBounds: [] };
  const name = names[names.length - 1];
  return names.length === 1 && arrayBounds.length === 0 && name !== undefined ? serials.get(name) : undefined;
}

function dimensionsOf(type: ast.TypeName | undefined): { readonly dimensions?: number } {
  const dimensions = type?.arrayBounds.length ?? 0;
  return dimensions > 1 ? { dimensions } : {};
}

/** Defines one column of a table being made or altered: the column itself, and what its constraints add to the table. `known`: its type, when none is written. */
export function defineColumn(
  context: DdlContext,
  list: ActionList,
  table: Table,
  definition: ast.ColumnDefinition,
  takenPhysical: readonly string[],
  known?: TypeRef,
): { readonly table: Table; readonly column: Column } {
  if (table.columns.some((column) => column.name === definition.name)) throw new PgError('42701', `column "${definition.name}" specified more than once`);
  if (systemColumns.has(definition.name)) throw new PgError('42701', `column name "${definition.name}" conflicts with a system column name`);
  const binder = context.binder(context.editor.snapshot);
  const serial = serialType(definition.type);
  if (known === undefined && definition.type === undefined) throw notSupported('a column without a type');
  const type: TypeRef = serial !== undefined ? { oid: serial, typmod: -1 } : (known ?? binder.typeName(definition.type as ast.TypeName));
  if (type.oid === Oid.unknown || type.oid === Oid.record || type.oid === Oid.void) throw new PgError('42P16', `column "${definition.name}" has pseudo-type`);
  if (definition.collation !== undefined && requireType(type.oid).collationOid === 0)
    throw new PgError('42804', `collations are not supported by type ${formatType(type.oid)}`);
  const attribute = table.lastAttribute + 1;
  let column: Column = {
    attribute,
    name: definition.name,
    physicalName: physicalColumnName(definition.name, attribute, takenPhysical),
    typeOid: type.oid,
    typmod: type.typmod,
    ...(type.domain === undefined ? {} : { domainOid: type.domain }),
    notNull: serial !== undefined,
    ...dimensionsOf(definition.type),
    ...declaredCollation(context, definition.collation, type.domain ?? type.oid),
  };
  if (serial !== undefined) {
    const name = context.editor.freeName(table.schema, objectName(table.name, definition.name, 'seq'));
    const sequence = ownedSequence(context, list, table, column, {}, name);
    column = { ...column, sequenceOid: sequence.oid, defaultText: nextvalText(sequence) };
  }
  let nullable = false;
  for (const constraint of definition.constraints) {
    switch (constraint.kind) {
      case 'notNull':
        if (nullable)
          throw new PgError('42601', `conflicting NULL/NOT NULL declarations for column "${definition.name}" of table "${table.name}"`).at(constraint.position);
        column = { ...column, notNull: true };
        break;
      case 'nullable':
        if (column.notNull)
          throw new PgError('42601', `conflicting NULL/NOT NULL declarations for column "${definition.name}" of table "${table.name}"`).at(constraint.position);
        nullable = true;
        break;
      case 'default':
        if (column.defaultText !== undefined)
          throw new PgError('42601', `multiple default values specified for column "${definition.name}" of table "${table.name}"`).at(constraint.position);
        if (column.generated !== undefined)
          throw new PgError('42601', `both default and generation expression specified for column "${definition.name}" of table "${table.name}"`).at(
            constraint.position,
          );
        column = withDefault(column, binder.expression(constraint.expression, undefined, type, 'default'));
        break;
      case 'identity': {
        const name = context.editor.freeName(table.schema, objectName(table.name, definition.name, 'seq'));
        if (type.oid !== Oid.int2 && type.oid !== Oid.int4 && type.oid !== Oid.int8)
          throw new PgError('22023', 'identity column type must be smallint, integer, or bigint');
        if (column.identity !== undefined)
          throw new PgError('42601', `multiple identity specifications for column "${definition.name}" of table "${table.name}"`).at(constraint.position);
        if (column.generated !== undefined)
          throw new PgError('42601', `both identity and generation expression specified for column "${definition.name}" of table "${table.name}"`).at(
            constraint.position,
          );
        if (column.defaultText !== undefined)
          throw new PgError('42601', `both default and identity specified for column "${definition.name}" of table "${table.name}"`).at(constraint.position);
        const sequence = ownedSequence(context, list, table, column, constraint.sequence, name);
        column = {
          ...column,
          notNull: true,
          identity: constraint.always ? 'always' : 'default',
          sequenceOid: sequence.oid,
          defaultText: nextvalText(sequence),
        };
        break;
      }
      case 'generated':
        if (column.defaultText !== undefined)
          throw new PgError(
            '42601',
            `both ${column.identity === undefined ? 'default' : 'identity'} and generation expression specified for column "${definition.name}" of table "${table.name}"`,
          ).at(constraint.position);
        if (column.generated !== undefined)
          throw new PgError('42601', `multiple generation clauses specified for column "${definition.name}" of table "${table.name}"`).at(constraint.position);
        // (The expression comes when all columns are known.)
        column = { ...column, generated: 'stored' };
        break;
      case 'check':
      case 'unique':
      case 'primaryKey':
      case 'foreignKey':
        break;
    }
  }
  const grown: Table = { ...table, columns: [...table.columns, column], lastAttribute: attribute };
  return { table: grown, column };
}

/** What COLLATE says of a column, domain or attribute of the type. */
export function declaredCollation(context: DdlContext, parts: readonly string[] | undefined, typeOid: number): { readonly collation?: CollationRef } {
  if (parts === undefined) return {};
  const collation = collationRef(requireCollation(context.editor.snapshot, context.searchPath, parts), typeOid);
  return collation === undefined ? {} : { collation };
}

/** Generated expressions and the constraints written behind a column, once all columns of the table are known. Not foreign keys: see `applyForeignKeys`. */
export function applyColumnConstraints(context: DdlContext, table: Table, definition: ast.ColumnDefinition): Table {
  let result = table;
  for (const constraint of definition.constraints) {
    switch (constraint.kind) {
      case 'generated': {
        const column = result.columns.find((candidate) => candidate.name === definition.name) as Column;
        const defaultText = context
          .binder(context.editor.snapshot)
          .expression(constraint.expression, result, { oid: column.typeOid, typmod: column.typmod }, 'generated');
        const other = result.columns.find((candidate) => candidate.generated !== undefined && readsColumn(defaultText, candidate));
        if (other !== undefined)
          throw new PgError('42P17', `cannot use generated column "${other.name}" in column generation expression`, {
            detail: 'A generated column cannot reference another generated column.',
          });
        result = {
          ...result,
          columns: result.columns.map((candidate) => (candidate === column ? { ...candidate, generated: 'stored', defaultText } : candidate)),
        };
        break;
      }
      case 'check':
        result = declareCheck(context, result, constraint, definition.name);
        break;
      case 'unique':
      case 'primaryKey':
        result = withUnique(context, result, { ...constraint, columns: constraint.columns.length === 0 ? [definition.name] : constraint.columns }).table;
        break;
      case 'foreignKey':
      case 'notNull':
      case 'nullable':
      case 'default':
      case 'identity':
        break;
    }
  }
  return result;
}

/** The foreign keys written behind a column: when the keys of the whole table are known, because they may refer to it. */
export function applyForeignKeys(context: DdlContext, table: Table, definition: ast.ColumnDefinition): Table {
  return definition.constraints.reduce(
    (result, constraint) =>
      constraint.kind === 'foreignKey'
        ? withForeignKey(context, result, constraint, constraint.columns.length === 0 ? [definition.name] : constraint.columns).table
        : result,
    table,
  );
}

/** shards and colocate_with of WITH (...); the others are storage parameters. */
export function distributionOptions(options: readonly ast.Option[]): { readonly shards: number | undefined; readonly colocateWith: string | undefined } {
  let shards: number | undefined;
  let colocateWith: string | undefined;
  for (const option of options) {
    if (option.name === 'shards') {
      if (option.value?.kind !== 'integer') throw new PgError('22023', 'invalid value for option "shards": a whole number is expected').at(option.position);
      shards = option.value.value;
    } else if (option.name === 'colocate_with') {
      if (option.value?.kind === 'string') colocateWith = option.value.value;
      else if (option.value?.kind === 'type') colocateWith = option.value.type.names.join('.');
      else throw new PgError('22023', 'invalid value for option "colocate_with": the name of a table is expected').at(option.position);
    }
  }
  return { shards, colocateWith };
}

function distributionRequest(statement: ast.CreateTable): DistributionRequest | undefined {
  const { shards, colocateWith } = distributionOptions(statement.options);
  const { partitionBy } = statement;
  if (partitionBy === undefined) {
    if (shards !== undefined || colocateWith !== undefined)
      throw new PgError('42P16', 'a table with shards needs a distribution column', {
        hint: 'Write PARTITION BY HASH (column) WITH (shards = ...), or call create_distributed_table().',
      });
    return undefined;
  }
  // Without shards it is PostgreSQL's own partitioning.
  if (shards === undefined && colocateWith === undefined) return undefined;
  if (partitionBy.strategy !== 'hash') throw notSupported(`distribution by ${partitionBy.strategy}`, partitionBy.position);
  const columns = partitionBy.keys.map((key) => {
    if (key.column === undefined) throw notSupported('distribution by an expression', key.position);
    return key.column;
  });
  return { columns, shards, colocateWith };
}

export function planCreateTable(statement: ast.CreateTable, context: DdlContext): readonly DdlAction[] {
  if (statement.partitionOf !== undefined) return planPartitionOf(statement, statement.partitionOf, context, new ActionList(context.editor));
  const onCommit = onCommitOf(statement);
  const schema = creationSchema(context, statement.name, statement.persistence);
  const { name } = statement.name;
  if (context.editor.nameTaken(schema, name)) {
    if (!statement.ifNotExists) throw duplicateRelation(name);
    context.notice({ severity: 'NOTICE', code: '42P07', message: `relation "${name}" already exists, skipping` });
    return [];
  }
  const list = new ActionList(context.editor);
  const request = distributionRequest(statement);
  const oid = context.editor.freshOid();
  let table: Table = {
    kind: 'table',
    oid,
    schema,
    name,
    owner: context.currentUser,
    persistence: schema === context.temporarySchema ? 'temporary' : statement.persistence,
    ...storageOf(statement, statement.partitionBy !== undefined && request === undefined),
    ...onCommit,
    columns: [],
    lastAttribute: 0,
    indexes: [],
    checks: [],
    foreignKeys: [],
    distribution: { kind: 'reference' },
    physicalName: context.editor.physicalTableName(schema, name, oid),
  };
  const definitions: ast.ColumnDefinition[] = [];
  const declared = statement.elements.flatMap((element) => (element.kind === 'column' ? [element.name] : []));
  if (declared.length > 1600) throw new PgError('54011', 'tables can have at most 1600 columns');
  const twice = declared.find((one, i) => declared.indexOf(one) < i);
  if (twice !== undefined) throw new PgError('42701', `column "${twice}" specified more than once`);
  const inheritance = inheritParts(context, table, statement.inherits);
  ({ table } = inheritance);
  const ofType = statement.ofType === undefined ? undefined : typeOfTable(context, statement.ofType);
  if (ofType !== undefined) {
    table = { ...table, ofType: ofType.oid };
    for (const { definition, type } of typedColumns(ofType, statement.elements)) {
      const taken = table.columns.map((column) => column.physicalName);
      table = defineColumn(context, list, table, definition, taken, type).table;
      definitions.push(definition);
    }
  }
  for (const element of statement.elements) {
    if (element.kind === 'column') {
      if (ofType !== undefined) continue;
      definitions.push(element);
      const inherited = table.columns.find((column) => column.name === element.name && column.inheritCount !== undefined);
      const before = inherited === undefined ? table : { ...table, columns: table.columns.filter((column) => column !== inherited) };
      const defined = defineColumn(
        context,
        list,
        before,
        element,
        table.columns.map((column) => column.physicalName),
      );
      if (inherited === undefined) {
        ({ table } = defined);
        continue;
      }
      const merged = mergeDeclared(context, inherited, defined.column, element, definitions.length);
      table = { ...table, columns: table.columns.map((column) => (column === inherited ? merged : column)) };
    } else if (element.kind === 'like') table = likeTable(context, list, table, element);
  }
  refuseUndecided(inheritance.undecided, definitions);
  for (const definition of definitions) table = applyColumnConstraints(context, table, definition);
  const later: ast.ForeignKeyConstraint[] = [];
  for (const element of statement.elements) {
    if (element.kind !== 'constraint') continue;
    const { constraint } = element;
    if (constraint.kind === 'check') table = declareCheck(context, table, constraint);
    else if (constraint.kind === 'foreignKey') later.push(constraint);
    else if (constraint.kind === 'exclusion') {
      if (statement.partitionBy !== undefined && request === undefined)
        throw new PgError('0A000', 'exclusion constraints are not supported on partitioned tables').at(constraint.position);
      table = withExclusion(context, table, constraint).table;
    } else table = withUnique(context, table, constraint).table;
  }
  if (statement.partitionBy !== undefined && request === undefined) {
    table = { ...table, partitioning: partitioningFor(context, table, statement.partitionBy) };
    for (const index of table.indexes) refuseForeignUnique(table, index);
  }
  for (const definition of definitions) table = applyForeignKeys(context, table, definition);
  for (const constraint of later) table = withForeignKey(context, table, constraint, constraint.columns).table;
  table = { ...table, distribution: request === undefined ? inheritedDistribution(table, inheritance) : chooseDistribution(context, list, table, request) };
  if (inheritance.parents.length > 0) table = { ...table, parents: inheritance.parents.map((parent) => parent.oid) };
  putNewTable(context, list, table);
  list.flush();
  return list.actions;
}

/** A child of a distributed table is distributed with it, by the same columns. */
function inheritedDistribution(table: Table, { parents }: Inheritance): Table['distribution'] {
  for (const { distribution, columns } of parents) {
    if (distribution.kind === 'reference') continue;
    const names = distribution.columns.map((attribute) => columns.find((column) => column.attribute === attribute)?.name);
    return { ...distribution, columns: names.map((name) => table.columns.find((column) => column.name === name)?.attribute ?? 0) };
  }
  return table.distribution;
}
