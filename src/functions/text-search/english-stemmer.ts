/**
 * The Snowball stemmer for English (Porter2), from its published description: https://snowballstem.org/algorithms/english/stemmer.html.
 * Used by the dictionary english_stem.
 */

const exceptions: ReadonlyMap<string, string> = new Map([
  ['skis', 'ski'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['idly', 'idl'],
  ['gently', 'gentl'],
  ['ugly', 'ugli'],
  ['early', 'earli'],
  ['only', 'onli'],
  ['singly', 'singl'],
  ...['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'].map((word) => [word, word] as const),
]);
const afterStepOneA: ReadonlySet<string> = new Set(['inning', 'outing', 'canning', 'herring', 'earring', 'proceed', 'exceed', 'succeed']);

const vowel = /[aeiouy]/;

/** Where the region after the first non-vowel that follows a vowel begins. */
function regionFrom(word: string, from: number): number {
  const match = /[aeiouy][^aeiouy]/.exec(word.slice(from));
  return match === null ? word.length : from + match.index + 2;
}

function firstRegion(word: string): number {
  const prefix = /^(?:gener|commun|arsen)/.exec(word);
  return prefix === null ? regionFrom(word, 0) : prefix[0].length;
}

const endsShort = (word: string): boolean => /[^aeiouy][aeiouy][^aeiouywxY]$/.test(word) || /^[aeiouy][^aeiouy]$/.test(word);

function stepOneB(word: string): string {
  const r1 = firstRegion(word);
  const eed = /eedly$|eed$/.exec(word);
  if (eed !== null) return eed.index >= r1 ? `${word.slice(0, eed.index)}ee` : word;
  const suffix = /ingly$|edly$|ing$|ed$/.exec(word);
  if (suffix === null || !vowel.test(word.slice(0, suffix.index))) return word;
  const stem = word.slice(0, suffix.index);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(stem)) return stem.slice(0, -1);
  // The region is the one of the word before the suffix went.
  return r1 >= stem.length && endsShort(stem) ? `${stem}e` : stem;
}

/** The longest suffix of a list, as [suffix, replacement]; the lists are sorted by length. */
function longest(word: string, rules: readonly (readonly [string, string])[]): readonly [string, string] | undefined {
  return rules.find(([suffix]) => word.endsWith(suffix));
}

const byLength = (rules: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] =>
  [...rules].sort((a, b) => b[0].length - a[0].length);

const stepTwoRules = byLength([
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['abli', 'able'],
  ['entli', 'ent'],
  ['izer', 'ize'],
  ['ization', 'ize'],
  ['ational', 'ate'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['alli', 'al'],
  ['fulness', 'ful'],
  ['ousli', 'ous'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['bli', 'ble'],
  ['ogi', 'og'],
  ['fulli', 'ful'],
  ['lessli', 'less'],
  ['li', ''],
]);

function stepTwo(word: string, r1: number): string {
  const rule = longest(word, stepTwoRules);
  if (rule === undefined) return word;
  const [suffix, replacement] = rule;
  const at = word.length - suffix.length;
  if (at < r1) return word;
  if (suffix === 'ogi' && word.charAt(at - 1) !== 'l') return word;
  if (suffix === 'li' && !/[cdeghkmnrt]/.test(word.charAt(at - 1))) return word;
  return word.slice(0, at) + replacement;
}

const stepThreeRules = byLength([
  ['tional', 'tion'],
  ['ational', 'ate'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
  ['ative', ''],
]);

function stepThree(word: string, r1: number, r2: number): string {
  const rule = longest(word, stepThreeRules);
  if (rule === undefined) return word;
  const at = word.length - rule[0].length;
  if (at < r1 || (rule[0] === 'ative' && at < r2)) return word;
  return word.slice(0, at) + rule[1];
}

const stepFourRules = byLength(
  'al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion'.split(' ').map((suffix): readonly [string, string] => [suffix, '']),
);

function stepFour(word: string, r2: number): string {
  const rule = longest(word, stepFourRules);
  if (rule === undefined) return word;
  const at = word.length - rule[0].length;
  if (at < r2 || (rule[0] === 'ion' && !/[st]/.test(word.charAt(at - 1)))) return word;
  return word.slice(0, at);
}

function stepFive(word: string, r1: number, r2: number): string {
  const at = word.length - 1;
  if (word.endsWith('e') && (at >= r2 || (at >= r1 && !endsShort(word.slice(0, -1))))) return word.slice(0, -1);
  if (word.endsWith('l') && at >= r2 && word.charAt(at - 1) === 'l') return word.slice(0, -1);
  return word;
}

/** The stem of a word in lower case. */
export function stemEnglish(given: string): string {
  const exception = exceptions.get(given);
  if (exception !== undefined) return exception;
  if (given.length <= 2) return given;
  let word = given.replace(/^'/, '');
  word = word.replace(/^y/, 'Y').replace(/([aeiouy])y/g, '$1Y');
  const r1 = firstRegion(word);
  const r2 = regionFrom(word, r1);

  word = word.replace(/(?:'s'|'s|')$/, '');
  if (word.endsWith('sses')) word = word.slice(0, -2);
  else if (/(?:ied|ies)$/.test(word)) word = word.length > 4 ? word.slice(0, -2) : word.slice(0, -1);
  else if (/[aeiouy].+s$/.test(word) && !/(?:us|ss)$/.test(word)) word = word.slice(0, -1);
  if (afterStepOneA.has(word)) return word;

  word = stepOneB(word);
  word = word.replace(/([^aeiouy])[yY]$/, (match, before: string, at: number) => (at === 0 ? match : `${before}i`));
  word = stepTwo(word, r1);
  word = stepThree(word, r1, r2);
  word = stepFour(word, r2);
  word = stepFive(word, r1, r2);
  return word.replace(/Y/g, 'y');
}
