/** A small catalog made by hand, and the binding context over it: what the planner's tests bind against. */
import { initialServerCatalog } from '../../../src/catalog/server-catalog.js';
import { systemRelationNamed } from '../../../src/catalog/pg-catalog/system-relations.js';
import { CatalogSnapshot } from '../../../src/catalog/snapshot.js';
import type { Column, Index, Relation, Table } from '../../../src/catalog/table.js';
import type { BindContext } from '../../../src/planner/bind/context.js';
import { parse, parseExpression } from '../../../src/sql/parser.js';
import { canonicalContext } from '../../../src/types/value.js';
import { typeByName } from '../../../src/types/registry.js';

interface ColumnSpec {
  readonly name: string;
  readonly type: string;
  readonly typmod?: number;
  readonly notNull?: boolean;
  readonly defaultText?: string;
  readonly generated?: 'stored';
  readonly identity?: 'always' | 'default';
  readonly sequenceOid?: number;
}

function column(spec: ColumnSpec, attribute: number): Column {
  const { name, type, typmod = -1, notNull = false, ...rest } = spec;
  const typeOid = typeByName(type)?.oid;
  if (typeOid === undefined) throw new Error(`no type ${type}`);
  return { attribute, name, physicalName: name, typeOid, typmod, notNull, ...rest };
}

export function table(oid: number, name: string, specs: readonly (string | ColumnSpec)[], key: readonly number[] = [1], more: Partial<Table> = {}): Table {
  const columns = specs.map((spec, i) => {
    if (typeof spec !== 'string') return column(spec, i + 1);
    const [columnName, type, flag] = spec.split(' ') as [string, string, string | undefined];
    return column({ name: columnName, type, notNull: flag === 'nn' || key.includes(i + 1) }, i + 1);
  });
  const primary: Index = {
    oid: oid + 500_000,
    name: `${name}_pkey`,
    unique: true,
    primary: true,
    nullsNotDistinct: false,
    keys: key.map((attribute) => ({ attribute, descending: false, nullsFirst: false })),
    include: [],
    constraint: true,
    method: 'btree',
  };
  return {
    kind: 'table',
    oid,
    schema: 'public',
    name,
    owner: 'postgres',
    persistence: 'permanent',
    columns,
    lastAttribute: columns.length,
    indexes: key.length === 0 ? [] : [primary],
    checks: [],
    foreignKeys: [],
    distribution: { kind: 'reference' },
    physicalName: `t${oid}_${name}`,
    ...more,
  };
}

export const relations: readonly Relation[] = [
  table(1001, 'a', ['id int4', 'x int4', 'y text', 'z numeric', 'd date', 'b bool', 'f float8', 'l int8']),
  table(1002, 'b', ['id int4', 'a_id int4', 'name varchar', 'ts timestamptz', 'j jsonb', 'arr _int4', 'v int4 nn']),
  table(1003, 'nokey', ['p int4', 'q text'], []),
  table(
    1004,
    'item',
    [
      { name: 'id', type: 'int4', notNull: true, identity: 'always', sequenceOid: 1500 },
      { name: 'code', type: 'varchar', typmod: 9, notNull: true },
      { name: 'price', type: 'numeric', typmod: 655366, defaultText: '0' },
      { name: 'made', type: 'timestamptz', defaultText: 'now()' },
      { name: 'doubled', type: 'numeric', generated: 'stored', defaultText: 'price * 2' },
    ],
    [1],
    {
      checks: [{ oid: 1600, name: 'item_price_check', expressionText: 'price >= 0' }],
      indexes: [
        {
          oid: 501004,
          name: 'item_pkey',
          unique: true,
          primary: true,
          nullsNotDistinct: false,
          keys: [{ attribute: 1, descending: false, nullsFirst: false }],
          include: [],
          constraint: true,
          method: 'btree',
        },
        {
          oid: 501005,
          name: 'item_code_key',
          unique: true,
          primary: false,
          nullsNotDistinct: false,
          keys: [{ attribute: 2, descending: false, nullsFirst: false }],
          include: [],
          constraint: true,
          method: 'btree',
        },
      ],
    },
  ),
  {
    kind: 'view',
    oid: 1300,
    schema: 'public',
    name: 'va',
    owner: 'postgres',
    columns: [
      { name: 'id', typeOid: 23, typmod: -1 },
      { name: 'xx', typeOid: 23, typmod: -1 },
    ],
    queryText: 'SELECT a.id, a.x FROM public.a WHERE a.b',
  },
  {
    kind: 'sequence',
    oid: 1500,
    schema: 'public',
    name: 'item_id_seq',
    owner: 'postgres',
    typeOid: 23,
    start: 1n,
    increment: 1n,
    minValue: 1n,
    maxValue: 2147483647n,
    cache: 1n,
    cycle: false,
  },
];

const systemRelations: ReadonlyMap<string, NonNullable<ReturnType<BindContext['catalogRelations']['find']>>> = new Map([
  [
    'pg_class',
    {
      oid: 1259,
      columns: [
        { name: 'oid', typeOid: 26 },
        { name: 'relname', typeOid: 19 },
        { name: 'relkind', typeOid: 18 },
        { name: 'relnamespace', typeOid: 26 },
      ],
    },
  ],
  [
    'pg_description',
    {
      oid: 2609,
      columns: [
        { name: 'objoid', typeOid: 26 },
        { name: 'classoid', typeOid: 26 },
        { name: 'objsubid', typeOid: 23 },
        { name: 'description', typeOid: 25 },
      ],
    },
  ],
]);

export function contextOver(extra: readonly Relation[] = [], overrides: Partial<BindContext> = {}): BindContext {
  const catalog = new CatalogSnapshot({
    version: 1,
    databaseOid: 5,
    nextOid: 100_000,
    schemas: [{ oid: 2200, name: 'public', owner: 'postgres' }],
    relations: [...relations, ...extra],
    groups: [],
    server: initialServerCatalog,
  });
  return {
    catalog,
    searchPath: ['public'],
    context: canonicalContext,
    currentUser: 'postgres',
    parameterOids: [],
    catalogRelations: {
      find: (schema, name) => (schema === 'pg_catalog' ? systemRelations.get(name) : schema === 'shoal' ? systemRelationNamed(schema, name) : undefined),
    },
    parser: {
      query: (text) => {
        const [first] = parse(text);
        if (first?.statement.kind !== 'select') throw new Error(`not a query: ${text}`);
        return first.statement;
      },
      expression: parseExpression,
      statements: (text) => parse(text).map(({ statement }) => statement),
    },
    acceptUnimplemented: true,
    ...overrides,
  };
}
