/**
 * What the parameters of a start-up packet mean: user, database, and settings, also those inside `options` ("-c work_mem=4MB --search_path=a").
 * Called by proxy/front-end.ts. Source: PostgreSQL 15's ProcessStartupPacket, pg_split_opts and process_postgres_switches.
 */
import { PgError } from '../common/errors.js';
import { clipName } from '../common/names.js';

export interface StartupSettings {
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  /** Names in lower case, in order of appearance; the packet's own parameters come after those of `options`. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Splits at white space; a backslash takes the next character literally. */
function splitOptions(options: string): string[] {
  const words: string[] = [];
  const pattern = /(?:\\[\s\S]|[^\s\\])+/g;
  for (const match of options.matchAll(pattern)) words.push(match[0].replace(/\\([\s\S])/g, '$1'));
  return words;
}

function readOptions(options: string): [string, string][] {
  const settings: [string, string][] = [];
  const words = splitOptions(options);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    let assignment: string;
    if (word.startsWith('--')) assignment = word.slice(2);
    else if (word === '-c') assignment = words[++index] ?? '';
    else if (word.startsWith('-c')) assignment = word.slice(2);
    else throw new PgError('42601', `invalid command-line argument for server process: ${word}`, { severity: 'FATAL' });
    const equals = assignment.indexOf('=');
    if (equals <= 0) throw new PgError('42601', `-c ${assignment} requires a value`, { severity: 'FATAL' });
    settings.push([assignment.slice(0, equals).replaceAll('-', '_').toLowerCase(), assignment.slice(equals + 1)]);
  }
  return settings;
}

const noSettings = new Set(['user', 'database', 'options']);

export function readStartupSettings(parameters: ReadonlyMap<string, string>): StartupSettings {
  const user = parameters.get('user') ?? '';
  const given = parameters.get('database') ?? '';
  const settings = new Map<string, string>(readOptions(parameters.get('options') ?? ''));
  const replication = parameters.get('replication');
  if (replication !== undefined && !/^(0|f|false|off|no)$/i.test(replication)) {
    throw new PgError('0A000', 'streaming replication connections are not supported', { severity: 'FATAL' });
  }
  for (const [name, value] of parameters) {
    if (noSettings.has(name) || name === 'replication' || name.startsWith('_pq_.')) continue;
    settings.set(name.toLowerCase(), value);
  }
  return { user: clipName(user), database: clipName(given === '' ? user : given), applicationName: settings.get('application_name') ?? '', settings };
}
