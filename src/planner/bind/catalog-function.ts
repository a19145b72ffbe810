/**
 * Functions whose answers only the front end knows (sizes of relations): the call becomes a scalar subquery over a relation of schema shoal, so that it may stand
 * anywhere and be called with any expression. Used by function-call.ts.
 */
import { functionByOid } from '../../functions/registry.js';
import { columnRef, constant, typeRef } from '../../plan/build.js';
import type { Expression } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import { Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceArgument, makeOperator } from './call.js';
import { Scope } from './scope.js';

interface CatalogFunction {
  /** In schema shoal. */
  readonly relation: string;
  readonly key: string;
  readonly keyType: number;
  readonly value: string;
  readonly valueType: number;
  /** The answer for what is not in the relation; absent: NULL. */
  readonly otherwise?: string;
}

const bytes = { valueType: Oid.int8 } as const;
const bySize = { ...bytes, relation: 'relation_sizes', key: 'oid', keyType: Oid.oid } as const;

const int4Array = 1007;

/** By OID of the function. */
export const catalogFunctions: ReadonlyMap<number, CatalogFunction> = new Map<number, CatalogFunction>([
  [2325, { ...bySize, value: 'main_bytes' }],
  [2286, { ...bySize, value: 'total_bytes' }],
  [2997, { ...bySize, value: 'main_bytes' }],
  [2998, { ...bySize, value: 'index_bytes' }],
  [2324, { ...bytes, relation: 'database_sizes', key: 'oid', keyType: Oid.oid, value: 'bytes' }],
  [2561, { relation: 'blocking', key: 'pid', keyType: Oid.int4, value: 'pids', valueType: int4Array, otherwise: '{}' }],
  [2168, { ...bytes, relation: 'database_sizes', key: 'name', keyType: Oid.name, value: 'bytes' }],
]);

/** The subquery that stands for a call; undefined for other functions. */
export function bindCatalogFunction(
  binder: Binder,
  scope: Scope,
  oid: number | undefined,
  args: readonly Expression[],
  position: number | undefined,
): Expression | undefined {
  const found = oid === undefined ? undefined : catalogFunctions.get(oid);
  const [argument] = args;
  if (found === undefined || argument === undefined || args.length !== 1) return undefined;
  // A literal is read as what the function takes ('t' as regclass) before it is compared with a key.
  const declared = functionByOid(oid as number)?.args[0] ?? found.keyType;
  const inner = new Scope(scope);
  const key = binder.column(found.key, typeRef(found.keyType), inner);
  const value = binder.column(found.value, typeRef(found.valueType), inner);
  const scan: LogicalNode = {
    kind: 'catalogScan',
    relation: `shoal.${found.relation}`,
    alias: found.relation,
    columns: [key, value],
    source: [found.key, found.value],
  };
  const predicate = makeOperator(binder, '=', columnRef(key), coerceArgument(binder, coerceArgument(binder, argument, declared), found.keyType), position);
  const output = binder.column(found.value, value.type, inner);
  const plan: LogicalNode = {
    kind: 'project',
    input: { kind: 'filter', input: scan, predicate, columns: scan.columns },
    columns: [output],
    expressions: [columnRef(value)],
  };
  const subquery: Expression = { kind: 'subquery', mode: 'scalar', plan, tests: [], type: value.type };
  return binder.at(
    found.otherwise === undefined ? subquery : { kind: 'coalesce', args: [subquery, constant(found.otherwise, value.type)], type: value.type },
    position,
  );
}
