/**
 * What many requests at one port have in common crosses it once: long texts (SQL), and the constant parts of objects that their makers name with `derived`
 * (the settings in a statement's context). The sender keeps the numbers of what the other side has, oldest forgotten first; definitions and forgettings travel with the
 * requests. Used by common/rpc only, but for `derived`.
 */

/** Request parts that stand for something sent before. */
interface Reference {
  /** Number of a text or of a constant part. */
  readonly '@': number;
  /** What comes on top of a constant part. */
  readonly own?: object;
}

export interface Definitions {
  readonly define: readonly (readonly [number, unknown])[];
  readonly forget: readonly number[];
}

const textLengthMin = 32;
const textLengthMax = 16_384;
const partsMax = 1000;
const depthMax = 3;

interface Derivation {
  /** The object that this is about: a copy of it may be something else. */
  readonly whole: object;
  readonly constant: object;
  readonly own: object;
}

/** Where objects hold their derivations: neither keys nor clones show it. (A WeakMap would cost every statement, and the collector of garbage, more than the rest.) */
const derivation = Symbol('derivation');

/** Says that `whole` is `constant` with `own` laid over it, where `constant` stays the same object over many requests. */
export function derived<T extends object>(whole: T, constant: object, own: object): T {
  (whole as { [derivation]?: Derivation })[derivation] = { whole, constant, own };
  return whole;
}

/** What `derived` has been told of an object. */
export function derivationOf(whole: object): { readonly constant: object; readonly own: object } | undefined {
  const known = (whole as { readonly [derivation]?: Derivation })[derivation];
  return known?.whole === whole ? known : undefined;
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** The sender's side of one port. */
export class PartSender {
  private readonly numbers = new Map<string | object, number>();
  private next = 1;
  private define: (readonly [number, unknown])[] = [];
  private forget: number[] = [];

  /** The request with references in place of what the other side knows. */
  encode(value: unknown, depth = 0): unknown {
    if (typeof value === 'string')
      return value.length >= textLengthMin && value.length <= textLengthMax ? ({ '@': this.number(value) } satisfies Reference) : value;
    if (typeof value !== 'object' || value === null) return value;
    const known = derivationOf(value);
    if (known !== undefined) return { '@': this.number(known.constant), own: known.own } satisfies Reference;
    if (depth >= depthMax || !isPlain(value)) return value;
    const encoded: Record<string, unknown> = {};
    for (const key of Object.keys(value)) encoded[key] = this.encode((value as Record<string, unknown>)[key], depth + 1);
    return encoded;
  }

  /** What the other side must know, or may forget, with the requests encoded since the last call. */
  takeDefinitions(): Definitions | undefined {
    if (this.define.length === 0) return undefined;
    const { define, forget } = this;
    this.define = [];
    this.forget = [];
    return { define, forget };
  }

  private number(part: string | object): number {
    let number = this.numbers.get(part);
    if (number === undefined) {
      if (this.numbers.size >= partsMax) this.forgetOldest();
      number = this.next++;
      this.numbers.set(part, number);
      this.define.push([number, part]);
    }
    return number;
  }

  private forgetOldest(): void {
    for (const [oldest, number] of this.numbers) {
      this.numbers.delete(oldest);
      this.forget.push(number);
      return;
    }
  }
}

type Members = Record<string, unknown>;

/** A constant part at the receiver, and the last object that was made with it. */
class ConstantPart {
  private template: Members | undefined;
  private templateKeys = 0;

  constructor(private readonly constant: object) {}

  /** The constant part with `own` laid over it: a copy of an object that has all of its members already, for adding them one by one takes fifty times as long. */
  with(own: object): object {
    const keys = Object.keys(own);
    if (this.template === undefined || keys.length !== this.templateKeys || !keys.every((key) => Object.hasOwn(this.template as Members, key))) {
      this.template = { ...this.constant, ...own };
      this.templateKeys = keys.length;
    }
    const whole = { ...this.template };
    for (const key of keys) whole[key] = (own as Members)[key];
    return whole;
  }
}

/** The receiver's side. */
export class PartReceiver {
  private readonly parts = new Map<number, string | ConstantPart>();

  learn({ define }: Definitions): void {
    for (const [number, part] of define) this.parts.set(number, typeof part === 'string' ? part : new ConstantPart(part as object));
  }

  /** After the requests that came with it. */
  unlearn({ forget }: Definitions): void {
    for (const number of forget) this.parts.delete(number);
  }

  decode(value: unknown, depth = 0): unknown {
    if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
    const number = (value as Partial<Reference>)['@'];
    if (number !== undefined) {
      const part = this.parts.get(number);
      return part instanceof ConstantPart ? part.with((value as Reference).own ?? {}) : part;
    }
    if (depth >= depthMax) return value;
    const object = value as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      const member = object[key];
      if (typeof member === 'object' && member !== null) object[key] = this.decode(member, depth + 1);
    }
    return object;
  }
}
