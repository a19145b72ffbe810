/**
 * Where a node stands in its text: the grammar counts bytes of UTF-8, PostgreSQL's error positions count characters, JavaScript's slices UTF-16 units.
 * Built once a text; nothing is computed for ASCII texts.
 */

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
