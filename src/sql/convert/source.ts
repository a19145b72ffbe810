/**
 * Where a node stands in its text: the grammar counts bytes of UTF-8, PostgreSQL's error positions count characters, JavaScript's slices UTF-16 units.
 * Built once a text; nothing is computed for ASCII texts.
 */

const minus = 0x2d;
const blank = 0x20;
const dollar = 0x24;
const point = 0x2e;
const exponent = /[eE][-+]?\d+/y;
const word = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** What may begin an identifier. */
function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code >= 0x80;
}

export class Source {
  /** For each byte offset: the 0-based offset in characters, and in UTF-16 units. Filled on first need. */
  #characters: Uint32Array | undefined;
  #units: Uint32Array | undefined;

  constructor(
    readonly text: string,
    /** Length in bytes of UTF-8. */
    readonly byteLength: number,
  ) {}

  get #ascii(): boolean {
    return this.byteLength === this.text.length;
  }

  /** 1-based character position of a byte offset; undefined where the grammar knows none. It leaves a 0 out. */
  position(location: number | undefined): number | undefined {
    if (location === undefined) return 1;
    if (location < 0) return undefined;
    if (this.#ascii) return location + 1;
    if (this.#characters === undefined) this.#index();
    return (this.#characters?.[location] ?? 0) + 1;
  }

  /** 0-based offset in UTF-16 units of a byte offset. */
  unit(location: number): number {
    if (this.#ascii) return Math.min(location, this.text.length);
    if (this.#units === undefined) this.#index();
    return this.#units?.[location] ?? this.text.length;
  }

  /**
   * The number or parameter at `location` if letters follow it without a gap (`123abc`, `$1abc`), with the offset of its start, else undefined.
   * PostgreSQL refuses that; the library's scanner reads two words.
   */
  trailingJunk(location: number | undefined): { readonly text: string; readonly position: number } | undefined {
    if (location !== undefined && location < 0) return undefined;
    const { text } = this;
    let start = this.unit(location ?? 0);
    // A folded minus, and what may stand between it and the number.
    while (text.charCodeAt(start) === minus || text.charCodeAt(start) === blank) start++;
    let end = start;
    // (The field of a parameter, $1.x, is no junk.)
    const isParameter = text.charCodeAt(end) === dollar;
    if (isParameter) end++;
    while (isDigit(text.charCodeAt(end)) || (!isParameter && text.charCodeAt(end) === point)) end++;
    if (end === start || !isLetter(text.charCodeAt(end))) return undefined;
    exponent.lastIndex = end;
    if (exponent.test(text)) end = exponent.lastIndex;
    word.lastIndex = end;
    const junk = word.exec(text)?.[0];
    if (junk === undefined) return undefined;
    let position = 1;
    for (let unit = 0; unit < start; position++) unit += (text.codePointAt(unit) ?? 0) >= 0x10000 ? 2 : 1;
    return { text: text.slice(start, end) + junk, position };
  }

  #index(): void {
    const { text } = this;
    const characters = new Uint32Array(this.byteLength + 1);
    const units = new Uint32Array(this.byteLength + 1);
    let byte = 0;
    let character = 0;
    for (let unit = 0; unit < text.length; ) {
      const code = text.codePointAt(unit) ?? 0;
      const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      for (let i = 0; i < bytes; i++) {
        characters[byte + i] = character;
        units[byte + i] = unit;
      }
      byte += bytes;
      character++;
      unit += code >= 0x10000 ? 2 : 1;
    }
    characters[byte] = character;
    units[byte] = text.length;
    this.#characters = characters;
    this.#units = units;
  }
}
