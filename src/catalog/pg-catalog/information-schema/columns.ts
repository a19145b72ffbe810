/** information_schema.columns. */
import { seesColumn } from './visible.js';
import { expressionText } from '../../definitions.js';
import { updatableColumns } from '../../view-updatable.js';
import { ownedSequence, systemRelationsOf } from '../objects.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import type { Column } from '../../table.js';
import { collationOf } from '../index-columns.js';
import { collationName, defaultCollation, ownCollation } from '../../collation.js';
import { relation } from '../relation.js';
import { dataType, typeColumns, yesOrNo } from './values.js';

const common = { is_self_referencing: 'NO', is_identity: 'NO', identity_cycle: 'NO', is_generated: 'NEVER' };

function domainColumns(catalog: CatalogSnapshot, domainOid: number | undefined): Readonly<Record<string, string>> {
  const domain = domainOid === undefined ? undefined : catalog.types.named(domainOid);
  return domain === undefined ? {} : { domain_catalog: catalog.database.name, domain_schema: domain.schema, domain_name: domain.name };
}

/** A collation that is not the database's own. */
function collationColumns(catalog: CatalogSnapshot, column: Column): Readonly<Record<string, string>> {
  const oid = collationOf(catalog, column);
  if (oid === 0 || oid === defaultCollation) return {};
  return {
    collation_catalog: catalog.database.name,
    collation_schema: ownCollation(catalog, oid)?.schema ?? 'pg_catalog',
    collation_name: collationName(catalog, oid),
  };
}

/** Of a column of a domain that is NOT NULL, or over one that is. */
function refusesNull(catalog: CatalogSnapshot, oid: number | undefined): boolean {
  const domain = oid === undefined ? undefined : catalog.types.definition(oid);
  return domain?.kind === 'domain' && (domain.notNull || refusesNull(catalog, domain.baseOid));
}

export const columns = relation(
  'information_schema.columns',
  function* (environment) {
    const { catalog } = environment;
    const database = catalog.database.name;
    const row = (
      schema: string,
      table: string,
      name: string,
      position: number,
      typeOid: number,
      typmod: number,
    ): Readonly<Record<string, string | number>> => ({
      ...common,
      table_catalog: database,
      table_schema: schema,
      table_name: table,
      column_name: name,
      ordinal_position: position,
      data_type: dataType(typeOid),
      dtd_identifier: String(position),
      ...(typeColumns(catalog, typeOid, typmod) as Readonly<Record<string, string | number>>),
    });
    for (const object of catalog.data.relations) {
      if (object.kind === 'sequence' || (object.kind === 'table' && object.materialized !== undefined)) continue;
      if (object.kind === 'view') {
        const updatable = updatableColumns(catalog, object);
        for (const [at, column] of object.columns.entries()) {
          if (!seesColumn(environment, object.oid, at + 1)) continue;
          yield {
            ...row(object.schema, object.name, column.name, at + 1, column.typeOid, column.typmod),
            is_nullable: 'YES',
            is_updatable: yesOrNo(updatable?.[at] === true),
            column_default: column.defaultText === undefined ? null : expressionText(column.defaultText, false, catalog, ['public']),
          };
        }
        continue;
      }
      for (const column of object.columns) {
        if (!seesColumn(environment, object.oid, column.attribute)) continue;
        const isGenerated = column.generated !== undefined;
        const text =
          column.defaultText === undefined || column.identity !== undefined ? undefined : expressionText(column.defaultText, false, catalog, ['public']);
        const sequence = column.identity === undefined ? undefined : ownedSequence(catalog, column.sequenceOid);
        yield {
          ...row(object.schema, object.name, column.name, column.attribute, column.typeOid, column.typmod),
          column_default: isGenerated ? null : text,
          ...domainColumns(catalog, column.domainOid),
          ...collationColumns(catalog, column),
          is_nullable: yesOrNo(!column.notNull && !refusesNull(catalog, column.domainOid)),
          is_updatable: 'YES',
          ...(isGenerated ? { is_generated: 'ALWAYS', generation_expression: text } : {}),
          ...(column.identity === undefined
            ? {}
            : {
                is_identity: 'YES',
                identity_generation: column.identity === 'always' ? 'ALWAYS' : 'BY DEFAULT',
                identity_start: sequence?.start.toString(),
                identity_increment: sequence?.increment.toString(),
                identity_maximum: sequence?.maxValue.toString(),
                identity_minimum: sequence?.minValue.toString(),
                identity_cycle: yesOrNo(sequence?.cycle ?? false),
              }),
        };
      }
    }
    for (const system of systemRelationsOf(catalog)) {
      if (!seesColumn(environment, system.oid, 1)) continue;
      for (const [at, column] of system.columns.entries()) {
        yield { ...row(system.schema, system.name, column.name, at + 1, column.typeOid, -1), is_nullable: yesOrNo(!column.notNull), is_updatable: 'NO' };
      }
    }
  },
  'user',
);
