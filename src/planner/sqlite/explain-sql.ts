/** The text of a written statement for people, on one line: shard names as `<group>_*`, constants in place of their parameters. Used by EXPLAIN. */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { ParameterSource, WrittenSql } from '../../plan/written-sql.js';
import { literal } from './literals.js';

/** Longer constants are cut. */
const maxConstantLength = 60;

function sourceText(source: ParameterSource): string {
  switch (source.kind) {
    case 'const': {
      const text = literal(source.value);
      return text.length > maxConstantLength ? `${text.slice(0, maxConstantLength)}...` : text;
    }
    case 'param':
      return `$${String(source.index)}`;
    case 'shardIndex':
      return 'shard';
  }
}

/** Without a catalog, shards are named by their group's number. */
export function explainSql(sql: WrittenSql, catalog?: CatalogSnapshot): string {
  let text = sql.pieces[0] ?? '';
  for (const [i, group] of sql.holes.entries()) {
    const name = group >= 0 && catalog !== undefined ? catalog.group(group).name : `g${String(group)}`;
    text += `${name}_*${sql.pieces[i + 1] ?? ''}`;
  }
  // Parameters stand outside of quotes; '?1' within a quoted text or name is left alone.
  return text
    .replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\?(\d+)/g, (match, number: string | undefined) => {
      const source = number === undefined ? undefined : sql.parameters[Number(number) - 1];
      return source === undefined ? match : sourceText(source);
    })
    .replace(/\s*\n\s*/g, ' ');
}
