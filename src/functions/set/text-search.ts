/** ts_token_type and ts_parse: the default parser of text search, looked at. */
import { PgError } from '../../common/errors.js';
import type { KernelValue } from '../function.js';
import type { SetImplementation, SetImplementations } from '../implementation.js';
import { tokensOf, tokenTypes } from '../text-search/parser.js';

/** pg_ts_parser.oid. */
const defaultParser = 3722;

const numbers: ReadonlyMap<string, number> = new Map(tokenTypes.map(([name], at) => [name, at + 1]));

function requireOid(oid: KernelValue): void {
  if (oid !== defaultParser) throw new PgError('XX000', `cache lookup failed for text search parser ${String(oid)}`);
}

function requireName(name: KernelValue): void {
  const plain = String(name).replace(/^pg_catalog\./, '');
  if (plain !== 'default' && plain !== '"default"') throw new PgError('42704', `text search parser "${String(name)}" does not exist`);
}

function types(known: (parser: KernelValue) => void): SetImplementation {
  return {
    rows: (_, parser) => {
      known(parser);
      return tokenTypes.map(([name, description], at) => [at + 1, name, description]);
    },
  };
}

function parse(known: (parser: KernelValue) => void): SetImplementation {
  return {
    rows: (_, parser, document) => {
      known(parser);
      return tokensOf(String(document)).map(({ type, text }) => [numbers.get(type) ?? 0, text]);
    },
  };
}

export const textSearchSets: SetImplementations = {
  ts_token_type_byid: types(requireOid),
  ts_token_type_byname: types(requireName),
  ts_parse_byid: parse(requireOid),
  ts_parse_byname: parse(requireName),
};
