/** Leaves: tables, landing tables, CTE references, VALUES and set-returning functions. */
import { assert, notSupported } from '../../common/errors.js';
import { callSignature, isImplemented, sqliteFunctionName } from '../../functions/registry.js';
import { nullArgument } from '../../functions/sqlite-register.js';
import type { SetCall, TypeRef } from '../../plan/expression.js';
import type { CatalogScan, CteScan, FunctionScan, Landed, OutputColumn, ProjectSet, Scan, Values } from '../../plan/logical.js';
import { Oid } from '../../types/registry.js';
import { Block, blockOver, columnOf, type FromItem, joinable } from './block.js';
import { columnDeclaration, columnScale } from './column-declaration.js';
import { tick } from './connection-functions.js';
import { generalForm, unifiedDecimal, unifyNumerics } from './numeric.js';
import { fromJsonItem } from './json-rows.js';
import type { Scope } from './scope.js';
import { Level, quoteIdentifier, quoteText, type Spelled } from './spelled.js';

const integerType: TypeRef = { oid: Oid.int8, typmod: -1 };

/** A column of a base table behind an alias. */
function storedColumn(text: string, type: TypeRef, notNull: boolean): Spelled {
  const scale = columnScale(type.oid, type.typmod);
  const digits = ((type.typmod - 4) >> 16) & 0xffff;
  return {
    text,
    level: Level.atom,
    weight: 0,
    type,
    nullable: !notNull,
    ...(scale === undefined ? {} : { decimal: { scale, digits, nanLeaves: [text], raw: false } }),
  };
}

export function scan(scope: Scope, node: Scan): Block {
  const { table } = node;
  const spelling = scope.options.scan(node);
  const alias = scope.alias();
  scope.scanned.set(alias, table);
  const mask = scope.lookups.has(node) ? undefined : scope.options.tickMask?.(node);
  const physical = node.source.map((attribute) => {
    if (attribute <= 0) return undefined;
    const column = table.columns.find((candidate) => candidate.attribute === attribute);
    assert(column !== undefined, `column ${String(attribute)} of ${table.name}`);
    return column;
  });
  let text: string;
  let shard: string | undefined;
  if (spelling.kind === 'union') {
    const names = [...new Set(physical.flatMap((column) => (column === undefined ? [] : [quoteIdentifier(column.physicalName)])))];
    if (node.source.includes(0) || mask !== undefined || names.length === 0) names.unshift('_rowid');
    const withShard = node.source.includes(-1);
    const branches = spelling.schemas.map(({ schema, index }) => {
      const list = [...(withShard ? [`${String(index)} AS _shard`] : []), ...names];
      return `SELECT ${list.join(', ')} FROM ${quoteIdentifier(schema)}.${quoteIdentifier(table.physicalName)}`;
    });
    text = `(${branches.join(' UNION ALL ')})`;
    shard = `${alias}._shard`;
  } else {
    text = `${spelling.kind === 'shard' ? `"${scope.parameters.hole(spelling.group)}"` : '"global"'}.${quoteIdentifier(table.physicalName)}`;
    shard = spelling.kind === 'shard' ? scope.parameters.shardIndex() : '0';
  }
  const block = blockOver(node.columns, { text: `${text} AS ${alias}`, alias, derived: false });
  for (const [i, column] of node.columns.entries()) {
    const stored = physical[i];
    if (stored === undefined) {
      const own = node.source[i] === 0 ? `${alias}._rowid` : shard;
      scope.bind(column.id, { text: own, level: Level.atom, weight: 0, type: integerType, nullable: false });
    } else {
      scope.bind(column.id, storedColumn(`${alias}.${quoteIdentifier(stored.physicalName)}`, { oid: stored.typeOid, typmod: stored.typmod }, stored.notNull));
    }
  }
  if (spelling.kind === 'range') block.where.push(...rangeOf(scope, `${alias}._rowid`, text, spelling.count));
  if (mask !== undefined) block.where.push(mask === 0 ? tick : `((${alias}._rowid & ${String(mask)}) <> 0 OR ${tick})`);
  return block;
}

/** That a rowid is in the fragment's range: ranges are alike in width between 0 and the greatest rowid of the snapshot, and the outer ones have no end. */
function rangeOf(scope: Scope, rowid: string, table: string, count: number): readonly string[] {
  const index = scope.parameters.shardIndex();
  const width = `(SELECT ifnull(max(_rowid), 0) / ${String(count)} + 1 FROM ${table})`;
  return [
    `${rowid} > CASE ${index} WHEN 0 THEN -9223372036854775808 ELSE ${width} * ${index} END`,
    `${rowid} <= CASE ${index} WHEN ${String(count - 1)} THEN 9223372036854775807 ELSE ${width} * (${index} + 1) END`,
  ];
}

/** Catalog relations are landed before the statement runs, under a name made of theirs. */
export function catalogScan(scope: Scope, node: CatalogScan): Block {
  const table = `catalog_${node.relation.replace('.', '_')}`;
  const known = scope.catalogLandings.get(node.relation);
  const columns = [...(known?.columns ?? [])];
  const types = [...(known?.types ?? [])];
  for (const [i, name] of node.source.entries()) {
    if (columns.includes(name)) continue;
    const { type } = node.columns[i] as OutputColumn;
    columns.push(name);
    types.push(columnDeclaration(type.oid, -1));
  }
  scope.catalogLandings.set(node.relation, { relation: node.relation, table, columns, types });
  return landed(scope, { ...node, kind: 'landed', table, scales: node.columns.map(() => undefined) });
}

export function landed(scope: Scope, node: Landed): Block {
  const alias = scope.alias();
  // A repartitioning exchange fills one table for each shard (or partition).
  const table = node.group === undefined ? quoteIdentifier(node.table) : `"${node.table}_${scope.parameters.hole(node.group)}"`;
  const block = blockOver(node.columns, { text: `temp.${table} AS ${alias}`, alias, derived: false });
  for (const [i, column] of node.columns.entries()) {
    const text = `${alias}.${quoteIdentifier(node.source[i] as string)}`;
    const scale = node.scales[i];
    scope.bind(column.id, {
      text,
      level: Level.atom,
      weight: 0,
      type: column.type,
      nullable: true,
      ...(scale === undefined ? {} : { decimal: { scale, digits: 19, nanLeaves: [text], raw: false } }),
    });
  }
  asksForCancel(scope, block, `${alias}.rowid`);
  return block;
}

export function cteScan(scope: Scope, node: CteScan): Block {
  const cte = scope.ctes.get(node.cte);
  assert(cte !== undefined, `common table expression ${node.name} is defined`);
  if (cte.recursion !== undefined) cte.recursion.references++;
  const { working } = cte;
  const alias = scope.alias();
  const block = blockOver(node.columns, { text: `${working === undefined ? cte.name : `json_each(${working.rows})`} AS ${alias}`, alias, derived: false });
  for (const [i, column] of node.columns.entries()) {
    const source = cte.columns[i];
    assert(source !== undefined, `column ${String(i)} of ${node.name}`);
    scope.bind(column.id, working === undefined ? columnOf(alias, source.name, source.spelled) : fromJsonItem(alias, i, source.spelled));
  }
  if (working?.condition !== undefined) block.where.push(working.condition(alias));
  if ((cte.recursion ?? working) !== undefined && scope.options.tickMask !== undefined) block.where.push(tick);
  return block;
}

/** VALUES: one row is a SELECT without FROM, more are a derived table. */
export function values(scope: Scope, node: Values): Block {
  const rows = node.rows.map((row) => row.map((e) => scope.expression(e)));
  const [only] = rows;
  const block = new Block(node.columns);
  if (rows.length === 1 && only !== undefined) {
    for (const [i, column] of node.columns.entries()) {
      const value = only[i] as Spelled;
      if (value.weight === Infinity) block.volatile = true;
      scope.bind(column.id, value);
    }
    return block;
  }
  if (rows.length === 0) {
    for (const column of node.columns) scope.bind(column.id, { text: 'NULL', level: Level.atom, weight: 0, type: column.type, nullable: true });
    block.where.push('0');
    return block;
  }
  const columns = node.columns.map((column, i) => {
    const list = rows.map((row) => row[i] as Spelled);
    return column.type.oid === Oid.numeric ? unifyNumerics(scope, list, false) : list.map(generalForm);
  });
  const alias = scope.alias();
  // SQLite names the columns of VALUES only while no row refers to an enclosing query.
  const correlated = rows.some((row) => row.some((value) => /\bt\d+\./.test(value.text)));
  const name = (i: number): string => (correlated ? ` AS column${String(i + 1)}` : '');
  const texts = rows.map((_, r) => (columns.length === 0 ? 'NULL' : columns.map((column, i) => (column[r] as Spelled).text + name(i)).join(', ')));
  const body = correlated ? texts.map((row) => `SELECT ${row}`).join(' UNION ALL ') : `VALUES ${texts.map((row) => `(${row})`).join(', ')}`;
  const over = blockOver(node.columns, { text: `(${body}) AS ${alias}`, alias, derived: true });
  for (const [i, column] of node.columns.entries()) {
    const list = columns[i] as readonly Spelled[];
    const decimal = unifiedDecimal(list);
    const { decimal: _, range: __, ...base } = list[0] as Spelled;
    scope.bind(
      column.id,
      columnOf(alias, `column${String(i + 1)}`, {
        ...base,
        type: column.type,
        nullable: list.some((value) => value.nullable),
        ...(decimal === undefined ? {} : { decimal }),
      }),
    );
  }
  return over;
}

/** A call of a set-returning function as a FROM item; its columns are c1, c2, ... and ordinality. */
function setItem(scope: Scope, call: SetCall, types: readonly TypeRef[]): Omit<FromItem, 'join'> {
  const entry = call.function;
  const resultOid = call.columnTypes?.[0]?.oid ?? types[0]?.oid ?? entry.result;
  if (!isImplemented(entry)) throw notSupported(`function ${entry.name}`);
  const args = call.args.map((arg) => generalForm(scope.expression(arg)));
  const texts = args.map((arg) => (entry.strict || !arg.nullable ? arg.text : `ifnull(${arg.text}, ${nullArgument})`));
  if (entry.typed === true)
    texts.unshift(quoteText(callSignature({ args: args.map((arg) => arg.type.oid), result: resultOid, variadicArray: call.variadicArray === true })));
  const alias = scope.alias();
  return { text: `${sqliteFunctionName(entry)}(${texts.join(', ')}) AS ${alias}`, alias, derived: false };
}

function setColumn(alias: string, index: number, type: TypeRef): Spelled {
  return { text: `${alias}."c${String(index + 1)}"`, level: Level.atom, weight: 0, type, nullable: true };
}

/** Several sets side by side: numbers up to the longest one's length, each set joined by its ordinality. Adds to `block`; the sets' columns, in order. */
function zip(
  scope: Scope,
  block: Block,
  calls: readonly { readonly call: SetCall; readonly types: readonly TypeRef[] }[],
): { readonly columns: readonly Spelled[]; readonly ordinality: Spelled } {
  const counts = calls.map(({ call, types }) => {
    const item = setItem(scope, call, types);
    return `(SELECT count(*) FROM ${item.text})`;
  });
  const series = scope.alias();
  const longest = counts.length === 1 ? (counts[0] as string) : `max(${counts.join(', ')})`;
  block.from.push({ join: 'cross', text: `shoal_series(${longest}) AS ${series}`, alias: series, derived: false });
  const columns = calls.flatMap(({ call, types }) => {
    const item = setItem(scope, call, types);
    block.from.push({ ...item, join: 'left', on: `${item.alias}.ordinality = ${series}.n` });
    return types.map((type, i) => setColumn(item.alias, i, type));
  });
  return { columns, ordinality: { text: `${series}.n`, level: Level.atom, weight: 0, type: integerType, nullable: false } };
}

function resultTypes(call: SetCall, columns: readonly OutputColumn[]): readonly TypeRef[] {
  return call.function.columns.map((_, i) => (columns[i] as OutputColumn).type);
}

/** Rows that are no table's are numbered too: every 256th asks whether the statement shall stop. */
function asksForCancel(scope: Scope, block: Block, number: string): void {
  if (scope.options.tickMask !== undefined) block.where.push(`((${number} & 255) <> 0 OR ${tick})`);
}

export function functionScan(scope: Scope, node: FunctionScan): Block {
  const block = new Block(node.columns);
  const width = node.columns.length;
  const last = node.columns[width - 1];
  if (node.calls.length === 1) {
    const call = node.calls[0] as SetCall;
    const item = setItem(
      scope,
      call,
      node.columns.map((column) => column.type),
    );
    block.from.push({ ...item, join: 'cross' });
    asksForCancel(scope, block, `${item.alias}.ordinality`);
    for (const [i, column] of node.columns.entries()) scope.bind(column.id, setColumn(item.alias, i, column.type));
    if (node.ordinality && last !== undefined)
      scope.bind(last.id, { text: `${item.alias}.ordinality`, level: Level.atom, weight: 0, type: integerType, nullable: false });
    return block;
  }
  let at = 0;
  const calls = node.calls.map((call) => {
    const types = resultTypes(call, node.columns.slice(at));
    at += types.length;
    return { call, types };
  });
  const zipped = zip(scope, block, calls);
  for (const [i, spelled] of zipped.columns.entries()) scope.bind((node.columns[i] as OutputColumn).id, spelled);
  if (node.ordinality && last !== undefined) scope.bind(last.id, zipped.ordinality);
  return block;
}

export function projectSet(scope: Scope, node: ProjectSet): Block {
  const block = joinable(scope, scope.block(node.input));
  const types = new Map(node.columns.map((column) => [column.id, column.type]));
  const calls = node.calls.map(({ id, ids, call }) => {
    const own = ids ?? [id];
    return { ids: own, call, types: own.map((each) => types.get(each) ?? { oid: call.function.result, typmod: -1 }) };
  });
  const [only] = calls;
  if (calls.length === 1 && only !== undefined) {
    const item = setItem(scope, only.call, only.types);
    block.from.push({ ...item, join: 'cross' });
    asksForCancel(scope, block, `${item.alias}.ordinality`);
    for (const [i, id] of only.ids.entries()) scope.bind(id, setColumn(item.alias, i, only.types[i] as TypeRef));
  } else {
    const zipped = zip(scope, block, calls);
    for (const [i, id] of calls.flatMap((call) => call.ids).entries()) scope.bind(id, zipped.columns[i] as Spelled);
  }
  block.columns = node.columns;
  return block;
}
