/** information_schema.routines and parameters: the functions of the registry, and the database's own. */
import type { FunctionEntry } from '../../../functions/function.js';
import { allFunctions } from '../../../functions/registry.js';
import { typeByOid } from '../../../types/registry.js';
import { expressionText } from '../../definitions.js';
import { ownerOid, securableFunction } from '../../privileges.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import type { UserFunction } from '../../user-function.js';
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { isOwner } from './usage.js';
import { dataType, typeColumns, yesOrNo } from './values.js';
import { seesObject } from './visible.js';

function visible(): readonly FunctionEntry[] {
  return allFunctions().filter((entry) => entry.hidden !== true && entry.oid !== undefined);
}

function specificName(entry: FunctionEntry): string {
  return `${entry.name}_${String(entry.oid)}`;
}

export const routines = relation('information_schema.routines', routineRows, 'user');

function* routineRows(environment: CatalogEnvironment): Generator<CatalogRow> {
  const { catalog } = environment;
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
  for (const definition of catalog.functions.all()) {
    const isProcedure = definition.kind === 'procedure';
    if (!seesObject(environment, securableFunction(definition, ownerOid(catalog, definition.owner)), 'execute')) continue;
    const result = typeColumns(catalog, definition.result, -1);
    yield {
      ...ownNames(catalog, definition),
      routine_catalog: database,
      routine_schema: definition.schema,
      routine_name: definition.name,
      routine_type: isProcedure ? 'PROCEDURE' : 'FUNCTION',
      ...(isProcedure
        ? {}
        : {
            data_type: dataType(definition.result),
            type_udt_catalog: database,
            type_udt_schema: result['udt_schema'],
            type_udt_name: result['udt_name'],
            dtd_identifier: '0',
            is_null_call: yesOrNo(definition.strict),
          }),
      routine_body: definition.language === 'plpgsql' ? 'EXTERNAL' : 'SQL',
      routine_definition: definition.body.kind === 'string' && isOwner(environment, definition.owner) ? definition.body.text : null,
      external_language: definition.language === 'plpgsql' ? 'PLPGSQL' : 'SQL',
      parameter_style: 'GENERAL',
      is_deterministic: yesOrNo(definition.volatility === 'immutable'),
      sql_data_access: 'MODIFIES',
      schema_level_routine: 'YES',
      max_dynamic_result_sets: 0,
      security_type: definition.securityDefiner ? 'DEFINER' : 'INVOKER',
      as_locator: 'NO',
      is_udt_dependent: 'NO',
    };
  }
}

function ownNames({ database }: CatalogSnapshot, { schema, name, oid }: UserFunction): CatalogRow {
  return { specific_catalog: database.name, specific_schema: schema, specific_name: `${name}_${String(oid)}` };
}

const modes = { in: 'IN', out: 'OUT', inout: 'INOUT', variadic: 'IN', table: 'OUT' } as const;

export const parameters = relation('information_schema.parameters', parameterRows, 'user');

function* parameterRows(environment: CatalogEnvironment): Generator<CatalogRow> {
  const { catalog } = environment;
  const database = catalog.database.name;
  for (const definition of catalog.functions.all()) {
    if (!seesObject(environment, securableFunction(definition, ownerOid(catalog, definition.owner)), 'execute')) continue;
    for (const [at, argument] of definition.args.entries()) {
      const { udt_catalog, udt_schema, udt_name } = typeColumns(catalog, argument.typeOid, -1);
      yield {
        ...ownNames(catalog, definition),
        ordinal_position: at + 1,
        parameter_mode: modes[argument.mode],
        is_result: 'NO',
        as_locator: 'NO',
        parameter_name: argument.name === '' ? null : argument.name,
        data_type: dataType(argument.typeOid),
        udt_catalog,
        udt_schema,
        udt_name,
        dtd_identifier: String(at + 1),
        parameter_default:
          argument.defaultText === undefined || !isOwner(environment, definition.owner)
            ? null
            : expressionText(argument.defaultText, false, catalog, ['public']),
      };
    }
  }
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
}
