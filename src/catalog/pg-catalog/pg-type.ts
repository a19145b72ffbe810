/** pg_type: the types that the registry has. */
import { functionsNamed } from '../../functions/registry.js';
import { allTypes, isArrayType, type PgType } from '../../types/registry.js';
import { fixedRelation } from './relation.js';

function functionOid(...names: readonly string[]): number {
  for (const name of names) {
    const oid = functionsNamed(name)[0]?.oid;
    if (oid !== undefined) return oid;
  }
  return 0;
}

/** The type's input, output, receive and send functions are named after it. */
function ioFunction(type: PgType, suffix: 'in' | 'out' | 'recv' | 'send'): number {
  if (type.kind === 'r') return functionOid(`range_${suffix}`);
  if (type.kind === 'm') return functionOid(`multirange_${suffix}`);
  return isArrayType(type.oid) ? functionOid(`array_${suffix}`) : functionOid(`${type.name}${suffix}`, `${type.name}_${suffix}`);
}

export const pgType = fixedRelation('pg_catalog.pg_type', () =>
  [...allTypes()].map((type) => {
    const isArray = isArrayType(type.oid);
    return {
      oid: type.oid,
      typname: type.name,
      typnamespace: 11,
      typowner: 10,
      typlen: type.length,
      typbyval: type.byValue,
      typtype: type.kind,
      typcategory: type.category,
      typispreferred: type.preferred,
      typisdefined: true,
      typdelim: type.delimiter,
      typrelid: 0,
      typsubscript:
        isArray || type.category === 'A'
          ? functionOid('array_subscript_handler')
          : type.elementOid === undefined
            ? 0
            : functionOid('raw_array_subscript_handler'),
      typelem: type.elementOid ?? 0,
      typarray: type.arrayOid ?? 0,
      typinput: ioFunction(type, 'in'),
      typoutput: ioFunction(type, 'out'),
      typreceive: ioFunction(type, 'recv'),
      typsend: ioFunction(type, 'send'),
      typmodin: functionOid(`${isArray ? type.name.slice(1) : type.name}typmodin`),
      typmodout: functionOid(`${isArray ? type.name.slice(1) : type.name}typmodout`),
      typanalyze: isArray ? functionOid('array_typanalyze') : 0,
      typalign: type.align,
      typstorage: type.storage,
      typnotnull: false,
      typbasetype: 0,
      typtypmod: -1,
      typndims: 0,
      typcollation: type.collationOid,
    };
  }),
);
