/** One growing buffer for wire and COPY bytes: written front to back, lengths patched in afterwards. */

const firstBytes = 32_768;
const sparesMax = 8;
const empty = Buffer.alloc(0);

/** Buffers of writers that are done: most statements answer little, so that a new buffer would be the dearest part of them. */
const spares: Buffer[] = [];

export class ByteWriter {
  buffer: Buffer = empty;
  length = 0;

  reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    if (this.buffer.length === 0 && bytes <= firstBytes) {
      this.buffer = spares.pop() ?? Buffer.allocUnsafeSlow(firstBytes);
      return;
    }
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  uint8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  int16(value: number): void {
    this.reserve(2);
    const { buffer } = this;
    buffer[this.length] = value >> 8;
    buffer[this.length + 1] = value;
    this.length += 2;
  }

  int32(value: number): void {
    this.reserve(4);
    this.setInt32(this.length, value);
    this.length += 4;
  }

  setInt32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >> 24;
    buffer[at + 1] = value >> 16;
    buffer[at + 2] = value >> 8;
    buffer[at + 3] = value;
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.byteLength);
    this.buffer.set(value, this.length);
    this.length += value.byteLength;
  }

  /** UTF-8 without a length. */
  text(value: string): void {
    const count = value.length;
    this.reserve(count * 3);
    const { buffer } = this;
    if (count > 48) {
      this.length += buffer.write(value, this.length, 'utf8');
      return;
    }
    let at = this.length;
    for (let index = 0; index < count; index++) {
      const code = value.charCodeAt(index);
      if (code > 127) {
        this.length += buffer.write(value, this.length, 'utf8');
        return;
      }
      buffer[at++] = code;
    }
    this.length = at;
  }

  /** Decimal digits of a safe integer. */
  integer(value: number): void {
    this.reserve(20);
    const { buffer } = this;
    let rest = value;
    if (rest < 0) {
      buffer[this.length++] = 45;
      rest = -rest;
    }
    let digits = 1;
    for (let bound = 10; rest >= bound; bound *= 10) digits++;
    let at = this.length + digits;
    this.length = at;
    while (rest > 0x7fffffff) {
      const next = Math.floor(rest / 10);
      buffer[--at] = 48 + (rest - next * 10);
      rest = next;
    }
    do {
      const next = (rest / 10) | 0;
      buffer[--at] = 48 + (rest - next * 10);
      rest = next;
    } while (rest > 0);
  }

  /** What was written, in an ArrayBuffer of its own; the writer is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.length);
    bytes.set(this.buffer.subarray(0, this.length));
    this.length = 0;
    if (this.buffer.length > firstBytes * 64) this.buffer = empty;
    return bytes;
  }

  /** Nothing more will be written for now. */
  release(): void {
    if (this.buffer.length === firstBytes && spares.length < sparesMax) spares.push(this.buffer);
    this.buffer = empty;
    this.length = 0;
  }
}
