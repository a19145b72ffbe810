/** regexp_matches, regexp_split_to_table and string_to_table. */
import type { KernelValue } from '../function.js';
import type { SetImplementations } from '../implementation.js';
import { matchArray, splitByRegex } from '../scalar/regex.js';
import { splitText } from '../scalar/text.js';
import { matchesOf, regexOf } from '../text/regex.js';
import { parseFlags } from '../text/regex-flags.js';

const single = (values: readonly KernelValue[]): readonly KernelValue[][] => values.map((value) => [value]);

function matches(text: string, pattern: string, flagsText: string): readonly KernelValue[][] {
  const flags = parseFlags(flagsText);
  const regex = regexOf(pattern, flags);
  return single(matchesOf(regex, text, flags.global, false).map((match) => matchArray(regex, match)));
}

export const textSets: SetImplementations = {
  regexp_matches_no_flags: { rows: (_, text, pattern) => matches(text as string, pattern as string, '') },
  regexp_matches: { rows: (_, text, pattern, flags) => matches(text as string, pattern as string, flags as string) },
  regexp_split_to_table_no_flags: { rows: (_, text, pattern) => single(splitByRegex(text as string, pattern as string, '', 'regexp_split_to_table')) },
  regexp_split_to_table: {
    rows: (_, text, pattern, flags) => single(splitByRegex(text as string, pattern as string, flags as string, 'regexp_split_to_table')),
  },
  text_to_table: { rows: (_, text, separator) => (text === null ? [] : single(splitText(text as string, separator as string | null, null))) },
  text_to_table_null: {
    rows: (_, text, separator, nullText) => (text === null ? [] : single(splitText(text as string, separator as string | null, nullText as string | null))),
  },
};
