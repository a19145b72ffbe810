/** pg_policy and pg_policies: the policies of row-level security. */
import type { CatalogSnapshot } from '../snapshot.js';
import type { Policy, Table } from '../table.js';
import { conditionText } from '../definitions.js';
import { tablesOf } from './objects.js';
import { relation } from './relation.js';

const letters = { all: '*', select: 'r', insert: 'a', update: 'w', delete: 'd' } as const;

function* policiesOf(catalog: CatalogSnapshot): Generator<{ readonly table: Table; readonly policy: Policy }> {
  for (const table of tablesOf(catalog)) for (const policy of table.rowSecurity?.policies ?? []) yield { table, policy };
}

export const pgPolicy = relation('pg_catalog.pg_policy', function* ({ catalog }) {
  for (const { table, policy } of policiesOf(catalog))
    yield {
      oid: policy.oid,
      polname: policy.name,
      polrelid: table.oid,
      polcmd: letters[policy.command],
      polpermissive: policy.permissive,
      polroles: `{${policy.roles.join(',')}}`,
      polqual: policy.usingText,
      polwithcheck: policy.checkText,
    };
});

export const pgPolicies = relation('pg_catalog.pg_policies', function* ({ catalog }) {
  const shown = (text: string | undefined): string | null => (text === undefined ? null : conditionText(catalog, text, false, ['public']));
  for (const { table, policy } of policiesOf(catalog))
    yield {
      schemaname: table.schema,
      tablename: table.name,
      policyname: policy.name,
      permissive: policy.permissive ? 'PERMISSIVE' : 'RESTRICTIVE',
      roles: `{${policy.roles.map((oid) => (oid === 0 ? 'public' : (catalog.roles.byOid(oid)?.name ?? String(oid)))).join(',')}}`,
      cmd: policy.command.toUpperCase(),
      qual: shown(policy.usingText),
      with_check: shown(policy.checkText),
    };
});
