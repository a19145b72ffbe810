/**
 * From an accepted socket to a start-up packet: encryption requests, TLS, cancel requests, protocol versions; all of pg-gateway is kept in this file, so that
 * it can be replaced. pg-gateway answers SSLRequest, upgrades to TLS and takes the start-up packet apart; the guards around it are ours: it delivers only the
 * first of several messages in a chunk correctly, would go on with plaintext sent behind an SSLRequest (as in CVE-2021-23214), loops for ever on a packet of
 * length 0, and knows no GSSENCRequest, CancelRequest, newer minor versions, size limits or timeouts.
 * Called by proxy/front-end.ts. Source: PostgreSQL 15, chapter 55.2.1 and postmaster.c's ProcessStartupPacket.
 */
import type { Socket } from 'node:net';
import { PostgresConnection } from 'pg-gateway';
import { PgError } from '../common/errors.js';
import type { CancelKey } from './cancel-registry.js';
import * as backend from './wire/backend-messages.js';
import { Output } from './wire/output.js';

const sslRequestCode = 80877103;
const cancelRequestCode = 80877102;
const gssEncryptionRequestCode = 80877104;
/** MAX_STARTUP_PACKET_LENGTH. */
const startupPacketBytesMax = 10_000;
/** What a client may send before we have looked at its start-up packet: the packet, and eager messages behind it. */
const unreadBytesMax = startupPacketBytesMax + 64 * 1024;

export interface TlsIdentity {
  /** PEM. */
  readonly key: Buffer;
  /** PEM, the server's certificate first. */
  readonly cert: Buffer;
}

export interface StartupOptions {
  readonly tls: TlsIdentity | undefined;
  /** From accepting the socket to the end of the start-up packet. */
  readonly timeoutMs: number;
  /** A CancelRequest has come. */
  readonly cancel: (key: CancelKey) => void;
}

/** A client that has introduced itself. Its socket is paused. */
export interface StartedClient {
  /** The socket to go on with: a TLSSocket after an upgrade. */
  readonly socket: Socket;
  readonly encrypted: boolean;
  readonly output: Output;
  /** Bytes that came behind the start-up packet. */
  readonly leftover: Buffer;
  /** Parameters of the packet, names as sent. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** pg-gateway's input buffer, which it declares private: what came behind the start-up packet is in there. */
interface GatewayBuffer {
  readonly buffer: Buffer;
  readonly bufferLength: number;
  readonly bufferOffset: number;
}

function protocolViolation(message: string): PgError {
  return new PgError('08P01', message, { severity: 'FATAL' });
}

/** Never settles: what waits for it (pg-gateway's handler) stops there for good and is garbage. */
async function never(): Promise<boolean> {
  return await new Promise<boolean>(() => undefined);
}

/** The parameters of a start-up packet, checked. */
function readParameters(packet: Buffer): Map<string, string> {
  const parameters = new Map<string, string>();
  let position = 8;
  const text = (): string => {
    const end = packet.indexOf(0, position);
    if (end < 0) throw protocolViolation('invalid startup packet layout: expected terminator as last byte');
    const value = packet.toString('utf8', position, end);
    position = end + 1;
    return value;
  };
  for (let name = text(); name !== ''; name = text()) parameters.set(name, text());
  if (position !== packet.length) throw protocolViolation('invalid startup packet layout: expected terminator as last byte');
  return parameters;
}

/**
 * Resolves with the client when it has sent a valid start-up packet; with undefined when the socket was used up otherwise (a cancel request, a probe, an error that
 * was answered, a timeout). Never rejects.
 */
export async function startUp(socket: Socket, options: StartupOptions): Promise<StartedClient | undefined> {
  return await new Promise<StartedClient | undefined>((resolve) => {
    let settled = false;
    let negotiatedOptions: readonly string[] | undefined;
    let parameters = new Map<string, string>();
    let received = 0;

    const settle = (client: StartedClient | undefined): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(client);
    };
    const abandon = (): void => {
      settle(undefined);
      gateway.detach();
      socket.destroy();
    };
    const refuse = (error: PgError): void => {
      if (settled) return;
      settle(undefined);
      const stream = gateway.detach();
      const output = new Output(stream, true);
      backend.errorResponse(output, error);
      output.flush();
      stream.end();
      stream.resume();
      setTimeout(() => stream.destroy(), 1000).unref();
    };
    const timer = setTimeout(abandon, options.timeoutMs);
    const countBytes = (chunk: Buffer): void => {
      received += chunk.length;
      if (received > unreadBytesMax) abandon();
      else setImmediate(checkLength);
    };
    /** The gateway would wait for the rest of a packet of whatever length; an HTTP request or a stray probe would sit there until the timeout. */
    const checkLength = (): void => {
      if (settled) return;
      const { buffer, bufferOffset, bufferLength } = gateway as unknown as GatewayBuffer;
      if (bufferLength < 4) return;
      const length = buffer.readUInt32BE(bufferOffset);
      if (length < 8 || length > startupPacketBytesMax) abandon();
    };
    socket.on('data', countBytes);
    // Every socket keeps an error handler for life; what an error means is seen at 'close'.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      settle(undefined);
    });
    socket.once('end', () => {
      if (!settled && gateway.secureSocket === undefined) abandon();
    });

    const { tls } = options;
    const gateway: PostgresConnection = new PostgresConnection(socket, {
      authMode: 'none',
      ...(tls === undefined
        ? {}
        : {
            tls: () => {
              // The TLS socket is made right after this call.
              setImmediate(() => {
                gateway.secureSocket?.on('error', () => {
                  if (settled) return;
                  abandon();
                });
                gateway.secureSocket?.on('_tlsError', abandonUnlessSettled);
                gateway.secureSocket?.once('close', () => {
                  settle(undefined);
                });
              });
              return { key: tls.key, cert: tls.cert };
            },
          }),
      onTlsUpgrade: () => {
        received = 0;
        gateway.secureSocket?.on('data', countBytes);
      },
      onMessage: (data) => {
        if (settled) return never();
        const packet = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        const outcome = inspect(packet);
        return outcome === 'go on' ? false : outcome === 'handled' ? true : never();
      },
      onStartup: () => {
        if (settled) return never();
        const stream = gateway.detach();
        stream.off('data', countBytes);
        const held = gateway as unknown as GatewayBuffer;
        const from = held.bufferOffset + held.buffer.readUInt32BE(held.bufferOffset);
        const leftover = Buffer.from(held.buffer.subarray(from, held.bufferOffset + held.bufferLength));
        const encrypted = gateway.secureSocket !== undefined;
        const output = new Output(stream, encrypted);
        if (negotiatedOptions !== undefined) {
          backend.negotiateProtocolVersion(output, negotiatedOptions);
          output.flush();
        }
        settle({ socket: stream, encrypted, output, leftover, parameters });
        // The gateway would resume the socket before anyone listens to it: it stops here instead.
        return never();
      },
    });

    function abandonUnlessSettled(): void {
      if (!settled) abandon();
    }

    /** Looks at a packet before the gateway does. */
    function inspect(packet: Buffer): 'go on' | 'handled' | 'stop' {
      const waiting = (gateway as unknown as GatewayBuffer).bufferLength;
      if (packet.length < 8 || packet.length > startupPacketBytesMax) {
        // Also what an HTTP request or a stray probe looks like; PostgreSQL closes without a word.
        abandon();
        return 'stop';
      }
      const code = packet.readInt32BE(4);
      if (code === sslRequestCode) {
        if (packet.length !== 8 || gateway.secureSocket !== undefined) {
          refuse(protocolViolation('unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0'));
          return 'stop';
        }
        if (waiting > 8) {
          refuse(
            new PgError('08P01', 'received unencrypted data after SSL request', {
              severity: 'FATAL',
              detail: 'This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.',
            }),
          );
          return 'stop';
        }
        return 'go on';
      }
      if (code === gssEncryptionRequestCode) {
        if (packet.length !== 8 || waiting > 8) {
          refuse(
            new PgError('08P01', 'received unencrypted data after GSSAPI encryption request', {
              severity: 'FATAL',
              detail: 'This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.',
            }),
          );
          return 'stop';
        }
        // The gateway takes a handled message for the start-up packet: set that right before the client can answer.
        setImmediate(() => {
          gateway.hasStarted = false;
          if (!settled) gateway.socket.write('N');
        });
        return 'handled';
      }
      if (code === cancelRequestCode) {
        if (packet.length === 16) options.cancel({ processId: packet.readInt32BE(8), secretKey: packet.readInt32BE(12) });
        settle(undefined);
        const stream = gateway.detach();
        stream.end();
        stream.resume();
        setTimeout(() => stream.destroy(), 1000).unref();
        return 'stop';
      }
      const major = code >>> 16;
      const minor = code & 0xffff;
      if (major !== 3) {
        refuse(new PgError('0A000', `unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.0`, { severity: 'FATAL' }));
        return 'stop';
      }
      try {
        parameters = readParameters(packet);
      } catch (error) {
        refuse(error as PgError);
        return 'stop';
      }
      if ((parameters.get('user') ?? '') === '') {
        refuse(new PgError('28000', 'no PostgreSQL user name specified in startup packet', { severity: 'FATAL' }));
        return 'stop';
      }
      const unknownOptions = [...parameters.keys()].filter((name) => name.startsWith('_pq_.'));
      if (minor > 0 || unknownOptions.length > 0) {
        negotiatedOptions = unknownOptions;
        packet.writeInt32BE(3 << 16, 4);
      }
      return 'go on';
    }
  });
}
