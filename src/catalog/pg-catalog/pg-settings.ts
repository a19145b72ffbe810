/** pg_settings: the parameters as the session has them, numbers in the unit that the parameter counts in. */
import { settingsOfFew } from '../../functions/catalog/settings-of-few.js';
import { seesSettings } from '../privileges.js';
import { textArray } from './objects.js';
import { relation } from './relation.js';

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
  /** A longer description. */
  readonly more?: string;
  /** PostgreSQL's built-in value, null where there is none; absent: that of Shoal. */
  readonly boot?: string | null;
}

interface KnownSetting {
  readonly name: string;
  readonly description: string;
  readonly initial: string;
  readonly facts: SettingFacts;
  readonly hidden?: boolean;
}

/** The parameters, given by the session layer at start. */
let known: readonly KnownSetting[] = [];

export function provideSettings(settings: readonly KnownSetting[], show: typeof inUnit): void {
  known = settings.filter(({ hidden }) => hidden !== true);
  inUnit = show;
}

/** As pg_settings shows a value: numbers in the unit that the parameter counts in. */
let inUnit: (shown: string, unit: string | undefined) => string = (shown) => shown;

export const pgSettings = relation(
  'pg_catalog.pg_settings',
  function* ({ settings, catalog, user }) {
    const seesAll = seesSettings(catalog, user);
    for (const one of [...known].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))) {
      const { name, description, initial, facts } = one;
      if (!seesAll && settingsOfFew.has(name)) continue;
      const { type, unit, category, context, low, high, choices, more } = facts;
      const { source = 'default', reset = initial } = settings.origin?.(name) ?? {};
      yield {
        name,
        setting: inUnit(settings.get(name) ?? '', unit),
        unit,
        category,
        short_desc: description,
        extra_desc: more,
        context,
        vartype: type,
        source,
        min_val: low,
        max_val: high,
        enumvals: choices.length === 0 ? null : textArray(choices),
        boot_val: facts.boot === undefined ? inUnit(initial, unit) : facts.boot,
        reset_val: inUnit(reset, unit),
        pending_restart: false,
      };
    }
  },
  'session',
);
