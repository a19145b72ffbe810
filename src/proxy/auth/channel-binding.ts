/**
 * tls-server-end-point (RFC 5929): the hash of the server's certificate, by the hash of its signature algorithm (SHA-256 in place of MD5 and SHA-1).
 * Called by proxy/front-end.ts once per certificate.
 */
import { X509Certificate, createHash } from 'node:crypto';

/** DER bytes of signature algorithm OIDs, and the hash each uses. Those that are not here use SHA-256 (also MD5 and SHA-1 by the RFC). */
const hashOfOid = new Map<string, string>([
  ['2a864886f70d01010c', 'sha384'], // sha384WithRSAEncryption
  ['2a864886f70d01010d', 'sha512'], // sha512WithRSAEncryption
  ['2a8648ce3d040303', 'sha384'], // ecdsa-with-SHA384
  ['2a8648ce3d040304', 'sha512'], // ecdsa-with-SHA512
]);
const hasNoDefinedHash = new Set(['2b6570', '2b6571']); // Ed25519, Ed448

/** The contents of the DER element at `offset`: [start, end). */
function element(der: Buffer, offset: number): readonly [number, number] {
  const first = der[offset + 1] ?? 0;
  if (first < 0x80) return [offset + 2, offset + 2 + first];
  const lengthBytes = first & 0x7f;
  const start = offset + 2 + lengthBytes;
  return [start, start + der.readUIntBE(offset + 2, lengthBytes)];
}

/** undefined when the certificate's algorithm has no defined hash: then -PLUS is not offered. */
export function channelBindingOf(certificate: string | Buffer): Buffer | undefined {
  const der = new X509Certificate(certificate).raw;
  const [body] = element(der, 0);
  const [, tbsEnd] = element(der, body);
  const [algorithm] = element(der, tbsEnd);
  const [oidStart, oidEnd] = element(der, algorithm);
  const oid = der.toString('hex', oidStart, oidEnd);
  if (hasNoDefinedHash.has(oid)) return undefined;
  return createHash(hashOfOid.get(oid) ?? 'sha256')
    .update(der)
    .digest();
}
