/**
 * aclitem: `grantee=privileges/grantor`, held as that text. The input is checked, and put into the form of the output, where a catalog is at hand.
 * Source: aclparse() and putid() of PostgreSQL 15's acl.c.
 */
import { PgError } from '../common/errors.js';
import { Oid } from './oid.js';
import type { TypeCodec } from './pg-type.js';
import { textCodec } from './text.js';
import type { TypeContext } from './value.js';

/** In the order in which aclitem shows them: the bits of a set of privileges. */
const privilegeLetters = 'arwdDxtXUCTcsA';

/** An aclitem's parts; roles by name, '' for PUBLIC. */
export interface AclItemParts {
  readonly grantee: string;
  readonly grantor: string;
  /** Bits by position in `privilegeLetters`. */
  readonly privileges: number;
  readonly options: number;
}

export function quotedRole(name: string): string {
  return /^[A-Za-z0-9_]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function lettersOf({ privileges, options }: Pick<AclItemParts, 'privileges' | 'options'>): string {
  let text = '';
  for (let i = 0; i < privilegeLetters.length; i++) {
    if ((privileges & (1 << i)) !== 0) text += privilegeLetters[i] as string;
    if ((options & (1 << i)) !== 0) text += '*';
  }
  return text;
}

export function formatAclItem(parts: AclItemParts): string {
  return `${parts.grantee === '' ? '' : quotedRole(parts.grantee)}=${lettersOf(parts)}/${quotedRole(parts.grantor)}`;
}

/** A name at `start`, in quotes or plain; answers where it ends. */
function nameAt(text: string, start: number): { readonly name: string; readonly end: number } {
  let at = start;
  while (text[at] === ' ') at++;
  let name = '';
  let quoted = false;
  for (; at < text.length; at++) {
    const letter = text[at] as string;
    if (letter === '"') {
      if (quoted && text[at + 1] === '"') {
        name += '"';
        at++;
      } else quoted = !quoted;
    } else if (quoted || /[A-Za-z0-9_\u0080-\uffff]/.test(letter)) name += letter;
    else break;
  }
  while (text[at] === ' ') at++;
  return { name, end: at };
}

function invalid(message: string, hint?: string): PgError {
  return new PgError('22P02', message, hint === undefined ? {} : { hint });
}

export function parseAclItem(text: string): AclItemParts {
  let { name: grantee, end: at } = nameAt(text, 0);
  if (text[at] !== '=') {
    if (grantee !== 'group' && grantee !== 'user') throw invalid(`unrecognized key word: "${grantee}"`, 'ACL key word must be "group" or "user".');
    const again = nameAt(text, at);
    if (again.name === '') throw invalid('missing name', 'A name must follow the "group" or "user" key word.');
    grantee = again.name;
    at = again.end;
  }
  if (text[at] !== '=') throw invalid('missing "=" sign');
  let privileges = 0;
  let options = 0;
  let last = 0;
  for (at++; at < text.length && /[A-Za-z*]/.test(text[at] as string); at++) {
    if (text[at] === '*') options |= last;
    else {
      const bit = privilegeLetters.indexOf(text[at] as string);
      if (bit < 0) throw invalid(`invalid mode character: must be one of "${privilegeLetters}"`);
      last = 1 << bit;
      privileges |= last;
    }
  }
  let grantor = '';
  if (text[at] === '/') {
    const found = nameAt(text, at + 1);
    if (found.name === '') throw invalid('a name must follow the "/" sign');
    grantor = found.name;
    at = found.end;
  }
  while (text[at] === ' ') at++;
  if (at < text.length) throw invalid('extra garbage at the end of the ACL specification');
  return { grantee, grantor, privileges, options };
}

const bootstrapRoleOid = 10;

function checked(text: string, context: TypeContext): string {
  const parts = parseAclItem(text);
  const { catalog } = context;
  if (catalog === undefined) return text;
  const known = (name: string): string => {
    // (Dropped roles are shown as numbers.)
    if (name !== '' && !/^\d+$/.test(name)) catalog.objectOid(Oid.regrole, `"${name.replaceAll('"', '""')}"`);
    return name;
  };
  known(parts.grantee);
  const grantor = parts.grantor === '' ? plainName(catalog.objectName(Oid.regrole, bootstrapRoleOid)) : known(parts.grantor);
  return formatAclItem({ ...parts, grantor });
}

function plainName(quoted: string | undefined): string {
  if (quoted === undefined) return String(bootstrapRoleOid);
  return quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
}

export const aclItemCodec: TypeCodec = { ...textCodec, parse: (text, _typmod, context) => checked(text, context) };
