/** A bare socket that speaks the PostgreSQL protocol byte by byte, for frames that no driver would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Connection } from './connection.js';

export interface BackendMessage {
  readonly type: string;
  readonly body: Buffer;
}

export class RawConnection {
  private received = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
  }

  static async open(connection: Connection): Promise<RawConnection> {
    const socket = connect(connection.port, connection.host);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Connects and goes through the start-up of a trusted user, until the first ReadyForQuery. */
  static async session(connection: Connection): Promise<RawConnection> {
    const raw = await RawConnection.open(connection);
    raw.send(startup({ user: connection.user, database: connection.database }));
    await raw.readUntil('Z');
    return raw;
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The next message, or undefined once the server has closed the connection; fails after `timeoutMs` of silence. */
  async next(timeoutMs = 5000): Promise<BackendMessage | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const length = this.received.length >= 5 ? this.received.readInt32BE(1) : undefined;
      if (length !== undefined && this.received.length >= length + 1) {
        const message = { type: String.fromCharCode(this.received[0] as number), body: this.received.subarray(5, length + 1) };
        this.received = this.received.subarray(length + 1);
        return message;
      }
      if (this.ended) return undefined;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`the server has neither answered nor closed the connection within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Messages up to and including the first of `type`, or up to the end of the connection. */
  async readUntil(type: string, timeoutMs?: number): Promise<BackendMessage[]> {
    const messages: BackendMessage[] = [];
    for (;;) {
      const message = await this.next(timeoutMs);
      if (message === undefined) return messages;
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  /** One byte, as the answer to SSLRequest. */
  async nextByte(): Promise<string> {
    const deadline = Date.now() + 5000;
    while (this.received.length === 0 && !this.ended && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    const byte = this.received.toString('latin1', 0, 1);
    this.received = this.received.subarray(1);
    return byte;
  }
}

/** A message with its type byte and its true length. */
export function frame(type: string, body: Buffer | string = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.from(body);
  return frameOfLength(type, bytes.length + 4, bytes);
}

/** A message that claims any length. */
export function frameOfLength(type: string, length: number, body: Buffer | string = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, Buffer.from(body)]);
}

export function startup(parameters: Readonly<Record<string, string>>, version = 196_608): Buffer {
  const body = Buffer.from(`${Object.entries(parameters).flat().join('\0')}\0\0`);
  const header = Buffer.alloc(8);
  header.writeInt32BE(body.length + 8, 0);
  header.writeInt32BE(version, 4);
  return Buffer.concat([header, body]);
}

/** The SQLSTATE of an ErrorResponse. */
export function sqlState(message: BackendMessage | undefined): string | undefined {
  return message?.type === 'E'
    ? message.body
        .toString('utf8')
        .split('\0')
        .find((field) => field.startsWith('C'))
        ?.slice(1)
    : undefined;
}
