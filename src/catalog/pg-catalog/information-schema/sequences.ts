/** information_schema.sequences: those that no identity column owns. */
import { sequencesOf, tablesOf } from '../objects.js';
import { relation } from '../relation.js';
import { seesRelation } from './visible.js';
import { dataType, typeColumns, yesOrNo } from './values.js';

export const sequences = relation(
  'information_schema.sequences',
  function* (environment) {
    const { catalog } = environment;
    const internal = new Set(
      [...tablesOf(catalog)].flatMap((table) => table.columns.filter((column) => column.identity !== undefined).map((column) => column.sequenceOid)),
    );
    for (const one of sequencesOf(catalog)) {
      if (internal.has(one.oid) || !seesRelation(environment, one.oid, 'sequence')) continue;
      const { numeric_precision } = typeColumns(catalog, one.typeOid, -1) as { readonly numeric_precision: number };
      yield {
        sequence_catalog: catalog.database.name,
        sequence_schema: one.schema,
        sequence_name: one.name,
        data_type: dataType(one.typeOid),
        numeric_precision,
        numeric_precision_radix: 2,
        numeric_scale: 0,
        start_value: one.start.toString(),
        minimum_value: one.minValue.toString(),
        maximum_value: one.maxValue.toString(),
        increment: one.increment.toString(),
        cycle_option: yesOrNo(one.cycle),
      };
    }
  },
  'user',
);
