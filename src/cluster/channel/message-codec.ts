/**
 * A message of a MessagePort as bytes and back: V8's own serialisation, but for large binary arrays, which travel beside it as they are, so that a batch of rows is copied
 * neither into the body nor out of it. What structured clone moves or shares between threads (ports, shared memory) cannot travel between nodes and is an error.
 * Called by channel/stream.ts.
 */
import { Deserializer, Serializer } from 'node:v8';
import { buffersMax, ProtocolError } from './frame.js';

export interface EncodedMessage {
  readonly body: Uint8Array;
  /** Bytes of arrays outside of the body, in the order of their numbers. */
  readonly buffers: readonly Uint8Array[];
}

/** From this size on, an array is worth a buffer of its own. */
const besideBytesMin = 2048;

type View = ArrayBufferView<ArrayBuffer>;
interface ViewConstructor {
  readonly name: string;
  new (buffer: ArrayBuffer): View;
}

/** By the number that stands for them in a body. */
const views: readonly ViewConstructor[] = [
  Uint8Array,
  Uint32Array,
  Int32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Float32Array,
  DataView,
];
const numbers = new Map(views.map((view, number) => [view.name, number]));
const unitBytes = (number: number): number => (views[number] as unknown as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;

const inside = 0;
const beside = 1;

/** Members of node:v8's classes that its types do not name. */
interface HostObjects {
  _setTreatArrayBufferViewsAsHostObjects(treat: boolean): void;
}

class MessageSerializer extends Serializer {
  readonly buffers: Uint8Array[] = [];

  constructor() {
    super();
    (this as unknown as HostObjects)._setTreatArrayBufferViewsAsHostObjects(true);
  }

  /** Called by V8 for arrays, and for what it does not know. */
  _writeHostObject(value: object): void {
    // (Node's Buffer is a Uint8Array to the other side, as between threads.)
    const number = Buffer.isBuffer(value) ? 0 : numbers.get(value.constructor.name);
    if (number === undefined || !ArrayBuffer.isView(value)) throw new TypeError(`an object of ${value.constructor.name} cannot go to another node`);
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    this.writeUint32(number);
    if (bytes.length >= besideBytesMin && this.buffers.length < buffersMax) {
      this.writeUint32(beside);
      this.writeUint32(this.buffers.push(bytes) - 1);
    } else {
      this.writeUint32(inside);
      this.writeUint32(bytes.length);
      this.writeRawBytes(bytes);
    }
  }

  /** How V8 says that a value cannot be cloned. */
  _getDataCloneError = TypeError;
}

class MessageDeserializer extends Deserializer {
  readonly #left: (ArrayBuffer | undefined)[];

  constructor(body: Uint8Array, buffers: readonly ArrayBuffer[]) {
    super(body);
    this.#left = [...buffers];
  }

  _readHostObject(): View {
    const number = this.readUint32();
    const view = views[number];
    const where = this.readUint32();
    const which = this.readUint32();
    if (view === undefined || (where !== inside && where !== beside)) throw new ProtocolError('a message with an array of no known kind');
    let buffer: ArrayBuffer | undefined;
    if (where === beside) {
      buffer = this.#left[which];
      // (Two arrays on one buffer could not be moved to another thread.)
      this.#left[which] = undefined;
    } else {
      // Copied, lest it keep the body in memory.
      buffer = new Uint8Array(this.readRawBytes(which)).buffer;
    }
    if (buffer === undefined || buffer.byteLength % unitBytes(number) !== 0) throw new ProtocolError('a message whose arrays do not fit its buffers');
    return new view(buffer);
  }
}

/** Throws what V8 says of values that cannot be cloned. The arrays of the message must not change until the bytes are gone. */
export function encodeMessage(message: unknown): EncodedMessage {
  const serializer = new MessageSerializer();
  serializer.writeHeader();
  serializer.writeValue(message);
  return { body: serializer.releaseBuffer(), buffers: serializer.buffers };
}

/** The message; large arrays of it lie on `buffers`, which can be moved on. Throws on bytes that are no message. */
export function decodeMessage(body: Uint8Array, buffers: readonly ArrayBuffer[]): unknown {
  const deserializer = new MessageDeserializer(body, buffers);
  deserializer.readHeader();
  return deserializer.readValue();
}
