/**
 * Binding ?1..?n: better-sqlite3 takes numbered parameters as named ones (an object with the keys '1', '2', ...), and numbers that the text leaves out as
 * nameless. This finds out once per SQL text which form its statement needs.
 */
import type { SqlValue } from '../../types/value.js';

interface Shape {
  readonly gaps: number;
  readonly numbered: boolean;
  readonly nameless: boolean;
}

const shapes = new Map<string, Shape>();
const shapesMax = 5000;

/** Parameter numbers outside of strings, quoted names and comments. */
function numbersOf(sql: string): { readonly numbers: ReadonlySet<number>; readonly nameless: boolean } {
  const numbers = new Set<number>();
  let nameless = false;
  const pattern = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?(\d*)/g;
  for (const match of sql.matchAll(pattern)) {
    const digits = match[1];
    if (digits === undefined) continue;
    if (digits === '') nameless = true;
    else numbers.add(Number(digits));
  }
  return { numbers, nameless };
}

function shapeOf(sql: string): Shape {
  let shape = shapes.get(sql);
  if (shape === undefined) {
    const { numbers, nameless } = numbersOf(sql);
    const highest = Math.max(0, ...numbers);
    shape = { numbered: numbers.size > 0, gaps: highest - numbers.size, nameless };
    if (shapes.size >= shapesMax) shapes.clear();
    shapes.set(sql, shape);
  }
  return shape;
}

/** Arguments for get/all/iterate/run of a statement with the text `sql`. */
export function bindings(sql: string, values: readonly SqlValue[]): unknown[] {
  if (values.length === 0) return [];
  const shape = shapeOf(sql);
  if (!shape.numbered) return shape.nameless ? [values] : [];
  const named: Record<number, SqlValue> = {};
  for (let at = 0; at < values.length; at++) named[at + 1] = values[at] as SqlValue;
  return shape.gaps === 0 ? [named] : [new Array<null>(shape.gaps).fill(null), named];
}
