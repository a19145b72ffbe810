/**
 * Texts that the catalog keeps (views, checks, defaults, generated columns, index expressions and predicates, partition keys) follow when what they name is renamed.
 * Each is bound against the catalog before the change and written with the names of the catalog after it.
 * Used by rename.ts.
 */
import type { Partition } from '../../catalog/partition.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Relation, Table } from '../../catalog/table.js';
import type { DdlBinder, DdlContext } from './ddl.js';

interface Names {
  readonly binder: DdlBinder;
  readonly before: CatalogSnapshot;
  readonly after: CatalogSnapshot;
  /** The old name: texts without it stay. */
  readonly name: string;
}

function expressionOver(names: Names, text: string, oid: number): string {
  const table = names.before.relationByOid(oid);
  if (table?.kind !== 'table' || !text.includes(names.name)) return text;
  return names.binder.restateExpression(text, table, names.after);
}

function queryOf(names: Names, text: string, columns: readonly { readonly name: string }[]): string {
  if (!text.includes(names.name)) return text;
  return names.binder.restateQuery(
    text,
    columns.map((column) => column.name),
    names.after,
  );
}

function partitioningOf<T extends Table | Partition>(names: Names, relation: T, root: number): T {
  if (relation.partitioning === undefined) return relation;
  const keys = relation.partitioning.keys.map((key) =>
    key.expressionText === undefined ? key : { ...key, expressionText: expressionOver(names, key.expressionText, root) },
  );
  return { ...relation, partitioning: { ...relation.partitioning, keys } };
}

function followed(names: Names, relation: Relation): Relation {
  switch (relation.kind) {
    case 'sequence':
      return relation;
    case 'view':
      return { ...relation, queryText: queryOf(names, relation.queryText, relation.columns) };
    case 'partition':
      return partitioningOf(names, relation, relation.rootOid);
    case 'table': {
      const over = (text: string): string => expressionOver(names, text, relation.oid);
      const { materialized } = relation;
      const columns = relation.columns.map((column) => (column.defaultText === undefined ? column : { ...column, defaultText: over(column.defaultText) }));
      const checks = relation.checks.map((check) => ({ ...check, expressionText: over(check.expressionText) }));
      const indexes = relation.indexes.map((index) => ({
        ...index,
        keys: index.keys.map((key) => (key.expressionText === undefined ? key : { ...key, expressionText: over(key.expressionText) })),
        ...(index.predicateText === undefined ? {} : { predicateText: over(index.predicateText) }),
      }));
      const statistics = relation.statistics?.map((one) => ({ ...one, expressions: one.expressions.map(over) }));
      const overPolicy = (text: string): string => {
        const table = names.before.relationByOid(relation.oid);
        return table?.kind !== 'table' || !text.includes(names.name) ? text : names.binder.restatePolicy(text, table, names.after);
      };
      const { rowSecurity } = relation;
      const policies = rowSecurity?.policies.map((policy) => ({
        ...policy,
        ...(policy.usingText === undefined ? {} : { usingText: overPolicy(policy.usingText) }),
        ...(policy.checkText === undefined ? {} : { checkText: overPolicy(policy.checkText) }),
      }));
      const secured = rowSecurity === undefined || policies === undefined ? {} : { rowSecurity: { ...rowSecurity, policies } };
      const query = materialized === undefined ? {} : { materialized: { ...materialized, queryText: queryOf(names, materialized.queryText, columns) } };
      return partitioningOf(
        names,
        { ...relation, columns, checks, indexes, ...secured, ...query, ...(statistics === undefined ? {} : { statistics }) },
        relation.oid,
      );
    }
  }
}

/** Carries the change of names out in the catalog and lets all texts follow that have the old name. */
export function renameAndFollow(context: DdlContext, name: string, change: () => void): void {
  const before = context.editor.snapshot;
  const binder = context.binder(before);
  change();
  const after = context.editor.snapshot;
  const names: Names = { binder, before, after, name };
  for (const relation of after.data.relations) {
    const texts = JSON.stringify(relation, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    if (relation.kind !== 'sequence' && texts.includes(JSON.stringify(name).slice(1, -1))) context.editor.put(followed(names, relation));
  }
}
