/** Certificate files for servers that tests start, made with the openssl command: an authority, and certificates of it that are good for 127.0.0.1. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateFiles {
  /** `ca.crt`, and `NAME.crt` and `NAME.key` of every name. */
  file(name: string): string;
}

const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeCertificates(directory: string, authority: string, names: readonly string[]): CertificateFiles {
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  };
  openssl('req', '-x509', ...keyOptions, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', `/CN=${authority}`);
  writeFileSync(join(directory, 'names.ext'), 'subjectAltName = IP:127.0.0.1, DNS:localhost\n');
  for (const name of names) {
    openssl('req', ...keyOptions, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const sign = ['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
    openssl(...sign, '-extfile', 'names.ext', '-out', `${name}.crt`);
  }
  return { file: (name) => join(directory, name) };
}
