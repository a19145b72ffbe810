/** pg_settings, as far as the session tells of them. */
import { settingsOfFew } from '../../functions/catalog/settings-of-few.js';
import { seesSettings } from '../privileges.js';
import { relation } from './relation.js';

interface KnownSetting {
  readonly name: string;
  readonly description: string;
  readonly initial?: string;
  readonly fixed?: boolean;
}

/** The parameters, given by the session layer at start. */
let known: readonly KnownSetting[] = [];

export function provideSettings(settings: readonly KnownSetting[]): void {
  known = settings;
}

export const pgSettings = relation(
  'pg_catalog.pg_settings',
  function* ({ settings, catalog, user }) {
    const seesAll = seesSettings(catalog, user);
    for (const { name, description, initial, fixed } of [...known].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))) {
      if (!seesAll && settingsOfFew.has(name)) continue;
      const setting = settings.get(name) ?? '';
      const vartype = setting === 'on' || setting === 'off' ? 'bool' : /^-?\d+$/.test(setting) ? 'integer' : /^-?\d+\.\d+$/.test(setting) ? 'real' : 'string';
      yield {
        name,
        setting,
        category: 'Shoal',
        short_desc: description,
        context: fixed === true ? 'internal' : 'user',
        vartype,
        source: setting === initial ? 'default' : 'session',
        boot_val: initial ?? null,
        reset_val: initial ?? null,
        pending_restart: false,
      };
    }
  },
  'session',
);
