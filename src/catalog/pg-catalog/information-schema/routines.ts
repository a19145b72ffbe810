/** information_schema.routines and parameters: the functions of the registry. */
import type { FunctionEntry } from '../../../functions/function.js';
import { allFunctions } from '../../../functions/registry.js';
import { typeByOid } from '../../../types/registry.js';
import { relation } from '../relation.js';
import { dataType, yesOrNo } from './values.js';

function visible(): readonly FunctionEntry[] {
  return allFunctions().filter((entry) => entry.hidden !== true && entry.oid !== undefined);
}

function specificName(entry: FunctionEntry): string {
  return `${entry.name}_${String(entry.oid)}`;
}

export const routines = relation('information_schema.routines', function* ({ catalog }) {
  const database = catalog.database.name;
  for (const entry of visible()) {
    const immutable = (entry.kind !== 'scalar' && entry.kind !== 'set') || entry.volatility === 'immutable';
    yield {
      specific_catalog: database,
      specific_schema: 'pg_catalog',
      specific_name: specificName(entry),
      routine_catalog: database,
      routine_schema: 'pg_catalog',
      routine_name: entry.name,
      routine_type: entry.kind === 'scalar' || entry.kind === 'set' ? 'FUNCTION' : null,
      data_type: dataType(entry.result),
      type_udt_catalog: database,
      type_udt_schema: 'pg_catalog',
      type_udt_name: typeByOid(entry.result)?.name ?? '',
      dtd_identifier: '0',
      routine_body: 'EXTERNAL',
      external_language: 'INTERNAL',
      parameter_style: 'GENERAL',
      is_deterministic: yesOrNo(immutable),
      sql_data_access: 'MODIFIES',
      is_null_call: entry.kind === 'scalar' || entry.kind === 'set' ? yesOrNo(entry.strict) : null,
      schema_level_routine: 'YES',
      max_dynamic_result_sets: 0,
      security_type: 'INVOKER',
      as_locator: 'NO',
      is_udt_dependent: 'NO',
    };
  }
});

export const parameters = relation('information_schema.parameters', function* ({ catalog }) {
  const database = catalog.database.name;
  for (const entry of visible()) {
    for (const [at, type] of entry.args.entries()) {
      yield {
        specific_catalog: database,
        specific_schema: 'pg_catalog',
        specific_name: specificName(entry),
        ordinal_position: at + 1,
        parameter_mode: 'IN',
        is_result: 'NO',
        as_locator: 'NO',
        parameter_name: entry.argNames?.[at] ?? null,
        data_type: dataType(type),
        udt_catalog: database,
        udt_schema: 'pg_catalog',
        udt_name: typeByOid(type)?.name ?? '',
        dtd_identifier: String(at + 1),
      };
    }
  }
});
