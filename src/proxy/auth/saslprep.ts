/**
 * SASLprep (RFC 4013) of passwords, with PostgreSQL's leniency: what the profile prohibits is used as it is. Called by auth/scram-verifier.ts.
 * Source: RFC 3454 (tables B.1, C.1.2 to C.9, D.1), PostgreSQL 15's saslprep.c.
 */

const spaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
const mappedToNothing = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;
/** Controls, private use, no characters, surrogates, what is no plain text, tagging, changes of display; and what Unicode has not assigned. */
const prohibited =
  /[\u0000-\u001f\u007f-\u009f\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u{1d173}-\u{1d17a}\p{Co}\p{Cs}\p{Cn}\u2ff0-\u2ffb\u0340\u0341\u200e\u200f\u202a-\u202e\u{e0001}\u{e0020}-\u{e007f}]/u;
/** Table D.1: written from right to left. */
const rightToLeft =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/u;

/** Text of both directions, or one that begins or ends without its direction. */
function mixesDirections(text: string): boolean {
  if (!rightToLeft.test(text)) return false;
  const characters = Array.from(text);
  const isRight = (character: string | undefined): boolean => character !== undefined && rightToLeft.test(character);
  return (
    characters.some((character) => /\p{L}/u.test(character) && !isRight(character)) || !isRight(characters[0]) || !isRight(characters[characters.length - 1])
  );
}

/** The prepared password; the password itself when it cannot be prepared. */
export function saslPrepare(password: string): string {
  if (/^[\u0000-\u007f]*$/.test(password)) return password;
  const prepared = password.replace(spaces, ' ').replace(mappedToNothing, '').normalize('NFKC');
  return prepared === '' || prohibited.test(prepared) || mixesDirections(prepared) ? password : prepared;
}
