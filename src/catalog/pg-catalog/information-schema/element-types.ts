/** information_schema.element_types and data_type_privileges: what arrays are arrays of, and which objects have descriptors of their types. */
import { isArrayType, typeByOid } from '../../../types/registry.js';
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { dataType, typeColumns } from './values.js';
import { seesColumn } from './visible.js';

interface Described {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'TABLE' | 'DOMAIN' | 'USER-DEFINED TYPE' | 'ROUTINE';
  /** Absent: a procedure's result. */
  readonly identifier: string | null;
  readonly typeOid: number;
}

function* described(environment: CatalogEnvironment): Generator<Described> {
  const { catalog } = environment;
  for (const object of catalog.data.relations) {
    if (object.kind === 'sequence' || (object.kind === 'table' && object.materialized !== undefined)) continue;
    const columns = object.kind === 'view' ? object.columns.map(({ typeOid }, at) => ({ typeOid, attribute: at + 1 })) : object.columns;
    for (const { typeOid, attribute } of columns)
      if (seesColumn(environment, object.oid, attribute))
        yield { schema: object.schema, name: object.name, kind: 'TABLE', identifier: String(attribute), typeOid };
  }
  for (const type of catalog.data.types ?? []) {
    if (type.kind === 'domain') yield { schema: type.schema, name: type.name, kind: 'DOMAIN', identifier: '1', typeOid: type.baseOid };
    if (type.kind !== 'composite') continue;
    for (const { attribute, typeOid } of type.attributes)
      yield { schema: type.schema, name: type.name, kind: 'USER-DEFINED TYPE', identifier: String(attribute), typeOid };
  }
  for (const definition of catalog.functions.all()) {
    const name = `${definition.name}_${String(definition.oid)}`;
    for (const [at, { typeOid }] of definition.args.entries()) yield { schema: definition.schema, name, kind: 'ROUTINE', identifier: String(at + 1), typeOid };
    yield { schema: definition.schema, name, kind: 'ROUTINE', identifier: definition.kind === 'procedure' ? null : '0', typeOid: definition.result };
  }
}

function names({ catalog }: CatalogEnvironment, { schema, name, kind }: Described): CatalogRow {
  return { object_catalog: catalog.database.name, object_schema: schema, object_name: name, object_type: kind };
}

export const typeDescriptorViews = [
  relation(
    'information_schema.element_types',
    function* (environment) {
      for (const one of described(environment)) {
        const element = isArrayType(one.typeOid) ? typeByOid(one.typeOid)?.elementOid : undefined;
        if (element === undefined || one.identifier === null) continue;
        const { udt_catalog, udt_schema, udt_name } = typeColumns(environment.catalog, element, -1);
        yield {
          ...names(environment, one),
          collection_type_identifier: one.identifier,
          data_type: dataType(element),
          udt_catalog,
          udt_schema,
          udt_name,
          dtd_identifier: `a${one.identifier}`,
        };
      }
    },
    'user',
  ),
  relation(
    'information_schema.data_type_privileges',
    function* (environment) {
      for (const one of described(environment)) yield { ...names(environment, one), dtd_identifier: one.identifier };
    },
    'user',
  ),
];
