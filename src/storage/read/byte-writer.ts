/** One growing buffer for wire and COPY bytes: written front to back, lengths patched in afterwards. */

export class ByteWriter {
  buffer: Buffer;
  length = 0;

  constructor(private readonly initialBytes = 32_768) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
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
    if (this.buffer.length > this.initialBytes * 64) this.buffer = Buffer.allocUnsafeSlow(this.initialBytes);
    return bytes;
  }
}
