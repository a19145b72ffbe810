/** information_schema.domains, domain_constraints, domain_udt_usage, column_domain_usage, attributes, user_defined_types. */
import { isOwner } from './usage.js';
import { formatType, isArrayType } from '../../../types/registry.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import type { DomainType } from '../../user-type.js';
import { expressionText } from '../../definitions.js';
import { relation } from '../relation.js';
import { dataType, typeColumns } from './values.js';

function domainsOf(catalog: CatalogSnapshot): readonly DomainType[] {
  return (catalog.data.types ?? []).filter((type): type is DomainType => type.kind === 'domain');
}

export const domains = relation('information_schema.domains', function* ({ catalog }) {
  const database = catalog.database.name;
  for (const domain of domainsOf(catalog)) {
    yield {
      domain_catalog: database,
      domain_schema: domain.schema,
      domain_name: domain.name,
      ...typeColumns(catalog, domain.baseOid, domain.baseTypmod),
      data_type: isArrayType(domain.baseOid) ? formatType(domain.baseOid) : dataType(domain.baseOid),
      domain_default: domain.defaultText === undefined ? undefined : expressionText(domain.defaultText, false, catalog, ['public']),
      dtd_identifier: '1',
    };
  }
});

export const domainConstraints = relation('information_schema.domain_constraints', function* ({ catalog }) {
  const database = catalog.database.name;
  for (const domain of domainsOf(catalog)) {
    for (const check of domain.checks) {
      yield {
        constraint_catalog: database,
        constraint_schema: domain.schema,
        constraint_name: check.name,
        domain_catalog: database,
        domain_schema: domain.schema,
        domain_name: domain.name,
        is_deferrable: 'NO',
        initially_deferred: 'NO',
      };
    }
  }
});

export const domainUdtUsage = relation('information_schema.domain_udt_usage', function* ({ catalog }) {
  const database = catalog.database.name;
  for (const domain of domainsOf(catalog)) {
    const base = typeColumns(catalog, domain.baseOid, domain.baseTypmod);
    yield {
      udt_catalog: database,
      udt_schema: base['udt_schema'],
      udt_name: base['udt_name'],
      domain_catalog: database,
      domain_schema: domain.schema,
      domain_name: domain.name,
    };
  }
});

export const columnDomainUsage = relation(
  'information_schema.column_domain_usage',
  function* (environment) {
    const { catalog } = environment;
    const database = catalog.database.name;
    for (const table of catalog.data.relations) {
      if (table.kind !== 'table') continue;
      for (const column of table.columns) {
        if (column.domainOid === undefined) continue;
        const domain = catalog.types.named(column.domainOid);
        if (domain === undefined || !isOwner(environment, domain.owner)) continue;
        yield {
          domain_catalog: database,
          domain_schema: domain.schema,
          domain_name: domain.name,
          table_catalog: database,
          table_schema: table.schema,
          table_name: table.name,
          column_name: column.name,
        };
      }
    }
  },
  'user',
);

export const attributes = relation('information_schema.attributes', function* ({ catalog }) {
  const database = catalog.database.name;
  for (const type of catalog.data.types ?? []) {
    if (type.kind !== 'composite') continue;
    for (const attribute of type.attributes) {
      const base = typeColumns(catalog, attribute.typeOid, attribute.typmod);
      yield {
        ...base,
        udt_catalog: database,
        udt_schema: type.schema,
        udt_name: type.name,
        attribute_name: attribute.name,
        ordinal_position: attribute.attribute,
        is_nullable: 'YES',
        data_type: dataType(attribute.typeOid),
        attribute_udt_catalog: database,
        attribute_udt_schema: base['udt_schema'],
        attribute_udt_name: base['udt_name'],
        dtd_identifier: String(attribute.attribute),
        is_derived_reference_attribute: 'NO',
      };
    }
  }
});

export const userDefinedTypes = relation('information_schema.user_defined_types', function* ({ catalog }) {
  for (const type of catalog.data.types ?? []) {
    if (type.kind !== 'composite') continue;
    yield {
      user_defined_type_catalog: catalog.database.name,
      user_defined_type_schema: type.schema,
      user_defined_type_name: type.name,
      user_defined_type_category: 'STRUCTURED',
      is_instantiable: 'YES',
    };
  }
});
