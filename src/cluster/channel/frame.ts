/**
 * The frames that two nodes exchange inside TLS, and the parser of what arrives. A frame is a header of ten bytes (kind, flags, stream, length of the payload; big-endian)
 * and its payload. Called by channel/connection.ts.
 *
 * | kind | payload |
 * |---|---|
 * | hello | first of each side: JSON {version, cluster, node} |
 * | open | v8: {service, argument}; stream = a new number, odd from the side that has dialled, even from the other |
 * | accept | v8: what the service says to the opener; it has taken the stream |
 * | whole | a message: its body (channel/message-codec.ts) |
 * | begin | a message too big for one frame: u32 bytes of its body, u32 bytes of each buffer that travels outside of it; then their bytes in that order |
 * | data | the next bytes of the message begun last on the stream |
 * | close | v8: undefined or the serialised error; nothing else comes on that stream |
 * | ping, pong | eight bytes, which the pong repeats |
 *
 * Payloads of whole and data may be compressed: u32 bytes of the original, then brotli.
 */

export const frameKinds = { hello: 1, open: 2, accept: 3, whole: 4, begin: 5, data: 6, close: 7, ping: 8, pong: 9 } as const;
export type FrameKind = keyof typeof frameKinds;

/** The peer does not keep to the protocol: the connection ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly compressed: boolean;
  readonly stream: number;
  readonly length: number;
}

export const headerBytes = 10;
/** Of a message in one frame. Small enough that streams with little to say need not wait long for those with much. */
export const payloadBytesMax = 128 * 1024;
const helloBytesMax = 4096;
const openBytesMax = 64 * 1024;
/** Buffers that travel outside of a message's body. */
export const buffersMax = 16_000;

const kindNames = new Map<number, FrameKind>(Object.entries(frameKinds).map(([name, code]) => [code, name as FrameKind]));
/** What a well-behaved peer stays within, so that a header alone can tell. */
const lengthMax: Readonly<Record<FrameKind, number>> = {
  hello: helloBytesMax,
  open: openBytesMax,
  accept: openBytesMax,
  whole: payloadBytesMax,
  begin: 4 * (1 + buffersMax),
  data: payloadBytesMax,
  close: openBytesMax,
  ping: 8,
  pong: 8,
};
const compressedFlag = 1;

export function writeHeader({ kind, compressed, stream, length }: FrameHeader): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header[0] = frameKinds[kind];
  header[1] = compressed ? compressedFlag : 0;
  header.writeUInt32BE(stream, 2);
  header.writeUInt32BE(length, 6);
  return header;
}

export function frame(kind: FrameKind, stream: number, payload: Uint8Array): Buffer {
  return Buffer.concat([writeHeader({ kind, compressed: false, stream, length: payload.length }), payload]);
}

function readHeader(bytes: Buffer): FrameHeader {
  const kind = kindNames.get(bytes[0] ?? 0);
  const flags = bytes[1] ?? 0;
  if (kind === undefined) throw new ProtocolError(`no frame is of kind ${String(bytes[0])}`);
  if ((flags & ~compressedFlag) !== 0 || (flags !== 0 && kind !== 'whole' && kind !== 'data'))
    throw new ProtocolError(`a ${kind} frame with flags ${String(flags)}`);
  const length = bytes.readUInt32BE(6);
  if (length > lengthMax[kind]) throw new ProtocolError(`a ${kind} frame of ${String(length)} bytes`);
  return { kind, compressed: flags !== 0, stream: bytes.readUInt32BE(2), length };
}

/** Takes frames as they are parsed. */
export interface FrameSink {
  /** A frame, but for uncompressed data. The payload is the sink's to keep. */
  frame(header: FrameHeader, payload: Buffer): void;
  /** A piece of an uncompressed data frame, straight from the socket: to be copied to where it belongs. */
  data(stream: number, piece: Uint8Array): void;
}

/** Cuts what a socket delivers into frames. Throws ProtocolError; it is of no use afterwards. */
export class FrameParser {
  private readonly headerBuffer = Buffer.allocUnsafe(headerBytes);
  private headerFilled = 0;
  private header: FrameHeader | undefined;
  private payload: Buffer | undefined;
  private missing = 0;

  constructor(private readonly sink: FrameSink) {}

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length || this.header?.length === 0) {
      if (this.header === undefined) {
        const taken = Math.min(headerBytes - this.headerFilled, chunk.length - at);
        chunk.copy(this.headerBuffer, this.headerFilled, at, at + taken);
        this.headerFilled += taken;
        at += taken;
        if (this.headerFilled < headerBytes) return;
        this.header = readHeader(this.headerBuffer);
        this.headerFilled = 0;
        this.missing = this.header.length;
        continue;
      }
      const { header } = this;
      const piece = chunk.subarray(at, at + this.missing);
      at += piece.length;
      this.missing -= piece.length;
      if (header.kind === 'data' && !header.compressed) {
        if (piece.length > 0) this.sink.data(header.stream, piece);
        if (this.missing === 0) this.header = undefined;
      } else if (piece.length === header.length) {
        this.header = undefined;
        this.sink.frame(header, piece);
      } else {
        this.payload ??= Buffer.allocUnsafe(header.length);
        piece.copy(this.payload, header.length - this.missing - piece.length);
        if (this.missing > 0) return;
        const { payload } = this;
        this.header = undefined;
        this.payload = undefined;
        this.sink.frame(header, payload);
      }
    }
  }
}
