/**
 * Reads the fields of one message's body. One instance per thread is enough: a body is read without interruption. Called by proxy/connection.ts.
 */
import { isUtf8 } from 'node:buffer';
import { PgError } from '../../common/errors.js';
import type { ClientEncoding } from './client-encoding.js';
import type { FrameReader } from './frame-reader.js';
import { invalidEncoding } from '../../types/binary.js';

export class FieldReader {
  #buffer: Buffer = Buffer.alloc(0);
  #position = 0;
  #end = 0;
  #encoding: ClientEncoding | undefined;

  /** `encoding` of the strings; undefined: UTF-8. */
  open(frame: FrameReader, encoding?: ClientEncoding): void {
    this.#encoding = encoding;
    this.#buffer = frame.buffer;
    this.#position = frame.start;
    this.#end = frame.end;
  }

  #need(count: number): number {
    const position = this.#position;
    if (position + count > this.#end) throw new PgError('08P01', 'insufficient data left in message');
    this.#position = position + count;
    return position;
  }

  byte(): number {
    return this.#buffer[this.#need(1)] ?? 0;
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#need(2));
  }

  /** A count of items, which the protocol holds in an int16 that PostgreSQL reads unsigned. */
  count16(): number {
    return this.#buffer.readUInt16BE(this.#need(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#need(4));
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#need(4));
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const position = this.#need(count);
    return this.#buffer.subarray(position, position + count);
  }

  /** A NUL-terminated string; 22021 when it is no UTF-8. */
  text(): string {
    const start = this.#position;
    const terminator = this.#buffer.indexOf(0, start);
    if (terminator < 0 || terminator >= this.#end) throw new PgError('08P01', 'invalid string in message');
    this.#position = terminator + 1;
    if (terminator === start) return '';
    const bytes = this.#buffer.subarray(start, terminator);
    if (this.#encoding !== undefined) return this.#encoding.decode(bytes);
    if (!isUtf8(bytes)) throw invalidEncoding(bytes);
    return this.#buffer.toString('utf8', start, terminator);
  }

  /** To be called when all fields are read. */
  finish(): void {
    if (this.#position !== this.#end) throw new PgError('08P01', 'invalid message format');
  }
}
