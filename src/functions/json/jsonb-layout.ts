/**
 * Where PostgreSQL has a container inside a jsonb value: .keyvalue() of jsonpath shows it as the id of the object. Source: jsonb_util.c.
 */
import type { JsonNode } from '../../types/json.js';
import { parseNumeric } from '../../types/numeric.js';

const aligned = (size: number): number => (size + 3) & ~3;

/** The bytes of a numeric inside jsonb: its length word, its header and its digits of base 10000. */
function numericSize(text: string): number {
  const value = parseNumeric(text);
  if (value.kind !== 'finite') return 6;
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const integer = whole.replace(/^0+/, '');
  const digits = integer.padStart(Math.ceil(integer.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = digits.match(/.{4}/g) ?? [];
  let weight = Math.ceil(integer.length / 4) - 1;
  let first = 0;
  while (first < groups.length && groups[first] === '0000') {
    first++;
    weight--;
  }
  let last = groups.length;
  while (last > first && groups[last - 1] === '0000') last--;
  const count = last - first;
  const short = value.scale <= 63 && weight >= -64 && weight <= 63;
  return 4 + (short ? 2 : 4) + count * 2;
}

interface Cursor {
  at: number;
}

/** Moves over a value that begins at an offset; notes where its containers begin. Returns the end. */
function place(node: JsonNode, offset: number, offsets: Map<JsonNode, number>): number {
  const cursor: Cursor = { at: offset };
  switch (node.kind) {
    case 'null':
    case 'boolean':
      return offset;
    case 'string':
      return offset + Buffer.byteLength(node.value);
    case 'number':
      return aligned(offset) + numericSize(node.text);
    case 'array': {
      cursor.at = aligned(offset);
      offsets.set(node, cursor.at);
      cursor.at += 4 + 4 * node.items.length;
      for (const item of node.items) cursor.at = place(item, cursor.at, offsets);
      return cursor.at;
    }
    case 'object': {
      cursor.at = aligned(offset);
      offsets.set(node, cursor.at);
      cursor.at += 4 + 8 * node.entries.length;
      for (const { key } of node.entries) cursor.at += Buffer.byteLength(key);
      for (const { value } of node.entries) cursor.at = place(value, cursor.at, offsets);
      return cursor.at;
    }
  }
}

const layouts = new WeakMap<JsonNode, Map<JsonNode, number>>();

/** The distance of a container from the beginning of the value that holds it; 0 when it is elsewhere. */
export function containerOffset(root: JsonNode, container: JsonNode): number {
  let offsets = layouts.get(root);
  if (offsets === undefined) {
    layouts.set(root, (offsets = new Map<JsonNode, number>()));
    place(root, 0, offsets);
  }
  return offsets.get(container) ?? 0;
}
