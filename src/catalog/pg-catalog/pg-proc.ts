/** pg_proc and pg_aggregate: the functions of the registry, with what PostgreSQL tells of them besides. */
import { aggregateFacts } from '../../functions/catalog/aggregate-facts.js';
import { functionFacts } from '../../functions/catalog/function-facts.js';
import { functionRows } from '../../functions/catalog/function-rows.js';
import { Facts } from './facts.js';
import { plpgsqlLanguage } from './pg-language.js';
import type { FunctionEntry } from '../../functions/function.js';
import { allFunctions } from '../../functions/registry.js';
import { Oid } from '../../types/oid.js';
import { typeByOid } from '../../types/registry.js';
import { aclText, securableFunction, storedAcl } from '../privileges.js';
import { bootstrapRoleOid } from '../role.js';
import { numberArray, textArray } from './objects.js';
import { schemaOidOf } from '../object-names.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { type AggregateDefinition, inputsOf, type UserFunction, variadicElementOf } from '../user-function.js';
import { pathSetting, sqlBodyText } from '../user-function-text.js';
import { type CatalogRow, relation } from './relation.js';
import { roleOid } from './role-oid.js';

const kinds: Readonly<Record<FunctionEntry['kind'], string>> = { scalar: 'f', set: 'f', aggregate: 'a', window: 'w' };
const volatilities = { immutable: 'i', stable: 's', volatile: 'v' } as const;
const internalLanguage = 12;
const polymorphicElements: ReadonlyMap<number, number> = new Map([
  [Oid.anyarray, Oid.anyelement],
  [Oid.anycompatiblearray, Oid.anycompatible],
]);

const facts = new Facts(functionFacts);

/** satisfies_hash_partition() is the one variadic function that has no proallargtypes. */
const variadicWithoutTypes = 5028;

interface Output {
  readonly name: string;
  readonly type: number;
}

interface Declared {
  readonly source: string;
  readonly strict: boolean;
  readonly volatility: string;
  readonly outputs: readonly Output[];
}

/** What function-rows.ts tells of PostgreSQL's functions: the C name (prosrc), and what the registry has of those with code only. */
const declared = new Map(
  functionRows
    .trim()
    .split('\n')
    .map((line): [number, Declared] => {
      const [oid, , flags, , , source, , outputs] = line.split(' ') as [string, string, string, string, string, string, string, string];
      const columns = outputs === '-' ? [] : outputs.split(',').map((one) => one.split(':') as [string, string]);
      return [
        Number(oid),
        { source, strict: flags[1] === 's', volatility: flags.charAt(2), outputs: columns.map(([name, type]) => ({ name, type: Number(type) })) },
      ];
    }),
);

const aggregateSource = 'aggregate_dummy';

/** What an SQL function with an old-style body has as prosrc. */
const sqlSources: ReadonlyMap<number, string> = new Map([
  [1285, 'select pg_catalog.quote_literal($1::pg_catalog.text)'],
  [1290, 'select pg_catalog.quote_nullable($1::pg_catalog.text)'],
  [2003, 'select $1 operator(pg_catalog.||) $2::pg_catalog.text'],
  [2004, 'select $1::pg_catalog.text operator(pg_catalog.||) $2'],
]);

/** prosrc. */
function sourceOf(entry: FunctionEntry, oid: number, language: number): string {
  if (entry.kind === 'aggregate') return aggregateSource;
  if (language === sqlLanguage) return sqlSources.get(oid) ?? '';
  return declared.get(oid)?.source ?? entry.name;
}

/** OUT parameters. */
function outputsOf(entry: FunctionEntry): readonly Output[] {
  const known = declared.get(entry.oid ?? 0);
  if (known !== undefined) return known.outputs;
  return entry.kind === 'set' && entry.columns.length > 1 ? entry.columns : [];
}

function row(entry: FunctionEntry): CatalogRow {
  const oid = entry.oid ?? 0;
  const out = outputsOf(entry);
  const variadic = entry.variadic === true ? (entry.args.at(-1) ?? 0) : 0;
  const modes = [...entry.args.map((_, i) => (variadic !== 0 && i === entry.args.length - 1 ? 'v' : 'i')), ...out.map(() => 'o')];
  const names = [...entry.args.map((_, i) => entry.argNames?.[i] ?? ''), ...out.map((column) => column.name)];
  const volatility = entry.kind === 'scalar' || entry.kind === 'set' ? entry.volatility : 'immutable';
  const known = declared.get(oid);
  const language = facts.number('language', oid, internalLanguage);
  return {
    oid,
    proname: entry.name,
    pronamespace: 11,
    proowner: 10,
    prolang: language,
    procost: facts.number('cost', oid, 1),
    prorows: facts.number('rows', oid, 0),
    provariadic: variadic === 0 ? 0 : (typeByOid(variadic)?.elementOid ?? polymorphicElements.get(variadic) ?? variadic),
    prosupport: facts.number('support', oid, 0),
    prokind: kinds[entry.kind],
    prosecdef: false,
    proleakproof: facts.has('leakproof', oid),
    proisstrict: known?.strict ?? (entry.kind === 'scalar' && entry.strict),
    proretset: entry.kind === 'set',
    provolatile: known?.volatility ?? volatilities[volatility],
    proparallel: facts.text('parallel', oid) ?? 's',
    pronargs: entry.args.length,
    pronargdefaults: entry.defaults?.length ?? 0,
    prorettype: entry.result,
    proargtypes: entry.args.join(' '),
    proallargtypes:
      oid === variadicWithoutTypes || (out.length === 0 && variadic === 0) ? null : numberArray([...entry.args, ...out.map((column) => column.type)]),
    proargmodes: out.length === 0 && variadic === 0 ? null : `{${modes.join(',')}}`,
    proargnames: names.every((name) => name === '') ? null : textArray(names),
    prosrc: sourceOf(entry, oid, language),
    probin: facts.has('library', oid) ? `$libdir/${facts.text('library', oid)}` : null,
  };
}

function visible(): readonly FunctionEntry[] {
  return allFunctions().filter((entry) => entry.hidden !== true && entry.oid !== undefined);
}

let builtIn: readonly CatalogRow[] | undefined;

const modeLetters = { in: 'i', out: 'o', inout: 'b', variadic: 'v', table: 't' } as const;
const sqlLanguage = 14;

/** SET clauses. */
function configOf({ searchPath, settings = [] }: UserFunction): string | null {
  const all = [...(searchPath === undefined ? [] : [`search_path=${pathSetting(searchPath)}`]), ...settings.map(({ name, value }) => `${name}=${value}`)];
  return all.length === 0 ? null : textArray(all);
}

function userRow(catalog: CatalogSnapshot, definition: UserFunction): CatalogRow {
  const { args } = definition;
  const inputs = inputsOf(definition);
  const modes = args.map((argument) => modeLetters[argument.mode]);
  const onlyInputs = args.every((argument) => argument.mode === 'in');
  return {
    oid: definition.oid,
    proname: definition.name,
    pronamespace: schemaOidOf(catalog, definition.schema) ?? 0,
    proowner: roleOid(catalog, definition.owner),
    prolang: definition.kind === 'aggregate' ? internalLanguage : definition.language === 'plpgsql' ? plpgsqlLanguage : sqlLanguage,
    procost: definition.cost ?? 100,
    prorows: definition.returnsSet ? (definition.rows ?? 1000) : 0,
    provariadic: variadicElementOf(definition),
    prosupport: 0,
    prokind: definition.kind === 'procedure' ? 'p' : definition.kind === 'aggregate' ? 'a' : 'f',
    prosecdef: definition.securityDefiner,
    proleakproof: definition.leakproof,
    proisstrict: definition.strict,
    proretset: definition.returnsSet,
    provolatile: volatilities[definition.volatility],
    proparallel: definition.parallel.charAt(0),
    pronargs: inputs.length,
    pronargdefaults: inputs.filter((argument) => argument.defaultText !== undefined).length,
    prorettype: definition.result === 0 ? 2278 : definition.result,
    proargtypes: inputs.map((argument) => argument.typeOid).join(' '),
    proallargtypes: onlyInputs ? null : numberArray(args.map((argument) => argument.typeOid)),
    proargmodes: onlyInputs ? null : `{${modes.join(',')}}`,
    proargnames: args.every((argument) => argument.name === '') ? null : textArray(args.map((argument) => argument.name)),
    prosrc: definition.body.kind === 'string' ? definition.body.text : '',
    prosqlbody: sqlBodyText(definition) ?? null,
    proconfig: configOf(definition),
  };
}

export const pgProc = relation('pg_catalog.pg_proc', function* ({ catalog }) {
  for (const one of (builtIn ??= visible().map(row))) {
    const acl = storedAcl(catalog, securableFunction({ oid: one['oid'] as number, name: '', kind: 'function' }, bootstrapRoleOid));
    yield acl === undefined ? one : { ...one, proacl: aclText(catalog, acl) };
  }
  for (const definition of catalog.functions.all())
    yield { ...userRow(catalog, definition), proacl: aclText(catalog, catalog.aclOf('function', definition.oid)?.acl) };
});

/** A row of pg_aggregate. */
function aggregateRow(oid: number, definition: AggregateDefinition): CatalogRow {
  const { moving } = definition;
  return {
    aggfnoid: oid,
    aggkind: definition.kind.charAt(0),
    aggnumdirectargs: definition.directArguments,
    aggtransfn: definition.transition,
    aggfinalfn: definition.final ?? 0,
    aggcombinefn: definition.combine ?? 0,
    aggserialfn: 0,
    aggdeserialfn: 0,
    aggmtransfn: moving?.transition ?? 0,
    aggminvtransfn: moving?.inverse ?? 0,
    aggmfinalfn: moving?.final ?? 0,
    aggfinalextra: definition.finalExtra,
    aggmfinalextra: moving?.finalExtra ?? false,
    aggfinalmodify: definition.finalModify,
    aggmfinalmodify: moving?.finalModify ?? 'r',
    aggsortop: definition.sortOperator ?? 0,
    aggtranstype: definition.stateType,
    aggtransspace: definition.stateSpace,
    aggmtranstype: moving?.stateType ?? 0,
    aggmtransspace: moving?.stateSpace ?? 0,
    agginitval: definition.initial ?? null,
    aggminitval: moving?.initial ?? null,
  };
}

/** A row of pg_aggregate from a line of aggregate-facts.ts. */
function factsRow(line: string): CatalogRow {
  const fields = line.split(' ');
  const number = (at: number): number => Number(fields[at]);
  const text = (at: number): string => fields[at] ?? '';
  const initial = (at: number): string | null => (fields[at] === '-' ? null : text(at).replaceAll('_', ' '));
  return {
    aggtransfn: number(1),
    aggfinalfn: number(2),
    aggcombinefn: number(3),
    aggserialfn: number(4),
    aggdeserialfn: number(5),
    aggmtransfn: number(6),
    aggminvtransfn: number(7),
    aggmfinalfn: number(8),
    aggfinalextra: fields[9] === 't',
    aggmfinalextra: fields[10] === 't',
    aggfinalmodify: text(11),
    aggmfinalmodify: text(12),
    aggsortop: number(13),
    aggtranstype: number(14),
    aggtransspace: number(15),
    aggmtranstype: number(16),
    aggmtransspace: number(17),
    agginitval: initial(18),
    aggminitval: initial(19),
  };
}

const ownAggregate: AggregateDefinition = {
  kind: 'normal',
  directArguments: 0,
  transition: 0,
  stateType: Oid.internal,
  finalExtra: false,
  finalModify: 'r',
  stateSpace: 0,
};

function builtInAggregates(): readonly CatalogRow[] {
  const known = new Map(
    aggregateFacts
      .trim()
      .split('\n')
      .map((line) => [parseInt(line, 10), factsRow(line)]),
  );
  return visible().flatMap((entry) => {
    if (entry.kind !== 'aggregate' || entry.oid === undefined) return [];
    const definition: AggregateDefinition = { ...ownAggregate, kind: entry.orderedSet ?? 'normal', directArguments: entry.directArgs ?? 0 };
    return [{ ...aggregateRow(entry.oid, definition), ...known.get(entry.oid) }];
  });
}

let aggregates: readonly CatalogRow[] | undefined;

export const pgAggregate = relation('pg_catalog.pg_aggregate', function* ({ catalog }) {
  yield* (aggregates ??= builtInAggregates());
  for (const { oid, aggregate } of catalog.functions.all()) if (aggregate !== undefined) yield aggregateRow(oid, aggregate);
});
