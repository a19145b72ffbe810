/**
 * From an accepted socket to a start-up packet: encryption requests, TLS (by SSLRequest or at once), cancel requests, protocol versions. pg-gateway walks over the packets
 * before authentication; all of it is kept in this file, so that it can be replaced. The guards around it are ours: it delivers only the first of several messages in a
 * chunk correctly, would go on with plaintext sent behind an SSLRequest (as in CVE-2021-23214), loops for ever on a packet of length 0, and knows no client certificates
 * without its own authentication, no ALPN, no GSSENCRequest, CancelRequest, newer minor versions, size limits or timeouts.
 * Called by proxy/front-end.ts. Source: PostgreSQL 15, chapter 55.2.1 and postmaster.c's ProcessStartupPacket.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { PostgresConnection } from 'pg-gateway';
import { PgError } from '../common/errors.js';
import type { CancelKey } from './cancel-registry.js';
import * as backend from './wire/backend-messages.js';
import { Output } from './wire/output.js';
import { type EncryptionFacts, encryptionFacts } from './auth/client-certificate.js';
import { applicationProtocol, type TlsContext } from './tls-context.js';

const sslRequestCode = 80877103;
const cancelRequestCode = 80877102;
const gssEncryptionRequestCode = 80877104;
/** The first byte of a TLS handshake; a start-up packet's length never begins with it. */
const handshakeRecord = 0x16;
/** MAX_STARTUP_PACKET_LENGTH. */
const startupPacketBytesMax = 10_000;
/** What a client may send before we have looked at its start-up packet: the packet, and eager messages behind it. */
const unreadBytesMax = startupPacketBytesMax + 64 * 1024;

export interface StartupOptions {
  readonly tls: TlsContext | undefined;
  /** From accepting the socket to the end of the start-up packet. */
  readonly timeoutMs: number;
  /** A CancelRequest has come. */
  readonly cancel: (key: CancelKey) => void;
}

/** A client that has introduced itself. Its socket is paused. */
export interface StartedClient {
  /** The socket to go on with: a TLSSocket after an upgrade. */
  readonly socket: Socket;
  /** undefined: plain text. */
  readonly encryption: EncryptionFacts | undefined;
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
    let secure: TLSSocket | undefined;
    let encryption: EncryptionFacts | undefined;
    let gateway: PostgresConnection | undefined;

    const settle = (client: StartedClient | undefined): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(client);
    };
    const abandon = (): void => {
      if (settled) return;
      settle(undefined);
      gateway?.detach();
      socket.destroy();
    };
    const refuse = (error: PgError): void => {
      if (settled) return;
      settle(undefined);
      gateway?.detach();
      const stream = secure ?? socket;
      const output = new Output(stream, secure !== undefined);
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
      if (settled || gateway === undefined) return;
      const { buffer, bufferOffset, bufferLength } = gateway as unknown as GatewayBuffer;
      if (bufferLength < 4) return;
      const length = buffer.readUInt32BE(bufferOffset);
      if (length < 8 || length > startupPacketBytesMax) abandon();
    };
    // Every socket keeps an error handler for life; what an error means is seen at 'close'.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      settle(undefined);
    });
    socket.once('end', () => {
      if (secure === undefined) abandon();
    });

    /** Has the gateway walk over the packets of a stream, plain or encrypted. */
    function greet(stream: Socket): void {
      received = 0;
      stream.on('data', countBytes);
      const current = new PostgresConnection(stream, {
        authMode: 'none',
        onMessage: (data) => {
          if (settled || gateway !== current) return never();
          const packet = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
          const outcome = inspect(packet, current);
          return outcome === 'go on' ? false : outcome === 'handled' ? true : never();
        },
        onStartup: () => {
          if (settled) return never();
          current.detach();
          stream.off('data', countBytes);
          const held = current as unknown as GatewayBuffer;
          const from = held.bufferOffset + held.buffer.readUInt32BE(held.bufferOffset);
          const leftover = Buffer.from(held.buffer.subarray(from, held.bufferOffset + held.bufferLength));
          const output = new Output(stream, secure !== undefined);
          if (negotiatedOptions !== undefined) {
            backend.negotiateProtocolVersion(output, negotiatedOptions);
            output.flush();
          }
          settle({ socket: stream, encryption, output, leftover, parameters });
          // The gateway would resume the socket before anyone listens to it: it stops here instead.
          return never();
        },
      });
      gateway = current;
    }

    /** Goes on encrypted. `atOnce`: without SSLRequest, which obliges the client to name the protocol (ALPN), so that no other protocol's client can be led here. */
    function encrypt(tls: TlsContext, atOnce: boolean): void {
      const wrapped = new TLSSocket(socket, {
        isServer: true,
        secureContext: tls.secureContext,
        ALPNProtocols: [applicationProtocol],
        requestCert: tls.asksForCertificates,
        rejectUnauthorized: false,
      });
      secure = wrapped;
      wrapped.on('error', abandon);
      wrapped.on('_tlsError', abandon);
      wrapped.once('close', () => {
        settle(undefined);
      });
      wrapped.once('secure', () => {
        if (settled) return;
        encryption = encryptionFacts(wrapped);
        if (atOnce && wrapped.alpnProtocol !== applicationProtocol) {
          refuse(protocolViolation('received direct SSL connection request without ALPN protocol negotiation extension'));
          return;
        }
        const problem = encryption.certificate === undefined ? undefined : tls.problemOf(wrapped);
        if (problem !== undefined) {
          refuse(
            new PgError('28000', 'connection requires a valid client certificate', {
              severity: 'FATAL',
              detail: `Client certificate verification failed: ${problem}.`,
            }),
          );
          return;
        }
        greet(wrapped);
        wrapped.resume();
      });
      // (What has come is in the socket, and the handshake takes it from there: it must not flow away.)
      if (!atOnce) socket.resume();
    }

    /** Looks at a packet before the gateway does. */
    function inspect(packet: Buffer, current: PostgresConnection): 'go on' | 'handled' | 'stop' {
      const waiting = (current as unknown as GatewayBuffer).bufferLength;
      if (packet.length < 8 || packet.length > startupPacketBytesMax) {
        // Also what an HTTP request or a stray probe looks like; PostgreSQL closes without a word.
        abandon();
        return 'stop';
      }
      const code = packet.readInt32BE(4);
      if (code === sslRequestCode) {
        if (packet.length !== 8 || secure !== undefined) {
          refuse(protocolViolation('unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0'));
          return 'stop';
        }
        if (waiting > 8) {
          refuse(eagerPlaintext('received unencrypted data after SSL request'));
          return 'stop';
        }
        const { tls } = options;
        // (pg-gateway answers N.)
        if (tls === undefined) return 'go on';
        current.detach();
        socket.off('data', countBytes);
        socket.pause();
        socket.write('S');
        encrypt(tls, false);
        return 'stop';
      }
      if (code === gssEncryptionRequestCode) {
        if (packet.length !== 8 || waiting > 8) {
          refuse(eagerPlaintext('received unencrypted data after GSSAPI encryption request'));
          return 'stop';
        }
        // The gateway takes a handled message for the start-up packet: set that right before the client can answer.
        setImmediate(() => {
          current.hasStarted = false;
          if (!settled) current.socket.write('N');
        });
        return 'handled';
      }
      if (code === cancelRequestCode) {
        if (packet.length === 16) options.cancel({ processId: packet.readInt32BE(8), secretKey: packet.readInt32BE(12) });
        settle(undefined);
        const stream = current.detach();
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

    socket.once('data', (chunk: Buffer) => {
      if (settled) return;
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] !== handshakeRecord) {
        greet(socket);
        socket.resume();
      } else if (options.tls === undefined) abandon();
      else encrypt(options.tls, true);
    });
  });
}

/** Bytes behind a request for encryption would be taken for encrypted ones: CVE-2021-23214. */
function eagerPlaintext(message: string): PgError {
  return new PgError('08P01', message, {
    severity: 'FATAL',
    detail: 'This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.',
  });
}
