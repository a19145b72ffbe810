/**
 * Opens the store that a location names: a path, `file:///path` or `s3://bucket/prefix`. The S3 library is loaded only for the last. Called by storage/backup and
 * the commands of the CLI.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PgError } from '../common/errors.js';
import { FileStore } from './file-store.js';
import type { ObjectStore } from './object-store.js';

/** The location in its full form, so that it means the same to another process: paths become absolute. 22023 for one that cannot be understood. */
export function normaliseLocation(location: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      if (location === '') throw new PgError('22023', 'a location is missing: a directory or s3://bucket/prefix');
      return resolve(location);
    case 'file':
      try {
        return resolve(fileURLToPath(location));
      } catch (error) {
        throw new PgError('22023', `"${location}" is no file URL: ${(error as Error).message}`);
      }
    case 's3':
      if (!/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/.*)?$/i.test(location)) throw new PgError('22023', `"${location}" is not of the form s3://bucket/prefix`);
      return location.replace(/\/+$/, '');
    default:
      throw new PgError('22023', `"${location}" is neither a directory nor s3://bucket/prefix`);
  }
}

export async function openObjectStore(location: string, environment: NodeJS.ProcessEnv = process.env): Promise<ObjectStore> {
  const normal = normaliseLocation(location);
  if (!normal.startsWith('s3://')) return new FileStore(normal);
  // The library warns of versions of Node.js that its future releases leave; the release in use is locked, so it would only puzzle users.
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true' } = process.env;
  Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED });
  const { S3Store } = await import('./s3-store.js');
  return S3Store.open(normal, environment);
}
