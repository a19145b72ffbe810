/**
 * Maps from the names that a client's certificate has to roles, as in PostgreSQL's pg_ident.conf: `MAP SYSTEM-NAME ROLE`. A system name that begins with a slash is a regular
 * expression, and \1 in the role is what its first group has matched. Parsed on the main thread by cli/node-configuration.ts, asked by auth/authenticate.ts.
 * Source: PostgreSQL 15, chapter 21.2, and check_ident_usermap of hba.c.
 */
import { fieldsOf } from './host-rules.js';

export interface UserMapping {
  readonly line: number;
  readonly map: string;
  readonly systemName: string;
  readonly role: string;
}

export interface UserMaps {
  readonly mappings: readonly UserMapping[];
  readonly errors: readonly { readonly line: number; readonly error: string }[];
}

export function parseUserMaps(text: string): UserMaps {
  const mappings: UserMapping[] = [];
  const errors: { line: number; error: string }[] = [];
  for (const [at, content] of text.split(/\r?\n/).entries()) {
    const line = at + 1;
    const fields = fieldsOf(content);
    if (fields.length === 0) continue;
    const [map, systemName, role] = fields.map((field) => field[0]?.text ?? '');
    if (fields.some((field) => field.length > 1)) errors.push({ line, error: 'multiple values in ident field' });
    else if (map === undefined || systemName === undefined || role === undefined) errors.push({ line, error: 'missing entry at end of line' });
    else {
      const wrong = systemName.startsWith('/') ? expressionError(systemName.slice(1)) : undefined;
      if (wrong === undefined) mappings.push({ line, map, systemName, role });
      else errors.push({ line, error: `invalid regular expression "${systemName.slice(1)}": ${wrong}` });
    }
  }
  return { mappings, errors };
}

function expressionError(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The role that a mapping gives the system name; undefined: it does not speak of it. */
function mappedRole({ systemName, role }: UserMapping, name: string): string | undefined {
  if (!systemName.startsWith('/')) return systemName === name ? role : undefined;
  const match = new RegExp(systemName.slice(1)).exec(name);
  if (match === null) return undefined;
  return role.includes('\\1') ? role.replace('\\1', match[1] ?? '') : role;
}

/** Whether the system's name may be the role. Without a map it must be the same. */
export function isMapped(mappings: readonly UserMapping[], map: string | undefined, name: string, role: string): boolean {
  if (map === undefined) return name === role;
  return mappings.some((mapping) => mapping.map === map && mappedRole(mapping, name) === role);
}
