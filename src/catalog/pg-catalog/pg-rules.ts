/** pg_rules: the rules of CREATE RULE, as statements. */
import { ruleDefinition } from '../rule-text.js';
import { relation } from './relation.js';

export const pgRules = relation('pg_catalog.pg_rules', function* ({ catalog }) {
  for (const table of catalog.data.relations) {
    if (table.kind !== 'table' && table.kind !== 'view') continue;
    for (const rule of table.rules ?? [])
      yield {
        schemaname: table.schema,
        tablename: table.name,
        rulename: rule.name,
        definition: ruleDefinition(catalog, ['pg_catalog', 'public'], table, rule, false),
      };
  }
});
