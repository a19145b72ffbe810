/**
 * SCRAM-SHA-256 verifiers in the form that pg_authid.rolpassword keeps: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
 * Called by CREATE/ALTER ROLE ... PASSWORD (makeVerifier), and by the authentication exchange. Source: RFC 5802, RFC 7677, PostgreSQL's scram-common.c.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { saslPrepare } from './saslprep.js';

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const keyBytes = 32;
const defaultIterations = 4096;
const saltBytes = 16;

export function hmac(key: Buffer, message: string | Buffer): Buffer {
  return createHmac('sha256', key).update(message).digest();
}

export function sha256(message: Buffer): Buffer {
  return createHash('sha256').update(message).digest();
}

export function makeVerifier(password: string, salt: Buffer = randomBytes(saltBytes), iterations = defaultIterations): ScramVerifier {
  const salted = pbkdf2Sync(saslPrepare(password), salt, iterations, keyBytes, 'sha256');
  return { iterations, salt, storedKey: sha256(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') };
}

export function formatVerifier(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey.toString('base64')}:${serverKey.toString('base64')}`;
}

/** undefined when the text is no verifier (a plain or an md5 password). */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const match = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/.exec(text);
  if (match === null) return undefined;
  const [, iterations = '', salt = '', storedKey = '', serverKey = ''] = match;
  const verifier = {
    iterations: Number(iterations),
    salt: Buffer.from(salt, 'base64'),
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  };
  return verifier.storedKey.length === keyBytes && verifier.serverKey.length === keyBytes && verifier.iterations > 0 ? verifier : undefined;
}

/** Whether a password in plain text is the verifier's. */
export function verifierFits(verifier: ScramVerifier, password: string): boolean {
  const { serverKey } = makeVerifier(password, verifier.salt, verifier.iterations);
  return timingSafeEqual(serverKey, verifier.serverKey);
}

/**
 * A verifier that no password fits, always the same for a name, so that an asker cannot tell a role without a password from one with.
 * `key` is the server's secret for this purpose.
 */
export function mockVerifier(user: string, key: Buffer): ScramVerifier {
  const salt = hmac(key, `salt ${user}`).subarray(0, saltBytes);
  return { iterations: defaultIterations, salt, storedKey: randomBytes(keyBytes), serverKey: randomBytes(keyBytes) };
}
