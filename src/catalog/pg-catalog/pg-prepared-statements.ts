/** pg_prepared_statements: not told to the catalog, so reading it is refused rather than answered with nothing. */
import { notSupported } from '../../common/errors.js';
import { relation } from './relation.js';

export const pgPreparedStatements = relation(
  'pg_catalog.pg_prepared_statements',
  () => {
    throw notSupported('reading pg_prepared_statements');
  },
  'session',
);
