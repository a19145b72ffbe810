/** Random tables and their rows. Every table has a unique `id`; the other columns come in all types of the level, with NULLs and duplicates. */
import type { Random } from '../support/random.js';
import { quote, type TypeName, typeLevels, valueText } from './types.js';

export interface Column {
  readonly name: string;
  readonly type: TypeName;
  /** As CREATE TABLE spells its type. */
  readonly declared: string;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** What distributes it in the distributed subject. */
  readonly distributionColumn: string;
  readonly primaryKey: boolean;
  readonly rows: readonly (readonly (string | null)[])[];
}

const names: Readonly<Record<TypeName, string>> = {
  int: 'n',
  bigint: 'big',
  smallint: 'small',
  numeric: 'num',
  float8: 'flt',
  text: 'txt',
  varchar: 'vc',
  bpchar: 'ch',
  bool: 'flag',
  date: 'day',
  timestamp: 'ts',
  timestamptz: 'tz',
  time: 'tm',
  interval: 'span',
  uuid: 'uid',
  jsonb: 'js',
  'int[]': 'ints',
  'text[]': 'txts',
  bytea: 'bin',
};
const distributable: ReadonlySet<TypeName> = new Set(['int', 'bigint', 'text', 'date', 'numeric', 'uuid', 'varchar', 'timestamp']);

function column(type: TypeName, random: Random): Column {
  if (type === 'numeric' && random.chance(0.6)) return { name: 'dec', type, declared: 'numeric(10,2)' };
  return { name: names[type], type, declared: type === 'varchar' ? 'varchar(20)' : type === 'bpchar' ? 'char(6)' : type };
}

export function makeTables(random: Random, level: number): Table[] {
  const types = (Object.keys(typeLevels) as TypeName[]).filter((type) => typeLevels[type] <= level && type !== 'int');
  // Now and then one table outgrows a batch.
  const big = random.chance(0.2) ? 't4' : undefined;
  return ['t1', 't2', 't3', 't4'].map((name) => {
    const columns: Column[] = [
      { name: 'id', type: 'int', declared: 'int' },
      { name: 'n', type: 'int', declared: 'int' },
      { name: 'm', type: 'int', declared: 'int' },
      ...random
        .shuffle(types)
        .slice(0, random.int(3, 6))
        .map((type) => column(type, random)),
    ];
    const count =
      name === big
        ? 1500
        : random.weighted([
            [1, 0],
            [1, 1],
            [10, random.int(8, 40)],
          ]);
    const rows = Array.from({ length: count }, (_, row) =>
      columns.map(({ name: columnName, type, declared }) => {
        if (columnName === 'id') return String(row + 1);
        if (random.chance(0.15)) return null;
        const value = valueText(type, random);
        return declared === 'numeric(10,2)' ? Number(value).toFixed(2) : value;
      }),
    );
    const distributionColumn = random.chance(0.6) ? 'id' : random.pick(columns.filter(({ type }) => distributable.has(type))).name;
    return { name, columns, distributionColumn, primaryKey: distributionColumn === 'id' && random.chance(0.8), rows };
  });
}

/** CREATE TABLE and its rows. `distributed` adds Shoal's clause. */
export function tableStatements(table: Table, distributed: boolean): string[] {
  const columns = table.columns.map(({ name, declared }) => `${name} ${declared}${name === 'id' ? (table.primaryKey ? ' PRIMARY KEY' : ' NOT NULL') : ''}`);
  const clause = distributed ? ` PARTITION BY HASH (${table.distributionColumn}) WITH (shards = 4)` : '';
  const create = `CREATE TABLE ${table.name} (${columns.join(', ')})${clause}`;
  if (table.rows.length === 0) return [create];
  const rows = table.rows.map((row) => `(${row.map((value) => (value === null ? 'NULL' : quote(value))).join(', ')})`);
  return [create, `INSERT INTO ${table.name} VALUES ${rows.join(', ')}`];
}
