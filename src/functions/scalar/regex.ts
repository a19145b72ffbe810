/** Regular expression operators and functions (PostgreSQL 15, chapter 9.7.3). */
import { PgError } from '../../common/errors.js';
import { formatArray, vector } from '../array-value.js';
import type { Kernel, KernelValue } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { characterIndex, unitOffset } from '../text/characters.js';
import { similarToRegex } from '../text/pattern.js';
import { expandReplacement, matchesOf, type Regex, type RegexMatch, regexOf } from '../text/regex.js';
import { defaultFlags, parseFlags, type RegexFlags } from '../text/regex-flags.js';

function noGlobal(name: string, flagsText: string): RegexFlags {
  const flags = parseFlags(flagsText);
  if (flags.global) {
    const hint = name === 'regexp_match' ? { hint: 'Use the regexp_matches function instead.' } : {};
    throw new PgError('22023', `${name}() does not support the "global" option`, hint);
  }
  return flags;
}

function parameterError(name: string, value: number): PgError {
  return new PgError('22023', `invalid value for parameter "${name}": ${value}`);
}

function atLeast(name: string, value: number, least: number): void {
  if (value < least) throw parameterError(name, value);
}

/** The whole match without parentheses, else the parenthesised parts, as regexp_match returns them. */
export function matchArray(regex: Regex, match: RegexMatch): string {
  return formatArray(vector(regex.groupCount === 0 ? [match.text] : match.groups));
}

function replace(text: string, pattern: string, replacement: string, flags: RegexFlags, start: number, n: number): string {
  const regex = regexOf(pattern, flags);
  const all = n === 0;
  const matches = matchesOf(regex, text, all || n > 1, false, unitOffset(text, start - 1));
  let result = '';
  let at = 0;
  matches.forEach((match, index) => {
    if (!all && index + 1 !== n) return;
    result += text.slice(at, match.start) + expandReplacement(replacement, match);
    at = match.end;
  });
  return result + text.slice(at);
}

/** regexp_split: the parts between the matches that are not degenerate. */
export function splitByRegex(text: string, pattern: string, flagsText: string, name: string): string[] {
  const flags = noGlobal(name, flagsText);
  const parts: string[] = [];
  let at = 0;
  for (const match of matchesOf(regexOf(pattern, flags), text, true, true)) {
    parts.push(text.slice(at, match.start));
    at = match.end;
  }
  parts.push(text.slice(at));
  return parts;
}

function count(text: string, pattern: string, start: number, flagsText: string): number {
  atLeast('start', start, 1);
  const flags = noGlobal('regexp_count', flagsText);
  if (start > text.length + 1) return 0;
  return matchesOf(regexOf(pattern, flags), text, true, false, unitOffset(text, start - 1)).length;
}

/** The n-th match from a position, if there is one. */
function nth(text: string, pattern: string, start: number, n: number, flags: RegexFlags): { regex: Regex; match: RegexMatch | undefined } {
  const regex = regexOf(pattern, flags);
  if (start > text.length + 1) return { regex, match: undefined };
  const matches = matchesOf(regex, text, n > 1, false, unitOffset(text, start - 1));
  return { regex, match: matches[n - 1] };
}

function instr(text: string, pattern: string, start: number, n: number, endOption: number, flagsText: string, part: number): number {
  atLeast('start', start, 1);
  atLeast('n', n, 1);
  if (endOption !== 0 && endOption !== 1) throw parameterError('endoption', endOption);
  atLeast('subexpr', part, 0);
  const { regex, match } = nth(text, pattern, start, n, noGlobal('regexp_instr', flagsText));
  if (match === undefined || part > match.groups.length) return 0;
  const spans = part === 0 ? [match.start, match.end] : regex.spans(text, match.start);
  const from = spans?.[2 * part] ?? -1;
  const to = spans?.[2 * part + 1] ?? -1;
  if (from < 0) return 0;
  return characterIndex(text, endOption === 1 ? to : from) + 1;
}

function substr(text: string, pattern: string, start: number, n: number, flagsText: string, part: number): string | null {
  atLeast('start', start, 1);
  atLeast('n', n, 1);
  atLeast('subexpr', part, 0);
  const { match } = nth(text, pattern, start, n, noGlobal('regexp_substr', flagsText));
  if (match === undefined || part > match.groups.length) return null;
  return part === 0 ? match.text : (match.groups[part - 1] ?? null);
}

const ignoreCase: RegexFlags = { ...defaultFlags, ignoreCase: true };

function matching(flags: RegexFlags, wanted: boolean): ScalarImplementation {
  return { kernel: (_, text, pattern) => regexOf(pattern as string, flags).test(text as string) === wanted };
}

/** A kernel over texts and integers, with the missing trailing arguments filled in. */
function withDefaults(defaults: readonly KernelValue[], compute: (...args: never[]) => KernelValue): { readonly kernel: Kernel } {
  const call = compute as unknown as (...args: KernelValue[]) => KernelValue;
  return { kernel: (_, ...args) => call(...args, ...defaults) };
}

export const regexFunctions: ScalarImplementations = {
  textregexeq: matching(defaultFlags, true),
  textregexne: matching(defaultFlags, false),
  nameregexeq: matching(defaultFlags, true),
  nameregexne: matching(defaultFlags, false),
  texticregexeq: matching(ignoreCase, true),
  texticregexne: matching(ignoreCase, false),
  nameicregexeq: matching(ignoreCase, true),
  nameicregexne: matching(ignoreCase, false),
  textregexsubstr: {
    kernel: (_, text, pattern) => {
      const match = regexOf(pattern as string).exec(text as string);
      return match === undefined ? null : match.groups.length > 0 ? (match.groups[0] ?? null) : match.text;
    },
  },
  substring_2074: {
    kernel: (_, text, pattern, escape) => similarSubstring(text as string, pattern as string, escape as string),
  },
  regexp_match_no_flags: withDefaults([''], (text: string, pattern: string, flags: string) => firstMatch(text, pattern, flags)),
  regexp_match: withDefaults([], (text: string, pattern: string, flags: string) => firstMatch(text, pattern, flags)),
  regexp_like_no_flags: matching(defaultFlags, true),
  regexp_like: withDefaults([], (text: string, pattern: string, flags: string) => regexOf(pattern, noGlobal('regexp_like', flags)).test(text)),
  textregexreplace_noopt: withDefaults([], (text: string, pattern: string, replacement: string) => replace(text, pattern, replacement, defaultFlags, 1, 1)),
  textregexreplace: withDefaults([], (text: string, pattern: string, replacement: string, flagsText: string) => {
    if (/^[0-9]/.test(flagsText)) {
      throw new PgError('22023', `invalid regular expression option: "${flagsText.charAt(0)}"`, {
        hint: 'If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.',
      });
    }
    const flags = parseFlags(flagsText);
    return replace(text, pattern, replacement, flags, 1, flags.global ? 0 : 1);
  }),
  textregexreplace_extended_no_n: withDefaults([1, ''], replaceExtended),
  textregexreplace_extended_no_flags: withDefaults([''], replaceExtended),
  textregexreplace_extended: withDefaults([], replaceExtended),
  regexp_split_to_array_no_flags: withDefaults([], (text: string, pattern: string) =>
    formatArray(vector(splitByRegex(text, pattern, '', 'regexp_split_to_array'))),
  ),
  regexp_split_to_array: withDefaults([], (text: string, pattern: string, flags: string) =>
    formatArray(vector(splitByRegex(text, pattern, flags, 'regexp_split_to_array'))),
  ),
  regexp_count_no_start: withDefaults([1, ''], count),
  regexp_count_no_flags: withDefaults([''], count),
  regexp_count: withDefaults([], count),
  regexp_instr_no_start: withDefaults([1, 1, 0, '', 0], instr),
  regexp_instr_no_n: withDefaults([1, 0, '', 0], instr),
  regexp_instr_no_endoption: withDefaults([0, '', 0], instr),
  regexp_instr_no_flags: withDefaults(['', 0], instr),
  regexp_instr_no_subexpr: withDefaults([0], instr),
  regexp_instr: withDefaults([], instr),
  regexp_substr_no_start: withDefaults([1, 1, '', 0], substr),
  regexp_substr_no_n: withDefaults([1, '', 0], substr),
  regexp_substr_no_flags: withDefaults(['', 0], substr),
  regexp_substr_no_subexpr: withDefaults([0], substr),
  regexp_substr: withDefaults([], substr),
};

function firstMatch(text: string, pattern: string, flagsText: string): string | null {
  const regex = regexOf(pattern, noGlobal('regexp_match', flagsText));
  const match = regex.exec(text);
  return match === undefined ? null : matchArray(regex, match);
}

function replaceExtended(text: string, pattern: string, replacement: string, start: number, n: number, flagsText: string): string {
  atLeast('start', start, 1);
  atLeast('n', n, 0);
  const flags = parseFlags(flagsText);
  return replace(text, pattern, replacement, flags, start, n);
}

function similarSubstring(text: string, pattern: string, escape: string): string | null {
  const match = regexOf(similarToRegex(pattern, escape)).exec(text);
  return match === undefined ? null : match.groups.length > 0 ? (match.groups[0] ?? null) : match.text;
}
