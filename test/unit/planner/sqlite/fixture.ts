/**
 * A small database for tests of the SQLite writer: tables declared once, made both in SQLite (as the lane would, with the registered functions) and, for refreshing
 * the expected rows, in a PostgreSQL server.
 */
import { initialServerCatalog } from '../../../../src/catalog/server-catalog.js';
import Database from 'better-sqlite3';
import { type CatalogData, CatalogSnapshot } from '../../../../src/catalog/snapshot.js';
import type { Column, Index, Table } from '../../../../src/catalog/table.js';
import { PgError } from '../../../../src/common/errors.js';
import { renderParameters, renderText } from '../../../../src/executor/render.js';
import type { EvaluationContext } from '../../../../src/functions/function.js';
import { registerFunctions } from '../../../../src/functions/sqlite-register.js';
import { bindStatement } from '../../../../src/planner/bind/bind.js';
import type { BindContext } from '../../../../src/planner/bind/context.js';
import { columnDeclaration, columnScale, indexKeySql } from '../../../../src/planner/sqlite/column-declaration.js';
import { writeMutation, writerOptions } from '../../../../src/planner/sqlite/write-mutation.js';
import { writeQuery } from '../../../../src/planner/sqlite/write.js';
import { initialiseParser, parse, parseExpression } from '../../../../src/sql/parser.js';
import type { WrittenMutation, WrittenSql } from '../../../../src/plan/written-sql.js';
import { decimalToNumericText, numericTextToDecimal, numericTypmodOf } from '../../../../src/types/numeric-codec.js';
import { formatType, Oid, requireType } from '../../../../src/types/registry.js';
import { canonicalContext, type SqlValue } from '../../../../src/types/value.js';

interface Declared {
  readonly name: string;
  readonly columns: readonly (readonly [name: string, oid: number, typmod?: number, notNull?: boolean])[];
  readonly primaryKey?: string;
  readonly indexes?: readonly string[];
  /** Attribute that distributes the table; undefined: reference. */
  readonly distributedBy?: string;
  readonly rows: readonly (readonly (string | null)[])[];
}

const money = numericTypmodOf(10, 2);
const price = numericTypmodOf(15, 2);

export const declared: readonly Declared[] = [
  {
    name: 'dept',
    columns: [
      ['id', Oid.int4, -1, true],
      ['name', Oid.text, -1, true],
      ['budget', Oid.numeric, money],
    ],
    primaryKey: 'id',
    rows: [
      ['1', 'sales', '1000.50'],
      ['2', 'lab', '20000.00'],
      ['3', 'attic', null],
    ],
  },
  {
    name: 'emp',
    columns: [
      ['id', Oid.int4, -1, true],
      ['name', Oid.text],
      ['dept', Oid.int4],
      ['boss', Oid.int4],
      ['salary', Oid.numeric, money],
      ['hired', Oid.date],
      ['active', Oid.bool],
    ],
    primaryKey: 'id',
    indexes: ['dept'],
    rows: [
      ['1', 'ada', '1', null, '100.00', '2020-01-01', 't'],
      ['2', 'bob', '1', '1', '80.25', '2021-05-05', 't'],
      ['3', 'cyd', '2', '1', '80.25', '2019-03-02', 'f'],
      ['4', 'dan', '2', '3', null, '2022-02-22', null],
      ['5', 'eve', null, '3', '60.00', null, 't'],
      ['6', 'Fay', '2', '2', '70.10', '2020-12-31', 'f'],
    ],
  },
  {
    name: 'nums',
    columns: [
      ['id', Oid.int4, -1, true],
      ['n', Oid.numeric],
      ['p', Oid.numeric, price],
      ['q', Oid.numeric, price],
      ['i2', Oid.int2],
      ['i4', Oid.int4],
      ['i8', Oid.int8],
      ['f', Oid.float8],
    ],
    primaryKey: 'id',
    rows: [
      ['1', '1.10', '1.10', '2.00', '1', '10', '100', '0.5'],
      ['2', '1.1', '1.10', '3.50', '-1', '-10', '9223372036854775807', '-0.5'],
      ['3', '-0.5', '-7.25', '0.00', '32767', '2147483647', '-9223372036854775808', 'NaN'],
      ['4', 'NaN', '12345.67', '-1.01', null, null, null, 'Infinity'],
      ['5', null, null, null, '0', '0', '0', null],
      ['6', '123456789012345678901234567890.5', '9999999999999.99', '0.01', '7', '3', '5', '1e300'],
    ],
  },
  {
    name: 'dec',
    columns: [
      ['id', Oid.int4, -1, true],
      ['a', Oid.numeric, money],
      ['b', Oid.numeric, numericTypmodOf(18, 6)],
    ],
    rows: [
      ['1', '1.50', '2.000001'],
      ['2', 'NaN', '1'],
      ['3', '99999999.99', '999999999999.999999'],
      ['4', '-99999999.99', 'NaN'],
      ['5', null, '0'],
      ['6', '0.00', null],
    ],
  },
  {
    name: 'odd',
    columns: [
      ['id', Oid.int4, -1, true],
      ['c', Oid.bpchar, 4 + 4],
      ['v', Oid.varchar, 5 + 4],
      ['iv', Oid.interval],
      ['j', Oid.jsonb],
      ['a', Oid.int4Array],
      ['u', Oid.uuid],
      ['b', Oid.bytea],
      ['ts', Oid.timestamp],
    ],
    primaryKey: 'id',
    rows: [
      ['1', 'ab', 'ab', '1 mon', '{"a": 1}', '{1,2}', '11111111-1111-1111-1111-111111111111', '\\x00ff', '2020-01-01 00:00:00'],
      ['2', 'ab  ', 'ab ', '30 days', '{"a": 1.0}', '{1,2,3}', '22222222-1111-1111-1111-111111111111', '\\x00', '2020-01-02 12:00:00'],
      ['3', 'abcd', 'x', '1 day', '[1, 2]', '{NULL}', null, null, 'infinity'],
      ['4', null, null, null, null, null, null, null, null],
    ],
  },
  {
    name: 'spread',
    columns: [
      ['k', Oid.int4, -1, true],
      ['v', Oid.text],
    ],
    primaryKey: 'k',
    distributedBy: 'k',
    rows: [
      ['1', 'one'],
      ['2', 'two'],
      ['3', 'three'],
      ['4', null],
      ['5', 'five'],
      ['6', 'six'],
    ],
  },
];

function tableOf(declaration: Declared, oid: number): Table {
  const columns = declaration.columns.map(
    ([name, typeOid, typmod, notNull], i): Column => ({ attribute: i + 1, name, physicalName: name, typeOid, typmod: typmod ?? -1, notNull: notNull ?? false }),
  );
  const attribute = (name: string): number => columns.find((column) => column.name === name)?.attribute ?? 0;
  const index = (name: string, key: string, unique: boolean, i: number): Index => ({
    oid: oid * 100 + i,
    name,
    unique,
    primary: unique,
    nullsNotDistinct: false,
    keys: [{ attribute: attribute(key), descending: false, nullsFirst: false }],
    include: [],
    constraint: unique,
    method: 'btree',
  });
  const { primaryKey } = declaration;
  return {
    kind: 'table',
    oid,
    schema: 'public',
    name: declaration.name,
    owner: 'postgres',
    persistence: 'permanent',
    columns,
    lastAttribute: columns.length,
    indexes: [
      ...(primaryKey === undefined ? [] : [index(`${declaration.name}_pkey`, primaryKey, true, 1)]),
      ...(declaration.indexes ?? []).map((key, i) => index(`${declaration.name}_${key}`, key, false, i + 2)),
    ],
    checks: [],
    foreignKeys: [],
    distribution:
      declaration.distributedBy === undefined ? { kind: 'reference' } : { kind: 'distributed', columns: [attribute(declaration.distributedBy)], group: 1 },
    physicalName: declaration.name,
  };
}

const tables = declared.map((declaration, i) => tableOf(declaration, 20001 + i));

const data: CatalogData = {
  version: 1,
  databaseOid: 5,
  nextOid: 30000,
  schemas: [{ oid: 2200, name: 'public', owner: 'postgres' }],
  relations: tables,
  groups: [{ id: 1, name: 'g1', bounds: [0, 0x40000000, 0x80000000, 0xc0000000], family: 'number' }],
  server: initialServerCatalog,
};
export const catalog = new CatalogSnapshot(data);

const { catalog: _, ...settings } = canonicalContext;
const context: EvaluationContext = {
  ...settings,
  transactionMicros: 0n,
  statementMicros: 0n,
  sessionUser: 'postgres',
  currentUser: 'postgres',
  database: 'test',
  applicationName: 'test',
  backendPid: 1,
  searchPath: ['public'],
  settings: new Map(),
};

/** SQLite must see an INTEGER. */
function bound(value: SqlValue, typeOid: number): SqlValue {
  return typeof value === 'number' && typeOid !== Oid.float8 && typeOid !== Oid.float4 ? BigInt(value) : value;
}

export function storedValue(text: string | null, typeOid: number, typmod: number): SqlValue {
  if (text === null) return null;
  const value = requireType(typeOid).parse(text, typmod, canonicalContext);
  const scale = columnScale(typeOid, typmod);
  return scale === undefined ? bound(value, typeOid) : bound(numericTextToDecimal(String(value), scale), Oid.int8);
}

export function formatValue(value: SqlValue, typeOid: number, scale: number | undefined): string {
  if (value === null) return '\\N';
  if (scale !== undefined) return decimalToNumericText(value as bigint | string, scale);
  return requireType(typeOid).format(value, -1, { ...canonicalContext });
}

export interface Outcome {
  readonly sql: string;
  readonly rows: readonly string[];
}

export class Fixture {
  readonly db = new Database('');
  readonly bindContext: BindContext = {
    catalog,
    searchPath: ['public'],
    context: canonicalContext,
    currentUser: 'postgres',
    parameterOids: [],
    catalogRelations: { find: () => undefined },
    parser: {
      query: (text) => {
        const statement = parse(text)[0]?.statement;
        if (statement?.kind !== 'select') throw new Error('not a query');
        return statement;
      },
      expression: parseExpression,
    },
  };

  constructor() {
    registerFunctions(this.db, { current: context });
    this.db.exec("ATTACH ':memory:' AS global");
    for (let i = 0; i < 4; i++) this.db.exec(`ATTACH ':memory:' AS g1_000${String(i)}`);
    for (const [t, table] of tables.entries()) {
      const declaration = declared[t] as Declared;
      const schemas = catalog.shardSchemas(table);
      for (const schema of schemas) {
        const columns = table.columns.map((column) => `"${column.physicalName}" ${columnDeclaration(column.typeOid, column.typmod)}`);
        this.db.exec(`CREATE TABLE "${schema}"."${table.physicalName}" (_rowid INTEGER PRIMARY KEY, ${columns.join(', ')})`);
        for (const index of table.indexes) {
          const keys = index.keys.map((key) => indexKeySql(table.columns.find((column) => column.attribute === key.attribute) as Column));
          this.db.exec(`CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX "${schema}"."${index.name}" ON "${table.physicalName}" (${keys.join(', ')})`);
        }
      }
      for (const row of declaration.rows) {
        const values = table.columns.map((column, i) => storedValue(row[i] ?? null, column.typeOid, column.typmod));
        const shard =
          table.distribution.kind === 'reference'
            ? 'global'
            : schemas[
                Number(
                  this.db
                    .prepare(`SELECT shoal_shard('${(data.groups[0] as { bounds: readonly number[] }).bounds.join(',')}', '23', ?)`)
                    .pluck()
                    .get(values[0]),
                )
              ];
        this.db.prepare(`INSERT INTO "${String(shard)}"."${table.physicalName}" VALUES (NULL, ${table.columns.map(() => '?').join(', ')})`).run(...values);
      }
    }
  }

  execute(written: WrittenSql, first: readonly SqlValue[], parameters: readonly SqlValue[], types: readonly number[]): SqlValue[][] {
    const values = [...first, ...renderParameters(written, parameters, types, 0)];
    const bindings = Object.fromEntries(values.map((value, i) => [String(i + 1), value]));
    const statement = this.db.prepare(renderText(written, 'global')).safeIntegers().raw();
    return (values.length === 0 ? statement.all() : statement.all(bindings)) as SqlValue[][];
  }

  /** Binds, writes and runs a query; `parameters` are text forms of $1... */
  query(text: string, parameters: readonly (string | null)[] = [], exactNumeric = false): Outcome {
    const statement = parse(text)[0]?.statement;
    if (statement === undefined) throw new Error('no statement');
    const bound = bindStatement(statement, this.bindContext);
    if (bound.kind !== 'query') throw new Error('not a query');
    const types = bound.parameterTypes.map((type) => type.oid);
    const values = parameters.map((parameter, i) => (parameter === null ? null : requireType(types[i] as number).parse(parameter, -1, canonicalContext)));
    const { tickMask: _tick, ...options } = writerOptions({ catalog });
    const written = writeQuery(bound.plan, { ...options, exactNumeric, final: true });
    let rows: SqlValue[][];
    try {
      rows = this.execute(written, [], values, types);
    } catch (error) {
      const retry = !exactNumeric && ((error instanceof PgError && error.code === 'SH002') || (error instanceof Error && error.message === 'integer overflow'));
      if (retry) return this.query(text, parameters, true);
      if (error instanceof Error && !(error instanceof PgError)) error.message += `\n${renderText(written, 'global')}`;
      throw error;
    }
    return {
      sql: renderText(written, 'global'),
      rows: rows.map((row) =>
        row
          .slice(0, bound.columns.length)
          .map((value, i) => formatValue(value, written.columns[i]?.column.type.oid ?? Oid.text, written.columns[i]?.scale))
          .join('|'),
      ),
    };
  }

  /** Binds and writes a mutation. */
  mutation(text: string): { readonly written: WrittenMutation; readonly types: readonly number[] } {
    const statement = parse(text)[0]?.statement;
    if (statement === undefined) throw new Error('no statement');
    const bound = bindStatement(statement, this.bindContext);
    if (bound.kind !== 'mutation') throw new Error('not a mutation');
    return { written: writeMutation(bound.mutation, { catalog }).mutation, types: bound.parameterTypes.map((type) => type.oid) };
  }
}

/** CREATE and INSERT statements of the same tables for PostgreSQL. */
export function postgresScript(): string {
  return declared
    .map((declaration) => {
      const columns = declaration.columns.map(
        ([name, oid, typmod, notNull]) => `"${name}" ${formatType(oid, typmod ?? -1)}${notNull === true ? ' NOT NULL' : ''}`,
      );
      const key = declaration.primaryKey === undefined ? '' : `, PRIMARY KEY ("${declaration.primaryKey}")`;
      const rows = declaration.rows.map((row) => `(${row.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(', ')})`);
      return `DROP TABLE IF EXISTS "${declaration.name}"; CREATE TABLE "${declaration.name}" (${columns.join(', ')}${key}); INSERT INTO "${declaration.name}" VALUES ${rows.join(', ')};`;
    })
    .join('\n');
}

export { initialiseParser };
