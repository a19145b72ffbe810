/** Makers of syntax trees that no user has written. Used by the binder, DDL and the session, where one statement is put as another. */
import type { Expression, FunctionCall, SelectCore, Select } from './ast.js';

/** A call that SQL has its own spelling for (SIMILAR TO, AT TIME ZONE, ...): the function of pg_catalog behind it. */
export function systemCall(name: string, args: readonly Expression[], position: number | undefined): FunctionCall {
  return {
    kind: 'function',
    name: ['pg_catalog', name],
    arguments: args,
    star: false,
    distinct: false,
    variadic: false,
    orderBy: [],
    withinGroup: false,
    sqlSyntax: true,
    position,
  };
}

/** SELECT targets [FROM items] [WHERE condition]. */
export function plainSelect(targets: SelectCore['targets'], from: SelectCore['from'] = [], where?: Expression): Select {
  return {
    kind: 'select',
    body: { kind: 'core', targets, distinct: false, distinctOn: [], from, where, groupBy: [], groupDistinct: false, windows: [] },
    orderBy: [],
    withTies: false,
    locking: [],
  };
}
