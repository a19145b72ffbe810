/**
 * How two nodes prove to each other that they belong to one cluster. Either both know the cluster's secret (TLS 1.3 with a pre-shared key made from it and ephemeral keys on
 * top, RFC 8446, 2.2: the secret never travels, a recorded handshake is of no use, and what was recorded stays closed when the secret leaks), or both have certificates of
 * the cluster's own authority (mutual TLS). Called by channel/channel.ts.
 */
import { scryptSync, X509Certificate } from 'node:crypto';
import type { ConnectionOptions, TlsOptions } from 'node:tls';

export type ChannelCredentials =
  | { readonly kind: 'secret'; readonly secret: string }
  /** PEM. Whoever has a certificate of `authority` is a node: it must sign nothing else. */
  | { readonly kind: 'certificates'; readonly certificate: string | Buffer; readonly key: string | Buffer; readonly authority: string | Buffer };

/** What tls.createServer and tls.connect get. */
export interface ChannelTls {
  readonly server: TlsOptions;
  readonly client: ConnectionOptions;
}

/** Whoever talks to a node gets what a guess at the secret can be checked with, so it must not be guessable. */
export const secretLengthMin = 16;

const keyBytes = 32;
// (1 << 15, 8, 1): some 50 ms, once a process.
const stretch = { N: 1 << 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
/** The cipher suite of TLS 1.3 whose hash is that of pre-shared keys from outside. */
const pskSuite = 'TLS_AES_128_GCM_SHA256';
const onlyTls13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

/** Throws an Error that says what is wrong with them. */
export function channelTls(credentials: ChannelCredentials, cluster: string): ChannelTls {
  switch (credentials.kind) {
    case 'secret': {
      if (credentials.secret.length < secretLengthMin) throw new Error(`the cluster's secret must have at least ${String(secretLengthMin)} characters`);
      const psk = scryptSync(credentials.secret, `shoal channel ${cluster}`, keyBytes, stretch);
      const identity = 'shoal';
      const common = { ...onlyTls13, ciphers: pskSuite };
      return {
        server: { ...common, pskCallback: (_socket, given) => (given === identity ? psk : null) },
        // (There is no certificate whose name could be checked.)
        client: { ...common, pskCallback: () => ({ psk, identity }), checkServerIdentity: () => undefined },
      };
    }
    case 'certificates': {
      const { certificate, key, authority } = credentials;
      // Fails here and not at the first connection.
      if (!new X509Certificate(certificate).verify(new X509Certificate(authority).publicKey))
        throw new Error("the node's certificate is not of the cluster's authority");
      const common = { ...onlyTls13, cert: certificate, key, ca: authority };
      return {
        server: { ...common, requestCert: true, rejectUnauthorized: true },
        // Nodes come and go under changing addresses: the authority vouches for them, not the name.
        client: { ...common, rejectUnauthorized: true, checkServerIdentity: () => undefined },
      };
    }
  }
}
