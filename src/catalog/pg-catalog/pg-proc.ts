/** pg_proc and pg_aggregate: the functions of the registry. */
import { plpgsqlLanguage } from './pg-language.js';
import type { FunctionEntry } from '../../functions/function.js';
import { allFunctions } from '../../functions/registry.js';
import { Oid } from '../../types/oid.js';
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
    proallargtypes: out.length === 0 && variadic === 0 ? null : numberArray([...entry.args, ...out.map((column) => column.type)]),
    proargmodes: out.length === 0 && variadic === 0 ? null : `{${modes.join(',')}}`,
    proargnames: names.every((name) => name === '') ? null : textArray(names),
    prosrc: entry.name,
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

export const pgAggregate = relation('pg_catalog.pg_aggregate', function* ({ catalog }) {
  for (const entry of visible())
    if (entry.kind === 'aggregate')
      yield aggregateRow(entry.oid ?? 0, {
        kind: entry.orderedSet ?? 'normal',
        directArguments: entry.directArgs ?? 0,
        transition: 0,
        stateType: Oid.internal,
        finalExtra: false,
        finalModify: 'r',
        stateSpace: 0,
      });
  for (const { oid, aggregate } of catalog.functions.all()) if (aggregate !== undefined) yield aggregateRow(oid, aggregate);
});
