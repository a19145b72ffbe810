/** A client of the wire protocol that sends exactly the bytes it is told to, for tests of framing and order. */
import { connect, type Socket } from 'node:net';

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

export function message(type: string, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : typeof part === 'number' ? int32(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function packet(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 4), body]);
}

export function startupPacket(parameters: Record<string, string>, version = 3 << 16): Buffer {
  const texts = Object.entries(parameters).flatMap(([name, value]) => [Buffer.from(`${name}\0${value}\0`)]);
  return packet(int32(version), ...texts, Buffer.from([0]));
}

export const query = (text: string): Buffer => message('Q', text);
export const parse = (name: string, text: string): Buffer => message('P', name, text, int16(0));
export const bind = (portal: string, statement: string, values: readonly (string | null)[] = []): Buffer =>
  message(
    'B',
    portal,
    statement,
    int16(0),
    int16(values.length),
    ...values.flatMap((value) => (value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)])),
    int16(0),
  );
export const describePortal = (name: string): Buffer => message('D', Buffer.from('P'), name);
export const describeStatement = (name: string): Buffer => message('D', Buffer.from('S'), name);
export const execute = (portal: string, maxRows = 0): Buffer => message('E', portal, maxRows);
export const sync = message('S');
export const flush = message('H');
export const terminate = message('X');

export class RawClient {
  readonly received: Message[] = [];
  ended = false;
  #pending: Buffer = Buffer.alloc(0);
  #waiters: (() => void)[] = [];
  processId = 0;
  secretKey = 0;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
      while (this.#pending.length >= 5) {
        const length = this.#pending.readInt32BE(1);
        if (this.#pending.length < length + 1) break;
        const type = this.#pending.toString('latin1', 0, 1);
        const body = this.#pending.subarray(5, length + 1);
        this.#pending = this.#pending.subarray(length + 1);
        if (type === 'K') {
          this.processId = body.readInt32BE(0);
          this.secretKey = body.readInt32BE(4);
        }
        this.received.push({ type, body });
      }
      this.#wake();
    });
    const ended = (): void => {
      this.ended = true;
      this.#wake();
    };
    socket.on('end', ended);
    socket.on('close', ended);
    socket.on('error', ended);
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1' });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** A client that has started up and seen the first ReadyForQuery. */
  static async ready(port: number, parameters: Record<string, string> = { user: 'shoal' }): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.send(startupPacket(parameters));
    await client.until('Z');
    client.received.length = 0;
    return client;
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  send(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  async #changed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Waits until `count` messages of the type have come (in all), or the connection has ended. */
  async until(type: string, count = 1): Promise<void> {
    while (!this.ended && this.received.filter((received) => received.type === type).length < count) await this.#changed();
  }

  async untilEnd(): Promise<void> {
    while (!this.ended) await this.#changed();
  }

  /** The types received so far, in order. */
  get types(): string {
    return this.received.map((received) => received.type).join('');
  }

  /** Sends, waits for a ReadyForQuery, and gives what came. */
  async ask(...parts: readonly Buffer[]): Promise<readonly Message[]> {
    this.received.length = 0;
    this.send(...parts);
    await this.until('Z');
    return this.received;
  }

  /** Fields of the first error or notice received. */
  report(type = 'E'): Map<string, string> {
    const found = this.received.find((received) => received.type === type);
    const fields = new Map<string, string>();
    if (found === undefined) return fields;
    for (const field of found.body.toString('utf8').split('\0')) if (field !== '') fields.set(field.charAt(0), field.slice(1));
    return fields;
  }

  /** The texts of all rows received. */
  rows(): (string | null)[][] {
    return this.received
      .filter((received) => received.type === 'D')
      .map(({ body }) => {
        const values: (string | null)[] = [];
        let position = 2;
        for (let index = 0; index < body.readInt16BE(0); index++) {
          const length = body.readInt32BE(position);
          position += 4;
          values.push(length < 0 ? null : body.toString('utf8', position, position + length));
          position += Math.max(0, length);
        }
        return values;
      });
  }

  /** Tags of the statements completed. */
  tags(): string[] {
    return this.received.filter(({ type }) => type === 'C').map(({ body }) => body.toString('utf8', 0, body.length - 1));
  }

  close(): void {
    this.socket.destroy();
  }
}
