/** The English names that templates show and read, and ordinal endings. */
export const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] as const;
export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export const romanMonths = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII'] as const;

/** st, nd, rd or th for a number's digits. */
export function ordinalEnding(digits: string): string {
  const last = digits.charCodeAt(digits.length - 1) - 48;
  const teens = digits.length > 1 && digits.charAt(digits.length - 2) === '1';
  if (teens) return 'th';
  return last === 1 ? 'st' : last === 2 ? 'nd' : last === 3 ? 'rd' : 'th';
}

const romanParts: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

export function romanNumeral(value: number): string {
  let left = value;
  let text = '';
  for (const [size, letters] of romanParts) {
    while (left >= size) {
      text += letters;
      left -= size;
    }
  }
  return text;
}
