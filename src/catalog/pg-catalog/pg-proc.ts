/** pg_proc and pg_aggregate: the functions of the registry. */
import type { FunctionEntry } from '../../functions/function.js';
import { allFunctions } from '../../functions/registry.js';
import { numberArray, textArray } from './objects.js';
import { type CatalogRow, fixedRelation } from './relation.js';

const kinds: Readonly<Record<FunctionEntry['kind'], string>> = { scalar: 'f', set: 'f', aggregate: 'a', window: 'w' };
const volatilities = { immutable: 'i', stable: 's', volatile: 'v' } as const;
const internalLanguage = 12;
const anyOid = 2276;
const arrayElement = new Map([
  [2277, 2283],
  [5078, 5077],
  [1009, 25],
]);

/** Columns of a set function that returns records: its OUT parameters. */
function outputs(entry: FunctionEntry): readonly { readonly name: string; readonly type: number }[] {
  return entry.kind === 'set' && entry.columns.length > 1 ? entry.columns : [];
}

function row(entry: FunctionEntry): CatalogRow {
  const out = outputs(entry);
  const variadic = entry.variadic === true ? (entry.args.at(-1) ?? 0) : 0;
  const modes = [
    ...entry.args.map((_, i) => (variadic !== 0 && i === entry.args.length - 1 ? 'v' : 'i')),
    ...out.map(() => (entry.result === 2249 ? 'o' : 't')),
  ];
  const names = [...entry.args.map((_, i) => entry.argNames?.[i] ?? ''), ...out.map((column) => column.name)];
  const volatility = entry.kind === 'scalar' || entry.kind === 'set' ? entry.volatility : 'immutable';
  return {
    oid: entry.oid ?? 0,
    proname: entry.name,
    pronamespace: 11,
    proowner: 10,
    prolang: internalLanguage,
    procost: 1,
    prorows: entry.kind === 'set' ? 1000 : 0,
    provariadic: variadic === 0 ? 0 : variadic === anyOid ? anyOid : (arrayElement.get(variadic) ?? 0),
    prosupport: 0,
    prokind: kinds[entry.kind],
    prosecdef: false,
    proleakproof: false,
    proisstrict: entry.kind === 'scalar' || entry.kind === 'set' ? entry.strict : false,
    proretset: entry.kind === 'set',
    provolatile: volatilities[volatility],
    proparallel: volatility === 'volatile' ? 'u' : 's',
    pronargs: entry.args.length,
    pronargdefaults: entry.defaults?.length ?? 0,
    prorettype: entry.result,
    proargtypes: entry.args.join(' '),
    proallargtypes: out.length === 0 ? null : numberArray([...entry.args, ...out.map((column) => column.type)]),
    proargmodes: out.length === 0 && variadic === 0 ? null : `{${modes.join(',')}}`,
    proargnames: names.every((name) => name === '') ? null : textArray(names),
    prosrc: entry.name,
  };
}

function visible(): readonly FunctionEntry[] {
  return allFunctions().filter((entry) => entry.hidden !== true && entry.oid !== undefined);
}

export const pgProc = fixedRelation('pg_catalog.pg_proc', () => visible().map(row));

export const pgAggregate = fixedRelation('pg_catalog.pg_aggregate', () =>
  visible().flatMap((entry): readonly CatalogRow[] =>
    entry.kind === 'aggregate'
      ? [
          {
            aggfnoid: entry.oid ?? 0,
            aggkind: entry.orderedSet === 'ordered' ? 'o' : entry.orderedSet === 'hypothetical' ? 'h' : 'n',
            aggnumdirectargs: entry.directArgs ?? 0,
            aggtransfn: 0,
            aggfinalfn: 0,
            aggcombinefn: 0,
            aggserialfn: 0,
            aggdeserialfn: 0,
            aggmtransfn: 0,
            aggminvtransfn: 0,
            aggmfinalfn: 0,
            aggfinalextra: false,
            aggmfinalextra: false,
            aggfinalmodify: 'r',
            aggmfinalmodify: 'r',
            aggsortop: 0,
            aggtranstype: 2281,
            aggtransspace: 0,
            aggmtranstype: 0,
            aggmtransspace: 0,
          },
        ]
      : [],
  ),
);
