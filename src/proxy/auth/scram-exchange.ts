/**
 * The server's half of one SCRAM-SHA-256 exchange, with or without channel binding (-PLUS: tls-server-end-point). Knows no sockets: text in, text out.
 * Called by auth/authenticate.ts. Source: RFC 5802 section 5, PostgreSQL 15's auth-scram.c (whose messages the errors use).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { PgError } from '../../common/errors.js';
import { hmac, sha256, type ScramVerifier } from './scram-verifier.js';

export const scramMechanism = 'SCRAM-SHA-256';
export const scramPlusMechanism = 'SCRAM-SHA-256-PLUS';

function malformed(detail: string): PgError {
  return new PgError('08P01', 'malformed SCRAM message', { severity: 'FATAL', detail });
}

export interface ScramOptions {
  readonly mechanism: string;
  readonly verifier: ScramVerifier;
  /** A verifier made up for a role that has none: the exchange goes on as usual and fails. */
  readonly isMock: boolean;
  /** The hash of the server's certificate, over TLS only. */
  readonly channelBinding: Buffer | undefined;
}

export class ScramExchange {
  #gs2Header = '';
  #clientFirstBare = '';
  #serverFirst = '';
  #nonce = '';

  constructor(private readonly options: ScramOptions) {}

  /** client-first-message -> server-first-message. */
  first(message: string): string {
    const { mechanism, verifier, channelBinding } = this.options;
    const flag = message.charAt(0);
    const parts = /^(n|y|p=[A-Za-z0-9.-]+),([^,]*),(.*)$/s.exec(message);
    if (parts === null) throw malformed(`Unexpected channel-binding flag "${flag}".`);
    const [, binding = '', authorizationId = '', bare = ''] = parts;
    if (mechanism === scramPlusMechanism) {
      if (!binding.startsWith('p=')) throw malformed('The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.');
      if (binding !== 'p=tls-server-end-point')
        throw new PgError('08P01', `unsupported SCRAM channel-binding type "${binding.slice(2)}"`, { severity: 'FATAL' });
    } else if (binding.startsWith('p=')) {
      throw malformed('The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.');
    } else if (binding === 'y' && channelBinding !== undefined) {
      // The client could have bound the channel but believes that we cannot: somebody stands between.
      throw new PgError('28000', 'SCRAM channel binding negotiation error', {
        severity: 'FATAL',
        detail: 'The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.',
      });
    }
    if (authorizationId !== '') throw new PgError('0A000', 'client uses authorization identity, but it is not supported', { severity: 'FATAL' });
    const nonce = /^n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?$/s.exec(bare);
    if (nonce === null) {
      if (bare.startsWith('m=')) throw new PgError('0A000', 'client requires an unsupported SCRAM extension', { severity: 'FATAL' });
      throw new PgError('08P01', 'non-printable characters in SCRAM nonce', { severity: 'FATAL' });
    }
    this.#gs2Header = `${binding},,`;
    this.#clientFirstBare = bare;
    this.#nonce = `${nonce[1] ?? ''}${randomBytes(18).toString('base64')}`;
    this.#serverFirst = `r=${this.#nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`;
    return this.#serverFirst;
  }

  /** client-final-message -> server-final-message; undefined when the password is wrong. */
  final(message: string): string | undefined {
    const { verifier, isMock, channelBinding } = this.options;
    const parts = /^(c=([^,]*),r=([^,]*)(?:,[^p][^,]*)*),p=([^,]+)$/s.exec(message);
    if (parts === null) throw malformed('The message is not a valid client-final-message.');
    const [, withoutProof = '', binding = '', nonce = '', proofText = ''] = parts;
    const bound = this.#gs2Header.startsWith('p=') && channelBinding !== undefined ? channelBinding : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(this.#gs2Header), bound]).toString('base64');
    if (binding !== expected) {
      if (this.#gs2Header.startsWith('p=')) throw new PgError('28000', 'SCRAM channel binding check failed', { severity: 'FATAL' });
      throw new PgError('08P01', 'unexpected SCRAM channel-binding attribute in client-final-message', { severity: 'FATAL' });
    }
    if (nonce !== this.#nonce) throw new PgError('08P01', 'invalid SCRAM response', { severity: 'FATAL', detail: 'Nonce does not match.' });
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== verifier.storedKey.length) throw malformed('Malformed proof in client-final-message.');
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const clientSignature = hmac(verifier.storedKey, authMessage);
    const clientKey = proof.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    const matches = timingSafeEqual(sha256(Buffer.from(clientKey)), verifier.storedKey);
    if (!matches || isMock) return undefined;
    return `v=${hmac(verifier.serverKey, authMessage).toString('base64')}`;
  }
}
