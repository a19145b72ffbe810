/**
 * What is known of the encryption of a client's connection and of the certificate that it has shown: for the authentication and pg_stat_ssl.
 * Called by proxy/front-end.ts once the client has started up.
 */
import type { TLSSocket } from 'node:tls';

export interface ClientCertificate {
  /** CN of the subject. */
  readonly commonName: string;
  /** The subject as RFC 2253 writes it, the most specific part first. */
  readonly subject: string;
  readonly issuer: string;
  /** In decimal. */
  readonly serial: string;
}

/** What pg_stat_ssl tells of a connection. */
export interface EncryptionFacts {
  /** 'TLSv1.3'. */
  readonly version: string;
  /** As OpenSSL names it. */
  readonly cipher: string;
  readonly bits: number;
  readonly certificate: ClientCertificate | undefined;
}

/** node's lines ("CN=ann", the most general first) as RFC 2253 writes them. */
function distinguishedName(lines: string): string {
  return lines.split('\n').reverse().join(',');
}

function bitsOf(cipher: string): number {
  if (/CHACHA20/.test(cipher)) return 256;
  return Number(/(?:AES_?|CAMELLIA_?|ARIA_?)(128|256)/.exec(cipher)?.[1] ?? 128);
}

export function encryptionFacts(socket: TLSSocket): EncryptionFacts {
  const cipher = socket.getCipher();
  const shown = socket.getPeerX509Certificate();
  const commonName = shown === undefined ? undefined : /(?:^|\n)CN=([^\n]*)/.exec(shown.subject)?.[1];
  return {
    version: socket.getProtocol() ?? '',
    cipher: cipher.name,
    bits: bitsOf(cipher.name),
    certificate:
      shown === undefined
        ? undefined
        : {
            commonName: commonName ?? '',
            subject: distinguishedName(shown.subject),
            issuer: distinguishedName(shown.issuer),
            serial: BigInt(`0x${shown.serialNumber}`).toString(),
          },
  };
}
