/**
 * The server's side of TLS: certificate, key, and the authorities whose client certificates are believed. Made anew when the files are read again.
 * Files are read by cli/tls-files.ts; used by proxy/startup.ts and proxy/front-end.ts.
 */
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { channelBindingOf } from './auth/channel-binding.js';

/** The name of the protocol within TLS (ALPN). */
export const applicationProtocol = 'postgresql';

/** PEM texts. Structured-cloneable. */
export interface TlsIdentity {
  readonly key: Uint8Array;
  /** The server's certificate first. */
  readonly cert: Uint8Array;
  /** Authorities of client certificates; undefined: clients are not asked for any. */
  readonly ca: Uint8Array | undefined;
  /** Revoked certificates of these authorities. */
  readonly crl: Uint8Array | undefined;
}

export class TlsContext {
  readonly secureContext: SecureContext;
  readonly asksForCertificates: boolean;
  /** What SCRAM-SHA-256-PLUS binds to. */
  readonly channelBinding: Buffer | undefined;

  /** Throws when certificate and key are no such, or not each other's. */
  constructor({ key, cert, ca, crl }: TlsIdentity) {
    const pem = (text: Uint8Array): Buffer => Buffer.from(text);
    this.secureContext = createSecureContext({
      key: pem(key),
      cert: pem(cert),
      ...(ca === undefined ? {} : { ca: pem(ca) }),
      ...(crl === undefined ? {} : { crl: pem(crl) }),
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
    });
    this.asksForCertificates = ca !== undefined;
    this.channelBinding = channelBindingOf(pem(cert));
  }

  /** Why the certificate that the client has shown is not believed; undefined: it is. */
  problemOf(socket: TLSSocket): string | undefined {
    // (node tells it to servers of its own making only.)
    const { ssl } = socket as unknown as { readonly ssl: { verifyError(): Error | null } };
    return ssl.verifyError()?.message;
  }
}
