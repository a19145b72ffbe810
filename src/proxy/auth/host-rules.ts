/**
 * Who may come in, from where, and how they prove who they are: rules as in PostgreSQL's pg_hba.conf, read from a file or from `--auth`. Parsed on the main thread by
 * cli/authentication-rules.ts, matched on the front-end threads by auth/authenticate.ts, shown by pg_hba_file_rules. Source: PostgreSQL 15, chapter 21.1, and hba.c.
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { lookup, reverse } from 'node:dns/promises';

export type AuthenticationMethod = 'trust' | 'reject' | 'md5' | 'password' | 'scram-sha-256' | 'cert';
export type ClientCertificateCheck = 'verify-ca' | 'verify-full';

/** Whose connections a rule is about. Lists hold names and, unless quoted, the keywords. */
type Named =
  | { readonly kind: 'all' | 'sameuser' | 'samerole' | 'replication' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly name: string };

type AddressPattern =
  | { readonly kind: 'all' | 'samehost' | 'samenet' }
  | { readonly kind: 'network'; readonly address: readonly number[]; readonly mask: readonly number[]; readonly shown: string; readonly shownMask: string }
  | { readonly kind: 'host'; readonly name: string };

/** One rule. Structured-cloneable. */
export interface HostRule {
  readonly line: number;
  readonly type: 'local' | 'host' | 'hostssl' | 'hostnossl' | 'hostgssenc' | 'hostnogssenc';
  readonly databases: readonly Named[];
  readonly users: readonly Named[];
  /** undefined: local. */
  readonly address: AddressPattern | undefined;
  readonly method: AuthenticationMethod;
  readonly clientCertificate: ClientCertificateCheck | undefined;
  /** Which name of a certificate must be the role's. */
  readonly clientName: 'CN' | 'DN';
  /** The map (user-maps.ts) from that name to roles; undefined: it is the role. */
  readonly map: string | undefined;
  /** As given: name=value. */
  readonly options: readonly string[];
}

/** A line that is no rule. */
export interface HostRuleError {
  readonly line: number;
  readonly error: string;
}

export interface HostRules {
  readonly rules: readonly HostRule[];
  readonly errors: readonly HostRuleError[];
}

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Splits a line into fields, each a list of tokens: blanks separate fields, commas tokens; quotes take keywords their meaning; # begins a comment. */
export function fieldsOf(line: string): Token[][] {
  const fields: Token[][] = [];
  let afterComma = false;
  const pattern = /\s+|#.*|,|"((?:[^"]|"")*)"|(?:[^\s,#"]|"(?:[^"]|"")*")+/gy;
  let separated = true;
  for (const match of line.matchAll(pattern)) {
    const [whole, inQuotes] = match;
    if (whole.startsWith('#')) break;
    if (/^\s/.test(whole)) {
      separated = true;
      continue;
    }
    if (whole === ',') {
      afterComma = true;
      continue;
    }
    const token: Token = inQuotes === undefined ? { text: whole.replaceAll('"', ''), quoted: false } : { text: inQuotes.replaceAll('""', '"'), quoted: true };
    const last = fields[fields.length - 1];
    if (last !== undefined && (afterComma || !separated)) last.push(token);
    else fields.push([token]);
    afterComma = false;
    separated = false;
  }
  return fields;
}

class RuleError extends Error {}

function only(field: readonly Token[], what: string): string {
  const [token] = field;
  if (field.length !== 1 || token === undefined) throw new RuleError(`multiple values specified for ${what}`);
  return token.text;
}

/** The bytes of an address: 4 or 16. IPv4 within IPv6 is IPv4. undefined: no address. */
function addressBytes(text: string): number[] | undefined {
  const plain = text.replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 4) return plain.split('.').map(Number);
  if (version !== 6) return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped.split('.').map(Number);
  const withoutDotted = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => {
    const pair = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
    return `${pair(a, b)}:${pair(c, d)}`;
  });
  const [head = '', tail] = withoutDotted.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

function maskOfBits(bits: number, length: number): number[] {
  return Array.from({ length }, (_, at) => {
    const here = Math.max(0, Math.min(8, bits - at * 8));
    return (0xff << (8 - here)) & 0xff;
  });
}

function showAddress(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16));
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map((match) => match[0]).sort((a, b) => b.length - a.length);
  const [longest] = runs;
  return longest === undefined ? groups.join(':') : groups.join(':').replace(longest, '::').replace(':::', '::');
}

function readAddress(field: readonly Token[], next: (what: string) => readonly Token[]): AddressPattern {
  const [token] = field;
  const text = only(field, 'host address');
  if (token?.quoted === false && (text === 'all' || text === 'samehost' || text === 'samenet')) return { kind: text };
  const [host = '', bits] = text.split('/');
  const address = addressBytes(host);
  if (address === undefined) {
    if (bits !== undefined) throw new RuleError(`specifying both host name and CIDR mask is invalid: "${text}"`);
    if (/^[\d.:]+$/.test(host)) throw new RuleError(`invalid IP address "${host}": Name or service not known`);
    return { kind: 'host', name: host.toLowerCase() };
  }
  let mask: number[];
  if (bits === undefined) {
    const maskText = only(next('netmask specification'), 'netmask');
    const given = addressBytes(maskText);
    if (given === undefined) throw new RuleError(`invalid IP mask "${maskText}": Name or service not known`);
    if (given.length !== address.length) throw new RuleError('IP address and mask do not match');
    mask = given;
  } else {
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > address.length * 8) throw new RuleError(`invalid CIDR mask in address "${text}"`);
    mask = maskOfBits(Number(bits), address.length);
  }
  return { kind: 'network', address, mask, shown: showAddress(address), shownMask: showAddress(mask) };
}

const types: readonly string[] = ['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'];
const methods: readonly string[] = ['trust', 'reject', 'md5', 'password', 'scram-sha-256', 'cert'];
const otherMethods: readonly string[] = ['gss', 'sspi', 'ident', 'peer', 'pam', 'bsd', 'ldap', 'radius'];

/** Names of a list: `@file` stands for the names in it (once per level, as deep as `depthMax`). */
function named(field: readonly Token[], keywords: readonly string[], members: boolean, readNames: (file: string) => string): Named[] {
  const depthMax = 10;
  const expand = (tokens: readonly Token[], depth: number): Named[] =>
    tokens.flatMap((token): Named[] => {
      const { text, quoted } = token;
      if (quoted) return [{ kind: 'name', name: text }];
      if (text.startsWith('@') && text.length > 1) {
        const file = text.slice(1);
        if (depth >= depthMax) throw new RuleError(`could not open secondary authentication file "@${file}": maximum nesting depth exceeded`);
        let content: string;
        try {
          content = readNames(file);
        } catch (error) {
          throw new RuleError(`could not open secondary authentication file "@${file}": ${(error as Error).message}`);
        }
        return expand(
          content.split(/\r?\n/).flatMap((line) => fieldsOf(line).flat()),
          depth + 1,
        );
      }
      if (keywords.includes(text)) return [{ kind: text === 'samegroup' ? 'samerole' : (text as 'all') }];
      if (members && text.startsWith('+') && text.length > 1) return [{ kind: 'member', name: text.slice(1) }];
      return [{ kind: 'name', name: text }];
    });
  return expand(field, 0);
}

function readRule(line: number, fields: readonly (readonly Token[])[], readNames: (file: string) => string): HostRule {
  let at = 0;
  const next = (what: string): readonly Token[] => {
    const field = fields[at++];
    if (field === undefined) throw new RuleError(`end-of-line before ${what}`);
    return field;
  };
  const type = only(next('connection type'), 'connection type');
  if (!types.includes(type)) throw new RuleError(`invalid connection type "${type}"`);
  const databases = named(next('database specification'), ['all', 'sameuser', 'samerole', 'samegroup', 'replication'], false, readNames);
  const users = named(next('role specification'), ['all'], true, readNames);
  const address = type === 'local' ? undefined : readAddress(next('IP address specification'), next);
  const method = only(next('authentication method'), 'authentication type');
  if (!methods.includes(method)) {
    throw new RuleError(otherMethods.includes(method) ? `authentication method "${method}" is not supported` : `invalid authentication method "${method}"`);
  }
  if (method === 'cert' && type !== 'hostssl') throw new RuleError('cert authentication is only supported on hostssl connections');
  let clientCertificate: ClientCertificateCheck | undefined = method === 'cert' ? 'verify-full' : undefined;
  let clientName: 'CN' | 'DN' = 'CN';
  let map: string | undefined;
  const options = fields.slice(at).flatMap((field) => field.map((token) => token.text));
  for (const option of options) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
    if (name === '') throw new RuleError(`authentication option not in name=value format: ${option}`);
    if (name === 'clientcert') {
      if (type !== 'hostssl') throw new RuleError('clientcert can only be configured for "hostssl" rows');
      if (value !== 'verify-full' && value !== 'verify-ca') throw new RuleError(`invalid value for clientcert: "${value}"`);
      if (method === 'cert' && value === 'verify-ca') throw new RuleError('clientcert only accepts "verify-full" when using "cert" authentication');
      clientCertificate = value;
    } else if (name === 'clientname') {
      if (type !== 'hostssl') throw new RuleError('clientname can only be configured for "hostssl" rows');
      if (value !== 'CN' && value !== 'DN') throw new RuleError(`invalid value for clientname: "${value}"`);
      clientName = value;
    } else if (name === 'map') {
      if (method !== 'cert') throw new RuleError('authentication option "map" is only valid for authentication methods ident, peer, gssapi, sspi, and cert');
      map = value;
    } else {
      throw new RuleError(`unrecognized authentication option name: "${name}"`);
    }
  }
  return {
    line,
    type: type as HostRule['type'],
    databases,
    users,
    address,
    method: method as AuthenticationMethod,
    clientCertificate,
    clientName,
    map,
    options: method === 'cert' && !options.some((option) => option.startsWith('clientcert=')) ? ['clientcert=verify-full', ...options] : options,
  };
}

/** Reads all rules of a text. `readNames` gives the content of an `@file`. A backslash at the end of a line continues it. */
export function parseHostRules(text: string, readNames: (file: string) => string): HostRules {
  const rules: HostRule[] = [];
  const errors: HostRuleError[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let content = lines[at] ?? '';
    while (content.endsWith('\\') && at + 1 < lines.length) content = content.slice(0, -1) + (lines[++at] ?? '');
    const fields = fieldsOf(content);
    if (fields.length === 0) continue;
    try {
      rules.push(readRule(line, fields, readNames));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      errors.push({ line, error: error.message });
    }
  }
  return { rules, errors };
}

/** What a rule is matched against. */
export interface ConnectionFacts {
  /** undefined: a Unix socket. */
  readonly address: string | undefined;
  readonly encrypted: boolean;
  readonly database: string;
  readonly user: string;
  /** Whether the user is the role or a member of it, directly or not. */
  isMember(role: string): boolean;
}

function within(address: readonly number[], network: readonly number[], mask: readonly number[]): boolean {
  return address.length === network.length && address.every((byte, at) => (byte & (mask[at] ?? 0)) === ((network[at] ?? 0) & (mask[at] ?? 0)));
}

/** Whether the name is the address's: its reverse name must be (or end with) the rule's, and must lead back to the address. */
async function isNamed(address: string, name: string): Promise<boolean> {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const bytes = addressBytes(plain);
  const same = (other: string): boolean => String(addressBytes(other)) === String(bytes);
  try {
    if (!name.startsWith('.')) return (await lookup(name, { all: true })).some((found) => same(found.address));
    for (const host of await reverse(plain)) {
      if (host.toLowerCase().endsWith(name) && (await lookup(host, { all: true })).some((found) => same(found.address))) return true;
    }
  } catch {
    // The name is not known: then it is not the client's.
  }
  return false;
}

async function addressMatches(pattern: AddressPattern | undefined, address: string): Promise<boolean> {
  const bytes = addressBytes(address);
  if (pattern === undefined || bytes === undefined) return false;
  switch (pattern.kind) {
    case 'all':
      return true;
    case 'samehost':
    case 'samenet':
      return Object.values(networkInterfaces())
        .flatMap((entries) => entries ?? [])
        .some((entry) => {
          const own = addressBytes(entry.address);
          const mask = addressBytes(entry.netmask);
          return own !== undefined && mask !== undefined && within(bytes, own, pattern.kind === 'samenet' ? mask : maskOfBits(own.length * 8, own.length));
        });
    case 'network':
      return within(bytes, pattern.address, pattern.mask);
    case 'host':
      return await isNamed(address, pattern.name);
  }
}

function typeMatches(type: HostRule['type'], { address, encrypted }: ConnectionFacts): boolean {
  if (type === 'local' || address === undefined) return type === 'local' && address === undefined;
  if (type === 'hostgssenc') return false;
  return type === 'hostssl' ? encrypted : type === 'hostnossl' ? !encrypted : true;
}

function nameMatches(named: Named, facts: ConnectionFacts, name: string): boolean {
  switch (named.kind) {
    case 'all':
      return true;
    case 'sameuser':
      return facts.database === facts.user;
    case 'samerole':
      return facts.isMember(facts.database);
    case 'replication':
      return false;
    case 'name':
      return named.name === name;
    case 'member':
      return facts.isMember(named.name);
  }
}

/** The first rule that speaks of the connection. */
export async function matchHostRule(rules: readonly HostRule[], facts: ConnectionFacts): Promise<HostRule | undefined> {
  for (const rule of rules) {
    if (!typeMatches(rule.type, facts)) continue;
    if (!rule.databases.some((one) => nameMatches(one, facts, facts.database))) continue;
    if (!rule.users.some((one) => nameMatches(one, facts, facts.user))) continue;
    if (facts.address !== undefined && !(await addressMatches(rule.address, facts.address))) continue;
    return rule;
  }
  return undefined;
}

/** A name of a list as its rule's text had it. */
export function showNamed(named: Named): string {
  return named.kind === 'name' ? named.name : named.kind === 'member' ? `+${named.name}` : named.kind;
}
