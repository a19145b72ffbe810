/** pg_type: the built-in types, the database's own, and the row types of its relations. */
import { aclText } from '../privileges.js';
import { functionsNamed } from '../../functions/registry.js';
import { allTypes, isArrayType, Oid, type PgType, typeByOid } from '../../types/registry.js';
import type { NamedType } from '../database-types.js';
import { expressionText } from '../definitions.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { collationOid } from '../collation.js';
import { type CatalogRow, relation } from './relation.js';
import { roleOid, schemaOid } from './role-oid.js';

function functionOid(...names: readonly string[]): number {
  for (const name of names) {
    const oid = functionsNamed(name)[0]?.oid;
    if (oid !== undefined) return oid;
  }
  return 0;
}

/** What the functions of a type are called after where it is not its name. */
const prefixes: Readonly<Record<string, readonly string[]>> = {
  money: ['cash_'],
  polygon: ['poly_'],
  refcursor: ['text'],
  pg_brin_bloom_summary: ['brin_bloom_summary_'],
  pg_brin_minmax_multi_summary: ['brin_minmax_multi_summary_'],
};

/** What ANALYZE would do with the type. */
function analyzeFunction(type: PgType): number {
  if (isArrayType(type.oid)) return functionOid('array_typanalyze');
  if (type.kind === 'r') return functionOid('range_typanalyze');
  if (type.kind === 'm') return functionOid('multirange_typanalyze');
  return type.oid === Oid.tsvector ? functionOid('ts_typanalyze') : 0;
}

/** The type's input, output, receive and send functions are named after it. */
function ioFunction(type: PgType, suffix: 'in' | 'out' | 'recv' | 'send'): number {
  if (type.kind === 'r') return functionOid(`range_${suffix}`);
  if (type.kind === 'm') return functionOid(`multirange_${suffix}`);
  return isArrayType(type.oid)
    ? functionOid(`array_${suffix}`)
    : functionOid(...(prefixes[type.name] ?? [type.name, `${type.name}_`]).map((prefix) => `${prefix}${suffix}`));
}

let builtIn: readonly CatalogRow[] | undefined;

function rowsOfBuiltIn(): readonly CatalogRow[] {
  return [...allTypes()].map((type): CatalogRow => {
    const isArray = isArrayType(type.oid);
    return {
      oid: type.oid,
      typname: type.name,
      typnamespace: 11,
      typowner: 10,
      typlen: type.length,
      typbyval: type.byValue,
      typtype: type.oid === Oid.cstringArray ? 'b' : type.kind,
      typcategory: type.category,
      typispreferred: type.preferred,
      typisdefined: true,
      typdelim: type.delimiter,
      typrelid: 0,
      typsubscript:
        isArray || type.category === 'A'
          ? functionOid('array_subscript_handler')
          : type.elementOid === undefined
            ? type.oid === Oid.jsonb
              ? functionOid('jsonb_subscript_handler')
              : 0
            : functionOid('raw_array_subscript_handler'),
      typelem: type.elementOid ?? 0,
      typarray: type.arrayOid ?? 0,
      typinput: ioFunction(type, 'in'),
      typoutput: ioFunction(type, 'out'),
      typreceive: ioFunction(type, 'recv'),
      typsend: ioFunction(type, 'send'),
      typmodin: functionOid(`${isArray ? type.name.slice(1) : type.name}typmodin`),
      typmodout: functionOid(`${isArray ? type.name.slice(1) : type.name}typmodout`),
      typanalyze: analyzeFunction(type),
      typalign: type.align,
      typstorage: type.storage,
      typnotnull: false,
      typbasetype: 0,
      typtypmod: -1,
      typndims: 0,
      typcollation: type.collationOid,
    };
  });
}

const ioNames: Readonly<Record<string, string>> = { e: 'enum', c: 'record', d: 'domain', r: 'range', m: 'multirange' };

function rowsOf(catalog: CatalogSnapshot, named: NamedType): readonly CatalogRow[] {
  const type = catalog.types.typeByOid(named.oid);
  const array = catalog.types.typeByOid(named.arrayOid);
  if (type === undefined || array === undefined) return [];
  const { type: own, relation: owner } = named;
  const domain = own?.kind === 'domain' ? own : undefined;
  const io = ioNames[type.kind] ?? 'record';
  const base =
    domain === undefined ? undefined : catalog.types.named(domain.baseOid) === undefined ? typeByOid(domain.baseOid) : catalog.types.typeByOid(domain.baseOid);
  const common = {
    typnamespace: schemaOid(catalog, named.schema),
    typowner: roleOid(catalog, named.owner),
    typispreferred: false,
    typisdefined: true,
    typdelim: ',',
    typmodin: 0,
    typmodout: 0,
    typndims: 0,
  };
  return [
    {
      ...common,
      oid: named.oid,
      typname: named.name,
      typlen: type.length,
      typbyval: type.byValue,
      typtype: type.kind,
      typcategory: type.category,
      typrelid: owner?.oid ?? (own?.kind === 'composite' ? own.classOid : 0),
      typsubscript: 0,
      typelem: 0,
      typarray: named.arrayOid,
      typinput: functionOid(`${io}_in`),
      typoutput: base === undefined ? functionOid(`${io}_out`) : ioFunction(base, 'out'),
      typreceive: functionOid(`${io}_recv`),
      typsend: base === undefined ? functionOid(`${io}_send`) : ioFunction(base, 'send'),
      typanalyze: type.kind === 'r' || type.kind === 'm' ? functionOid(`${io}_typanalyze`) : 0,
      typalign: type.align,
      typstorage: type.storage,
      typnotnull: domain?.notNull ?? false,
      typbasetype: domain?.baseOid ?? 0,
      typtypmod: domain?.baseTypmod ?? -1,
      typcollation: domain?.collation === undefined ? type.collationOid : collationOid(domain.collation, type.oid),
      typdefaultbin: domain?.defaultText,
      typdefault: domain?.defaultText === undefined ? undefined : expressionText(domain.defaultText, false, catalog, ['public']),
    },
    {
      ...common,
      oid: named.arrayOid,
      typname: named.arrayName,
      typlen: -1,
      typbyval: false,
      typtype: 'b',
      typcategory: 'A',
      typrelid: 0,
      typsubscript: functionOid('array_subscript_handler'),
      typelem: named.oid,
      typarray: 0,
      typinput: functionOid('array_in'),
      typoutput: functionOid('array_out'),
      typreceive: functionOid('array_recv'),
      typsend: functionOid('array_send'),
      typanalyze: functionOid('array_typanalyze'),
      typalign: array.align,
      typstorage: 'x',
      typnotnull: false,
      typbasetype: 0,
      typtypmod: -1,
      typcollation: domain?.collation === undefined ? array.collationOid : collationOid(domain.collation, array.oid),
    },
  ];
}

export const pgType = relation('pg_catalog.pg_type', function* ({ catalog }) {
  for (const row of typeRows(catalog)) {
    const acl = catalog.aclOf('type', row['oid'] as number)?.acl;
    yield acl === undefined ? row : { ...row, typacl: aclText(catalog, acl) };
  }
});

function* typeRows(catalog: CatalogSnapshot): Generator<CatalogRow> {
  yield* (builtIn ??= rowsOfBuiltIn());
  for (const named of catalog.types.all()) yield* rowsOf(catalog, named);
}
