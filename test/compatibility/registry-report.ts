/** The part of docs/compatibility.md that follows from the registries alone: what of PostgreSQL 15's functions, operators, types and casts is carried out. */
import type { FunctionEntry } from '../../src/functions/function.js';
import { sqlFunctions } from '../../src/planner/bind/sql-functions.js';
import { allCasts, allFunctions, allOperators, isImplemented } from '../../src/functions/registry.js';
import { allTypes, formatType } from '../../src/types/registry.js';

const signature = (entry: FunctionEntry): string => `${entry.name}(${entry.args.map((oid) => formatType(oid)).join(', ')})`;

function counted<T>(
  items: readonly T[],
  done: (item: T) => boolean,
  name: (item: T) => string,
): { readonly text: string; readonly missing: readonly string[] } {
  const missing = items.filter((item) => !done(item)).map(name);
  const unique = [...new Set(missing)].sort((a, b) => (a < b ? -1 : 1));
  return { text: `${String(items.length - missing.length)} of ${String(items.length)}`, missing: unique };
}

/** One paragraph of names; overloads of one name are shown once, with their number. */
function paragraph(title: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const byName = new Map<string, string[]>();
  for (const name of names) {
    const [short = name] = name.split('(');
    byName.set(short, [...(byName.get(short) ?? []), name]);
  }
  const shown = [...byName].map(([short, all]) => (all.length === 1 ? `\`${all[0] as string}\`` : `\`${short}\` (${String(all.length)})`));
  return `\n### ${title}\n\n${shown.join(', ')}\n`;
}

/** What only PostgreSQL itself calls: input and output of types, triggers, handlers, support of planner and indexes. */
const internalTypes: ReadonlySet<string> = new Set([
  'cstring',
  'internal',
  'trigger',
  'event_trigger',
  'language_handler',
  'fdw_handler',
  'index_am_handler',
  'tsm_handler',
  'table_am_handler',
  'pg_ddl_command',
]);
const isForUsers = (entry: FunctionEntry): boolean => entry.hidden !== true && ![...entry.args, entry.result].some((oid) => internalTypes.has(formatType(oid)));

/** By code, or by SQL over the catalog. */
const isAnswered = (entry: FunctionEntry): boolean => isImplemented(entry) || (entry.oid !== undefined && sqlFunctions.has(entry.oid));

export function registryReport(): string {
  const functions = allFunctions().filter(isForUsers);
  const kinds = (['scalar', 'aggregate', 'window', 'set'] as const).map((kind) => {
    const own = functions.filter((entry) => entry.kind === kind);
    return { kind, ...counted(own, isAnswered, signature) };
  });
  const operators = counted(
    allOperators(),
    (entry) => isImplemented(entry.function),
    (entry) => `${entry.name}(${entry.left === 0 ? '' : `${formatType(entry.left)}, `}${formatType(entry.right)})`,
  );
  const casts = counted(
    allCasts(),
    (cast) => cast.method.kind !== 'function' || isImplemented(cast.method.function),
    (cast) => `${formatType(cast.source)} -> ${formatType(cast.target)}`,
  );
  const types = [...allTypes()].filter((type) => type.kind !== 'p' && type.kind !== 'c' && type.elementOid === undefined);
  const titles = { scalar: 'Functions', aggregate: 'Aggregates', window: 'Window functions', set: 'Functions that return sets' } as const;
  const rows = [
    ...kinds.map(({ kind, text }) => `| ${titles[kind]} | ${text} |`),
    `| Operators | ${operators.text} |`,
    `| Casts | ${casts.text} |`,
    `| Types (without arrays, pseudo-types and the user's own) | ${String(types.length)} |`,
  ];
  return [
    'Counted are the entries that the registries know, by signature; what they know and nothing carries out is refused with 0A000.',
    '',
    '| | |',
    '|---|---|',
    ...rows,
    '',
    `Types: ${types
      .map((type) => type.displayName)
      .sort()
      .join(', ')}.`,
    ...kinds.map(({ kind, missing }) => paragraph(`${titles[kind]} that are refused`, missing)).filter((text) => text !== ''),
    ...[paragraph('Operators that are refused', operators.missing), paragraph('Casts that are refused', casts.missing)].filter((text) => text !== ''),
  ].join('\n');
}
