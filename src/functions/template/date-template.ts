/**
 * Date and time templates: cut into nodes once and kept in a cache. Source: PostgreSQL 15, table 9.27 and 9.28.
 */

/** Upper-case keyword of a node; `shown` is how it was spelled, which decides the case of what it shows. */
export interface FieldNode {
  readonly kind: 'field';
  readonly key: string;
  readonly shown: string;
  /** FM: no padding; when reading, as many characters as there are. */
  readonly fill: boolean;
  /** TM: localized names, never padded. */
  readonly translated: boolean;
  readonly ordinal: 'TH' | 'th' | undefined;
}
export interface LiteralNode {
  readonly kind: 'space' | 'separator' | 'text';
  readonly text: string;
}
export type TemplateNode = FieldNode | LiteralNode;

const upperKeys = [
  'A.D.',
  'A.M.',
  'AD',
  'AM',
  'B.C.',
  'BC',
  'CC',
  'DAY',
  'DDD',
  'DD',
  'DY',
  'D',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'FX',
  'HH24',
  'HH12',
  'HH',
  'IDDD',
  'ID',
  'IW',
  'IYYY',
  'IYY',
  'IY',
  'I',
  'J',
  'MI',
  'MM',
  'MONTH',
  'MON',
  'MS',
  'OF',
  'P.M.',
  'PM',
  'Q',
  'RM',
  'SSSSS',
  'SSSS',
  'SS',
  'TZH',
  'TZM',
  'TZ',
  'US',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
] as const;

/** Spellings by first character, longest first. */
const spellings = new Map<string, string[]>();
for (const key of [...upperKeys, ...upperKeys.map((upper) => upper.toLowerCase()), 'Day', 'Dy', 'Month', 'Mon']) {
  const list = spellings.get(key.charAt(0)) ?? [];
  list.push(key);
  spellings.set(key.charAt(0), list);
}
for (const list of spellings.values()) list.sort((a, b) => b.length - a.length);

/** Fields whose input is digits, so that the field before them must have its exact width. */
const digitKeys: ReadonlySet<string> = new Set([
  'CC',
  'DDD',
  'DD',
  'D',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'HH24',
  'HH12',
  'HH',
  'IDDD',
  'ID',
  'IW',
  'IYYY',
  'IYY',
  'IY',
  'I',
  'J',
  'MI',
  'MM',
  'MS',
  'Q',
  'SSSSS',
  'SSSS',
  'SS',
  'TZM',
  'US',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
]);

const cache = new Map<string, readonly TemplateNode[]>();

export function dateTemplate(text: string): readonly TemplateNode[] {
  let nodes = cache.get(text);
  if (nodes === undefined) {
    if (cache.size > 500) cache.clear();
    cache.set(text, (nodes = parse(text)));
  }
  return nodes;
}

function isSeparator(character: string): boolean {
  return /^[!-/:-@[-`{-~]$/.test(character);
}

function literal(character: string): LiteralNode {
  return { kind: /^\s$/.test(character) ? 'space' : isSeparator(character) ? 'separator' : 'text', text: character };
}

function parse(text: string): readonly TemplateNode[] {
  const nodes: TemplateNode[] = [];
  let at = 0;
  while (at < text.length) {
    let fill = false;
    let translated = false;
    let from = at;
    for (;;) {
      const prefix = text.slice(from, from + 2);
      if (prefix === 'FM' || prefix === 'fm') fill = true;
      else if (prefix === 'TM' || prefix === 'tm') translated = true;
      else break;
      from += 2;
    }
    const shown = spellings.get(text.charAt(from))?.find((key) => text.startsWith(key, from));
    if (shown !== undefined) {
      at = from + shown.length;
      let ordinal: FieldNode['ordinal'];
      const suffix = text.slice(at, at + 2);
      if (suffix === 'TH' || suffix === 'th') {
        ordinal = suffix;
        at += 2;
      } else if (suffix === 'SP') {
        at += 2;
      }
      nodes.push({ kind: 'field', key: shown.toUpperCase(), shown, fill, translated, ordinal });
      continue;
    }
    at = from;
    if (at >= text.length) break;
    const character = String.fromCodePoint(text.codePointAt(at) as number);
    if (character === '"') {
      at++;
      while (at < text.length && text.charAt(at) !== '"') {
        if (text.charAt(at) === '\\' && at + 1 < text.length) at++;
        const quoted = String.fromCodePoint(text.codePointAt(at) as number);
        nodes.push({ kind: 'text', text: quoted });
        at += quoted.length;
      }
      at++;
      continue;
    }
    if (character === '\\' && text.charAt(at + 1) === '"') at++;
    const plain = String.fromCodePoint(text.codePointAt(at) as number);
    nodes.push(literal(plain));
    at += plain.length;
  }
  return nodes;
}

/** True when the node after `index` cannot begin with a digit, so that the field may take as many digits as there are. */
export function endsAtSeparator(nodes: readonly TemplateNode[], index: number): boolean {
  const node = nodes[index];
  if (node?.kind === 'field' && node.ordinal !== undefined) return true;
  const next = nodes[index + 1];
  if (next === undefined) return true;
  return next.kind === 'field' ? !digitKeys.has(next.key) : !/^[0-9]$/.test(next.text);
}
