/**
 * What a node is told from outside: settings of the command line (`--set`, `--tls-...`), of ALTER SYSTEM (kept in the data directory, or in a cluster's coordination store), the
 * rules about who may come in, the certificates. Read at the start, and again at SIGHUP, pg_reload_conf() and when the cluster's settings change. Called by cli/start.ts and cli/compose.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { wallMicros } from '../common/clock.js';
import { PgError } from '../common/errors.js';
import { type HostRules, parseHostRules } from '../proxy/auth/host-rules.js';
import { parseUserMaps, type UserMapping } from '../proxy/auth/user-maps.js';
import type { NodeConfiguration } from '../proxy/front-end-thread.js';
import { checkedSetting, settingDefinition } from '../proxy/session/settings.js';
import { TlsContext, type TlsIdentity } from '../proxy/tls-context.js';
import { writeFileDurably } from '../storage/files/durable.js';
import { CliError } from './cli-error.js';
import { isLoopback } from './address.js';

/** What the command line says. */
export interface ConfigurationOptions {
  readonly dataDirectory: string;
  readonly listenHost: string;
  /** `--auth`: rules, or single words that are methods for everybody. */
  readonly rules: readonly string[];
  /** `--auth-file`. */
  readonly rulesFile: string | undefined;
  /** `--set`, by lower-case name. */
  readonly settings: ReadonlyMap<string, string>;
  /** SHOAL_PASSWORD is there. */
  readonly hasFirstPassword: boolean;
  /** One line. */
  readonly log: (line: string) => void;
}

/** What ALTER SYSTEM has set. */
const keptFile = 'settings.conf';

const loopbackRules = 'local all all trust\nhost all all 127.0.0.1/8 trust\nhost all all ::1/128 trust';
const passwordRules = 'local all all scram-sha-256\nhost all all all scram-sha-256';

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CliError(`cannot read "${path}": ${(error as Error).message}`);
  }
}

/** `name = 'value'` lines; # begins a comment. */
function readSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([\w.]+)\s*=?\s*(?:'((?:[^']|'')*)'|([^\s#']+))\s*(?:#.*)?$/.exec(line);
    if (match !== null) settings.set((match[1] ?? '').toLowerCase(), match[2]?.replaceAll("''", "'") ?? match[3] ?? '');
  }
  return settings;
}

export class ConfigurationSource {
  readonly #directory: string;

  constructor(private readonly options: ConfigurationOptions) {
    this.#directory = resolve(options.dataDirectory);
  }

  get #keptPath(): string {
    return join(this.#directory, keptFile);
  }

  #kept(): Map<string, string> {
    return existsSync(this.#keptPath) ? readSettings(read(this.#keptPath).toString('utf8')) : new Map<string, string>();
  }

  /** Everything, read now. `live`: of the cluster; what is wrong there is left out and logged. CliError when something else is wrong. */
  load(live: ReadonlyMap<string, string> = new Map()): NodeConfiguration {
    const settings = new Map<string, string>();
    const take = (given: ReadonlyMap<string, string>, whence: string): void => {
      for (const [name, value] of given) {
        if (settingDefinition(name) === undefined && !name.includes('.')) throw new CliError(`${whence}: unrecognized configuration parameter "${name}"`);
        try {
          settings.set(name, checkedSetting(name, value));
        } catch (error) {
          if (error instanceof PgError) throw new CliError(`${whence}: ${error.message}`, error.fields.hint);
          throw error;
        }
      }
    };
    take(this.#kept(), `"${this.#keptPath}"`);
    for (const [name, value] of live) {
      try {
        take(new Map([[name, value]]), 'the cluster');
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        this.options.log(`a setting is left out: ${error.message}`);
      }
    }
    take(this.options.settings, '--set');
    const hostRules = this.#hostRules(settings);
    settings.set('data_directory', this.#directory);
    return { settings, hostRules, userMappings: this.#userMappings(settings), tls: this.#tls(settings), loadedMicros: wallMicros() };
  }

  #path(file: string): string {
    return isAbsolute(file) ? file : join(this.#directory, file);
  }

  #hostRules(settings: Map<string, string>): HostRules {
    const { rules, listenHost, hasFirstPassword } = this.options;
    const file = this.options.rulesFile === undefined ? settings.get('hba_file') : resolve(this.options.rulesFile);
    let text = rules.map((rule) => (/\s/.test(rule.trim()) ? rule : `local all all ${rule}\nhost all all all ${rule}`)).join('\n');
    let directory = this.#directory;
    if (file !== undefined && file !== '') {
      const path = this.#path(file);
      directory = dirname(path);
      text = `${text}${text === '' ? '' : '\n'}${read(path).toString('utf8')}`;
      settings.set('hba_file', path);
    }
    if (text === '') {
      if (isLoopback(listenHost)) text = loopbackRules;
      else if (hasFirstPassword) text = passwordRules;
      else {
        throw new CliError(
          `listening on ${listenHost} wants rules about who may come in`,
          "say --auth scram-sha-256 (with SHOAL_PASSWORD as postgres' first password), --auth 'hostssl all all 10.0.0.0/8 scram-sha-256', or --auth-file FILE with lines as in pg_hba.conf; --auth trust lets everybody in",
        );
      }
    }
    const parsed = parseHostRules(text, (name) => readFileSync(isAbsolute(name) ? name : join(directory, name), 'utf8'));
    const [wrong] = parsed.errors;
    if (wrong !== undefined) throw new CliError(`rules about who may come in, line ${String(wrong.line)}: ${wrong.error}`);
    if (parsed.rules.some((rule) => rule.clientCertificate !== undefined) && (settings.get('ssl_ca_file') ?? '') === '') {
      throw new CliError('client certificates can only be checked if a root certificate store is available', 'name one with --tls-ca FILE');
    }
    return parsed;
  }

  /** The maps of ident_file. */
  #userMappings(settings: Map<string, string>): readonly UserMapping[] {
    const file = settings.get('ident_file') ?? '';
    if (file === '') return [];
    const path = this.#path(file);
    settings.set('ident_file', path);
    const { mappings, errors } = parseUserMaps(read(path).toString('utf8'));
    const [wrong] = errors;
    if (wrong !== undefined) throw new CliError(`maps of user names, line ${String(wrong.line)}: ${wrong.error}`);
    return mappings;
  }

  #tls(settings: Map<string, string>): TlsIdentity | undefined {
    if (settings.get('ssl') !== 'on') return undefined;
    const file = (name: string, fallback: string): string => this.#path(settings.get(name) ?? fallback);
    const optional = (name: string): Buffer | undefined => {
      const path = settings.get(name) ?? '';
      return path === '' ? undefined : read(this.#path(path));
    };
    const [certFile, keyFile] = [file('ssl_cert_file', 'server.crt'), file('ssl_key_file', 'server.key')];
    const identity = { cert: read(certFile), key: read(keyFile), ca: optional('ssl_ca_file'), crl: optional('ssl_crl_file') };
    try {
      new TlsContext(identity);
    } catch (error) {
      throw new CliError(`"${certFile}" and "${keyFile}" are no certificate and its key in PEM: ${(error as Error).message}`);
    }
    return identity;
  }

  /** ALTER SYSTEM. name undefined: forgets all; value undefined: forgets the one. */
  keep(name: string | undefined, value: string | undefined): void {
    const kept = name === undefined ? new Map<string, string>() : this.#kept();
    if (name !== undefined && value === undefined) kept.delete(name.toLowerCase());
    else if (name !== undefined && value !== undefined) kept.set(name.toLowerCase(), value);
    const lines = [...kept].map(([key, text]) => `${key} = '${text.replaceAll("'", "''")}'\n`);
    writeFileDurably(this.#keptPath, `# Set by ALTER SYSTEM, which writes this file anew.\n${lines.join('')}`);
  }
}
