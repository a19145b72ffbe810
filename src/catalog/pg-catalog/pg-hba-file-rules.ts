/** pg_hba_file_rules: the rules about who may come in, as they are in force. */
import { formatArrayText, oneDimensional } from '../../types/array.js';
import { relation } from './relation.js';

export const pgHbaFileRules = relation(
  'pg_catalog.pg_hba_file_rules',
  function* ({ nodeView }) {
    for (const { line, type, databases, users, address, netmask, method, options } of nodeView?.rules ?? []) {
      yield {
        line_number: line,
        type,
        database: formatArrayText(oneDimensional(databases)),
        user_name: formatArrayText(oneDimensional(users)),
        address: address ?? null,
        netmask: netmask ?? null,
        auth_method: method,
        options: options.length === 0 ? null : formatArrayText(oneDimensional(options)),
      };
    }
  },
  'node',
);
