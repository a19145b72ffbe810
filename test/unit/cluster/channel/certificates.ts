/** Certificate authorities for tests, made with the openssl command. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestAuthority {
  readonly certificate: Buffer;
  /** A certificate of this authority for `name`, and its key. */
  issue(name: string): { readonly certificate: Buffer; readonly key: Buffer };
  remove(): void;
}

const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeAuthority(name: string): TestAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-authority-'));
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  };
  const read = (file: string): Buffer => readFileSync(join(directory, file));
  openssl('req', '-x509', ...keyOptions, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', `/CN=${name}`);
  return {
    certificate: read('ca.crt'),
    issue: (subject) => {
      openssl('req', ...keyOptions, '-keyout', `${subject}.key`, '-out', `${subject}.csr`, '-subj', `/CN=${subject}`);
      openssl('x509', '-req', '-in', `${subject}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-out', `${subject}.crt`);
      return { certificate: read(`${subject}.crt`), key: read(`${subject}.key`) };
    },
    remove: () => {
      rmSync(directory, { recursive: true });
    },
  };
}
