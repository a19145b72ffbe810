/** The flags of regular expressions: the letters of a flags argument and of `(?...)` at a pattern's start, and the error that all readers of patterns raise. */
import { PgError } from '../../common/errors.js';

export interface RegexFlags {
  readonly global: boolean;
  readonly ignoreCase: boolean;
  /** `.` and negated brackets do not match newline (n, p). */
  readonly newlineStops: boolean;
  /** ^ and $ match at newlines (n, w). */
  readonly newlineAnchors: boolean;
  readonly expanded: boolean;
  readonly literal: boolean;
}

export const defaultFlags: RegexFlags = { global: false, ignoreCase: false, newlineStops: false, newlineAnchors: false, expanded: false, literal: false };

/** Reads the letters of a flags argument. */
export function parseFlags(text: string): RegexFlags {
  let flags = defaultFlags;
  for (const letter of text) {
    if (letter === 'g') flags = { ...flags, global: true };
    else {
      const next = applyLetter(flags, letter);
      if (next === undefined) throw new PgError('22023', `invalid regular expression option: "${letter}"`);
      flags = next;
    }
  }
  return flags;
}

/** The flags with one more letter; undefined for a letter that means nothing. */
export function applyLetter(flags: RegexFlags, letter: string): RegexFlags | undefined {
  switch (letter) {
    case 'b':
      throw new PgError('0A000', 'basic regular expressions are not supported');
    case 'c':
      return { ...flags, ignoreCase: false };
    case 'e':
    case 't':
      return flags;
    case 'i':
      return { ...flags, ignoreCase: true };
    case 'm':
    case 'n':
      return { ...flags, newlineStops: true, newlineAnchors: true };
    case 'p':
      return { ...flags, newlineStops: true, newlineAnchors: false };
    case 'q':
      return { ...flags, literal: true };
    case 's':
      return { ...flags, newlineStops: false, newlineAnchors: false };
    case 'w':
      return { ...flags, newlineStops: false, newlineAnchors: true };
    case 'x':
      return { ...flags, expanded: true };
    default:
      return undefined;
  }
}

/** 2201B with the library's reason. */
export function invalid(reason: string): PgError {
  return new PgError('2201B', `invalid regular expression: ${reason}`);
}
