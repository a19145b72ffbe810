/** Statements whose answers differ from PostgreSQL's on purpose, with the reason. */
export const differences: ReadonlyMap<string, string> = new Map([
  ['SELECT a FROM a, b', 'rows have type record'],
  ['SELECT a FROM a', 'rows have type record'],
  ["SELECT pg_get_expr('a', 1) FROM a, b", 'texts are accepted as pg_node_tree'],
]);
