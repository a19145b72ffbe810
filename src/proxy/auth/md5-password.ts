/**
 * The md5 passwords of older clients and roles: pg_authid.rolpassword holds `md5` and md5(password || role). Called by auth/authenticate.ts and by whoever encrypts a new
 * password (password_encryption = md5). Source: PostgreSQL 15, chapter 21.5, md5_common.c.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

function md5(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** What rolpassword holds. */
export function md5Verifier(role: string, password: string): string {
  return `md5${md5(password, role)}`;
}

export function isMd5Verifier(text: string): boolean {
  return /^md5[0-9a-f]{32}$/.test(text);
}

/** What a client that knows the password answers to AuthenticationMD5Password. */
export function md5Response(verifier: string, salt: Uint8Array): string {
  return `md5${md5(verifier.slice(3), salt)}`;
}

/** Compares in a time that tells nothing about where they differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
