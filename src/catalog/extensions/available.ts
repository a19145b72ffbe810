/** The extensions that CREATE EXTENSION knows: one file each beside this one, whose script it runs. Read by planner/ddl/extension and pg_available_extensions. */
import type { AvailableExtension } from './definition.js';
import { pgcrypto } from './pgcrypto.js';
import { uuidOssp } from './uuid-ossp.js';

/** There from the beginning. */
const plpgsql: AvailableExtension = {
  name: 'plpgsql',
  version: '1.0',
  comment: 'PL/pgSQL procedural language',
  relocatable: false,
  schema: 'pg_catalog',
  script: '',
};

export const availableExtensions: readonly AvailableExtension[] = [pgcrypto, plpgsql, uuidOssp];

export function availableExtension(name: string): AvailableExtension | undefined {
  return availableExtensions.find((one) => one.name === name);
}
