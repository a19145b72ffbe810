/**
 * Column defaults that draw from a sequence, whether made by serial or written as nextval('name'): DROP SEQUENCE and ALTER SEQUENCE ... RENAME look for them.
 */
import type { Sequence, Table } from '../../catalog/table.js';
import type { DdlContext } from './ddl.js';
import { nextvalText } from './sequence.js';

const call = /nextval\('((?:[^']|'')*)'(?:::regclass)?\)/g;

function sequenceNamed(context: DdlContext, literal: string): number | undefined {
  const parts = Array.from(
    literal.replaceAll("''", "'").matchAll(/"((?:[^"]|"")*)"|[^."]+/g),
    (match) => match[1]?.replaceAll('""', '"') ?? match[0].toLowerCase(),
  );
  const name = parts[parts.length - 1] ?? '';
  const { snapshot } = context.editor;
  return (parts.length > 1 ? snapshot.relation(parts[parts.length - 2] ?? '', name) : snapshot.find(context.searchPath, name))?.oid;
}

/** True when the default draws from the sequence. */
export function drawsFrom(context: DdlContext, defaultText: string | undefined, sequenceOid: number): boolean {
  return defaultText !== undefined && Array.from(defaultText.matchAll(call)).some((match) => sequenceNamed(context, match[1] ?? '') === sequenceOid);
}

/** Spells the sequence's new name in the defaults that draw from it. Called before the sequence itself is changed. */
export function renameInDefaults(context: DdlContext, sequence: Sequence, renamed: { readonly schema: string; readonly name: string }): void {
  const tables = context.editor.snapshot.data.relations.filter((relation): relation is Table => relation.kind === 'table');
  for (const table of tables) {
    if (!table.columns.some((column) => drawsFrom(context, column.defaultText, sequence.oid))) continue;
    const columns = table.columns.map((column) => {
      if (column.defaultText === undefined) return column;
      const defaultText = column.defaultText.replace(call, (text: string, literal: string) =>
        sequenceNamed(context, literal) === sequence.oid ? nextvalText(renamed) : text,
      );
      return { ...column, defaultText };
    });
    context.editor.put({ ...table, columns });
  }
}
