/**
 * The places of a statement where an expression may stand, with what each forbids and PostgreSQL's words for it.
 * Source: parse_agg.c, parse_func.c and parse_expr.c of PostgreSQL 15 (check_agglevels_and_constraints, check_srf_call_placement).
 */

export type Clause =
  | 'select'
  | 'where'
  | 'having'
  | 'filter'
  | 'groupBy'
  | 'orderBy'
  | 'distinctOn'
  | 'limit'
  | 'offset'
  | 'from'
  | 'fromFunction'
  | 'joinOn'
  | 'windowPartition'
  | 'windowOrder'
  | 'windowRows'
  | 'windowRange'
  | 'windowGroups'
  | 'values'
  | 'insertValues'
  | 'insert'
  | 'update'
  | 'returning'
  | 'default'
  | 'check'
  | 'index'
  | 'indexPredicate'
  | 'generated'
  | 'partitionKey'
  | 'partitionBound'
  | 'transform'
  | 'execute'
  | 'policy'
  | 'call';

interface Rules {
  /** Undefined: allowed. */
  readonly aggregates?: string;
  readonly windows?: string;
  readonly sets?: string;
  readonly subqueries?: string;
}

const nothing = (where: string): Rules => ({ aggregates: where, windows: where, sets: where });
const standalone = (plural: string, singular: string): Rules => ({ ...nothing(plural), subqueries: singular });
const frame = (word: string): Rules => ({ aggregates: `window ${word}`, windows: 'window definitions', sets: 'window definitions' });

const rules: Readonly<Record<Clause, Rules>> = {
  select: {},
  where: nothing('WHERE'),
  having: { windows: 'HAVING', sets: 'HAVING' },
  filter: nothing('FILTER'),
  groupBy: { aggregates: 'GROUP BY', windows: 'GROUP BY' },
  orderBy: {},
  distinctOn: {},
  limit: nothing('LIMIT'),
  offset: nothing('OFFSET'),
  from: { aggregates: 'FROM clause of their own query level', windows: 'FROM' },
  fromFunction: { aggregates: 'functions in FROM', windows: 'functions in FROM' },
  joinOn: nothing('JOIN conditions'),
  windowPartition: { windows: 'window definitions' },
  windowOrder: { windows: 'window definitions' },
  windowRows: frame('ROWS'),
  windowRange: frame('RANGE'),
  windowGroups: frame('GROUPS'),
  values: nothing('VALUES'),
  insertValues: { aggregates: 'VALUES', windows: 'VALUES' },
  insert: nothing('INSERT'),
  update: nothing('UPDATE'),
  returning: nothing('RETURNING'),
  default: standalone('DEFAULT expressions', 'DEFAULT expression'),
  check: standalone('check constraints', 'check constraint'),
  index: standalone('index expressions', 'index expression'),
  indexPredicate: standalone('index predicates', 'index predicate'),
  partitionKey: standalone('partition key expressions', 'partition key expression'),
  partitionBound: standalone('partition bound', 'partition bound'),
  generated: standalone('column generation expressions', 'column generation expression'),
  transform: standalone('transform expressions', 'transform expression'),
  policy: nothing('policy expressions'),
  execute: standalone('EXECUTE parameters', 'EXECUTE parameter'),
  call: { aggregates: 'CALL arguments', windows: 'CALL arguments', sets: 'CALL arguments', subqueries: 'CALL argument' },
};

export function clauseRules(clause: Clause): Rules {
  return rules[clause];
}
