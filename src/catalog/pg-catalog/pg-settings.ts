/** pg_settings: the parameters as the session has them, numbers in the unit that the parameter counts in. */
import { settingsOfFew } from '../../functions/catalog/settings-of-few.js';
import { seesSettings } from '../privileges.js';
import { textArray } from './objects.js';
import { type CatalogRow, relation } from './relation.js';

/** A parameter as PostgreSQL describes it. */
export interface SettingFacts {
  readonly type: 'bool' | 'integer' | 'real' | 'string' | 'enum';
  /** What the number counts: ms, s, min, B, kB, 8kB, MB. */
  readonly unit: string | undefined;
  readonly category: string;
  readonly context: string;
  readonly low: string | undefined;
  readonly high: string | undefined;
  readonly choices: readonly string[];
}

interface KnownSetting {
  readonly name: string;
  readonly description: string;
  readonly initial?: string;
  readonly fixed?: boolean;
  readonly facts?: SettingFacts;
}

/** The parameters, given by the session layer at start. */
let known: readonly KnownSetting[] = [];

export function provideSettings(settings: readonly KnownSetting[]): void {
  known = settings;
}

/** Bytes and milliseconds. */
const sizes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  '8kB': 8192,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `4MB` of a parameter that counts kB: 4096. */
function counted(shown: string, unit: string | undefined): string {
  const match = /^(-?\d+(?:\.\d+)?)(B|kB|MB|GB|TB|us|ms|s|min|h|d)$/.exec(shown);
  const from = sizes[match?.[2] ?? ''];
  const to = sizes[unit ?? ''];
  return match === null || from === undefined || to === undefined ? shown : String((Number(match[1]) * from) / to);
}

function describe({ facts, fixed }: KnownSetting, setting: string): CatalogRow {
  if (facts !== undefined) {
    const { type, unit, category, context, low, high, choices } = facts;
    return { vartype: type, unit, category, context, min_val: low, max_val: high, enumvals: choices.length === 0 ? null : textArray(choices) };
  }
  const isNumber = /^-?\d+$/.test(setting);
  return { category: 'Customized Options', context: fixed === true ? 'internal' : 'user', vartype: isNumber ? 'integer' : 'string' };
}

export const pgSettings = relation(
  'pg_catalog.pg_settings',
  function* ({ settings, catalog, user }) {
    const seesAll = seesSettings(catalog, user);
    for (const one of [...known].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))) {
      const { name, description, initial, facts } = one;
      if (!seesAll && settingsOfFew.has(name)) continue;
      const shown = settings.get(name) ?? '';
      const first = initial === undefined ? null : counted(initial, facts?.unit);
      yield {
        name,
        setting: counted(shown, facts?.unit),
        short_desc: description,
        ...describe(one, shown),
        source: shown === initial ? 'default' : 'session',
        boot_val: first,
        reset_val: first,
        pending_restart: false,
      };
    }
  },
  'session',
);
