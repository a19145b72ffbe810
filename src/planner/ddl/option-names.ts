/** Options of CREATE TYPE, CREATE AGGREGATE and the like that name an object. Used by range-type.ts and aggregate.ts. */
import type * as ast from '../../sql/ast.js';

/** The parts of the name; undefined: the option has no value, or one that is no name. */
export function optionNames({ value }: ast.Option): readonly string[] | undefined {
  switch (value?.kind) {
    case 'string':
      return [value.value];
    case 'type':
      return value.type.names;
    case 'list':
      return value.items.map((item) => (item.kind === 'string' ? item.value : ''));
    default:
      return undefined;
  }
}
