/** shoal.damage: pages of database files (frames of `-wal` files) that the server has found damaged since it was started. */
import { relation } from './relation.js';

export const shoalDamage = relation(
  'shoal.damage',
  function* ({ services }) {
    for (const { file, page, detail } of services?.damage() ?? []) yield { file, page, detail };
  },
  'session',
);
