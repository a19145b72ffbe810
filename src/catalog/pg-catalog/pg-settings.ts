/** pg_settings, as far as the session tells of them. */
import { relation } from './relation.js';

/** Names of the parameters, given by the session layer at start. */
let known: readonly { readonly name: string; readonly description: string }[] = [];

export function provideSettings(settings: typeof known): void {
  known = settings;
}

export const pgSettings = relation(
  'pg_catalog',
  'pg_settings',
  12110,
  [
    ['name', 25],
    ['setting', 25],
    ['unit', 25],
    ['category', 25],
    ['short_desc', 25],
    ['context', 25],
    ['vartype', 25],
    ['source', 25],
    ['min_val', 25],
    ['max_val', 25],
    ['boot_val', 25],
    ['reset_val', 25],
  ],
  function* ({ settings }) {
    for (const { name, description } of known)
      yield [name, settings.get(name) ?? '', null, '', description, 'user', 'string', 'default', null, null, null, null];
  },
);
