/**
 * Parameters and shard holes of a statement that is being written. Pieces of text carry marks (NUL, which no PostgreSQL text can hold); `finish` numbers the
 * parameters in the order in which the finished text first names them, so that pieces may be moved, repeated and dropped freely.
 */
import type { ParameterSource } from '../../plan/written-sql.js';
import { typeByOid } from '../../types/registry.js';
import type { SqlValue } from '../../types/value.js';
import { literal } from './literals.js';

/** More constants than this are written into the text: SQLite allows 32766 parameters. */
const maxConstants = 4000;

export interface FinishedText {
  readonly pieces: readonly string[];
  readonly holes: readonly number[];
  readonly parameters: readonly ParameterSource[];
}

/** The value as it must be bound: SQLite sees a JavaScript number as REAL, so integers are bigints. */
export function bindable(value: SqlValue, typeOid: number): SqlValue {
  const physical = typeByOid(typeOid)?.physical;
  if (typeof value === 'number' && (physical === 'integer' || physical === 'boolean')) return BigInt(value);
  if (physical === 'float') {
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number' && Number.isNaN(value)) return 'NaN';
  }
  return value;
}

export class Parameters {
  readonly #sources: ParameterSource[] = [];
  readonly #byKey = new Map<string, string>();

  #mark(key: string | undefined, source: ParameterSource): string {
    let mark = key === undefined ? undefined : this.#byKey.get(key);
    if (mark === undefined) {
      mark = `\0p${String(this.#sources.length)};`;
      this.#sources.push(source);
      if (key !== undefined) this.#byKey.set(key, mark);
    }
    return mark;
  }

  /** A constant in the form in which it is to be bound. */
  constant(value: SqlValue): string {
    if (this.#sources.length >= maxConstants) return literal(value);
    const key = value === null || typeof value === 'object' ? undefined : `${typeof value}:${Object.is(value, -0) ? '-0' : String(value)}`;
    return this.#mark(key, { kind: 'const', value });
  }

  parameter(index: number, integer: boolean, scale?: number): string {
    return this.#mark(`$${String(index)}:${scale === undefined ? '' : String(scale)}`, {
      kind: 'param',
      index,
      ...(scale === undefined ? {} : { scale }),
      ...(integer || scale !== undefined ? { integer: true } : {}),
    });
  }

  shardIndex(): string {
    return this.#mark('shardIndex', { kind: 'shardIndex' });
  }

  /** Stands for the schema name of the fragment's shard in a colocation group. */
  hole(group: number): string {
    return `\0h${String(group)};`;
  }

  /** The text with its constants written out: for what SQLite keeps (index expressions), where nothing can be bound. */
  inline(text: string): string {
    return text.replace(/\0p(\d+);/g, (_, id: string) => {
      const source = this.#sources[Number(id)];
      if (source?.kind !== 'const') throw new Error('assertion failed: only constants can be written out');
      return literal(source.value);
    });
  }

  /** Numbers what `text` uses; parameters start at ?`first`. */
  finish(text: string, first = 1): FinishedText {
    const pieces: string[] = [];
    const holes: number[] = [];
    const parameters: ParameterSource[] = [];
    const numbers = new Map<number, string>();
    let piece = '';
    let from = 0;
    for (let mark = text.indexOf('\0'); mark >= 0; mark = text.indexOf('\0', from)) {
      const end = text.indexOf(';', mark);
      const id = Number(text.slice(mark + 2, end));
      piece += text.slice(from, mark);
      if (text.charCodeAt(mark + 1) === 104 /* h */) {
        pieces.push(piece);
        holes.push(id);
        piece = '';
      } else {
        let number = numbers.get(id);
        if (number === undefined) {
          number = `?${String(first + parameters.length)}`;
          numbers.set(id, number);
          parameters.push(this.#sources[id] as ParameterSource);
        }
        piece += number;
      }
      from = end + 1;
    }
    pieces.push(piece + text.slice(from));
    return { pieces, holes, parameters };
  }
}
