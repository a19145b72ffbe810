/**
 * The geometric types: point, lseg, line, box, path, polygon and circle. A value is TEXT in PostgreSQL's output form with the shortest digits; here are the shapes that the
 * functions (functions/geometry) compute with, and the codecs. Source: PostgreSQL 15, chapter 8.8, and geo_ops.c for what texts are taken.
 */
import { PgError } from '../common/errors.js';
import { exactView, insufficientData, invalidInput, isSpace, viewOf } from './binary.js';
import { float8Codec, formatFloat8 } from './float.js';
import type { TypeCodec } from './pg-type.js';
import { canonicalContext } from './value.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A segment's ends. */
export type Segment = readonly [Point, Point];

/** Ax + By + C = 0. */
export interface Line {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface Box {
  readonly high: Point;
  readonly low: Point;
}

export interface Path {
  readonly closed: boolean;
  readonly points: readonly Point[];
}

export interface Circle {
  readonly center: Point;
  readonly radius: number;
}

/** The numbers of a text in output form. */
function numbersOf(text: string): number[] {
  return (text.match(/[^(),<>[\]{}]+/g) ?? []).map(Number);
}

function pointsOf(text: string): Point[] {
  const numbers = numbersOf(text);
  const points: Point[] = [];
  for (let n = 0; n + 1 < numbers.length; n += 2) points.push({ x: numbers[n] as number, y: numbers[n + 1] as number });
  return points;
}

export function readPoint(text: string): Point {
  const [x = 0, y = 0] = numbersOf(text);
  return { x, y };
}
export function readSegment(text: string): Segment {
  return pointsOf(text) as unknown as Segment;
}
export function readLine(text: string): Line {
  const [a = 0, b = 0, c = 0] = numbersOf(text);
  return { a, b, c };
}
export function readBox(text: string): Box {
  const [high, low] = pointsOf(text) as [Point, Point];
  return { high, low };
}
export function readPath(text: string): Path {
  return { closed: text.startsWith('('), points: pointsOf(text) };
}
export function readPolygon(text: string): readonly Point[] {
  return pointsOf(text);
}
export function readCircle(text: string): Circle {
  const [x = 0, y = 0, radius = 0] = numbersOf(text);
  return { center: { x, y }, radius };
}

const pair = ({ x, y }: Point, digits: number): string => `(${formatFloat8(x, digits)},${formatFloat8(y, digits)})`;
const pairs = (points: readonly Point[], digits: number): string => points.map((point) => pair(point, digits)).join(',');

export function writePoint(point: Point, digits = 1): string {
  return pair(point, digits);
}
export function writeSegment(segment: Segment, digits = 1): string {
  return `[${pairs(segment, digits)}]`;
}
export function writeLine({ a, b, c }: Line, digits = 1): string {
  return `{${formatFloat8(a, digits)},${formatFloat8(b, digits)},${formatFloat8(c, digits)}}`;
}
export function writeBox({ high, low }: Box, digits = 1): string {
  return pairs([high, low], digits);
}
export function writePath({ closed, points }: Path, digits = 1): string {
  return closed ? `(${pairs(points, digits)})` : `[${pairs(points, digits)}]`;
}
export function writePolygon(points: readonly Point[], digits = 1): string {
  return `(${pairs(points, digits)})`;
}
export function writeCircle({ center, radius }: Circle, digits = 1): string {
  return `<${pair(center, digits)},${formatFloat8(radius, digits)}>`;
}

/** A box from two opposite corners. */
export function boxOf(p: Point, q: Point): Box {
  const above = (a: number, b: number): boolean => a > b || (a !== a && b === b);
  const [highX, lowX] = above(p.x, q.x) ? [p.x, q.x] : [q.x, p.x];
  const [highY, lowY] = above(p.y, q.y) ? [p.y, q.y] : [q.y, p.y];
  return { high: { x: highX, y: highY }, low: { x: lowX, y: lowY } };
}

export const epsilon = 1e-6;
export const nearlyZero = (value: number): boolean => Math.abs(value) <= epsilon;
export const nearlyEqual = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= epsilon;

export function samePoint(p: Point, q: Point): boolean {
  if (p.x !== p.x || p.y !== p.y || q.x !== q.x || q.y !== q.y) return Object.is(p.x + 0, q.x + 0) && Object.is(p.y + 0, q.y + 0);
  return nearlyEqual(p.x, q.x) && nearlyEqual(p.y, q.y);
}

/** The line through a point with a slope. */
export function lineThrough({ x, y }: Point, slope: number): Line {
  if (slope === Infinity || slope === -Infinity) return { a: -1, b: 0, c: x };
  if (slope === 0) return { a: 0, b: -1, c: y };
  return { a: slope, b: -1, c: y - slope * x + 0 };
}

export function slopeOf(p: Point, q: Point): number {
  if (nearlyEqual(p.x, q.x)) return Infinity;
  if (nearlyEqual(p.y, q.y)) return 0;
  return (p.y - q.y) / (p.x - q.x);
}

/** Reads the texts that geo_ops.c takes: parentheses may be left out or doubled. */
class Reader {
  at = 0;

  constructor(
    readonly text: string,
    readonly type: string,
  ) {}

  invalid(): PgError {
    return invalidInput(this.type, this.text);
  }

  skip(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at++;
  }

  get next(): string {
    return this.text.charAt(this.at);
  }

  take(character: string): void {
    if (this.next !== character) throw this.invalid();
    this.at++;
  }

  number(): number {
    const match = /^[\s\v]*([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))[\s\v]*/i.exec(this.text.slice(this.at));
    if (match === null) throw this.invalid();
    this.at += match[0].length;
    return Number(float8Codec.parse(match[1] as string, -1, canonicalContext));
  }

  pair(): Point {
    this.skip();
    const delimited = this.next === '(';
    if (delimited) this.at++;
    const x = this.number();
    this.take(',');
    const y = this.number();
    if (delimited) {
      this.take(')');
      this.skip();
    }
    return { x, y };
  }

  /** Points with their delimiters; `open`: brackets are allowed and mean an open path. */
  points(count: number, open: boolean): { readonly points: Point[]; readonly isOpen: boolean } {
    this.skip();
    let depth = 0;
    const isOpen = this.next === '[';
    if (isOpen) {
      if (!open) throw this.invalid();
      depth++;
      this.at++;
    } else if (this.next === '(') {
      let after = this.at + 1;
      while (isSpace(this.text.charCodeAt(after))) after++;
      if (this.text.charAt(after) === '(' || this.text.lastIndexOf('(') === this.at) {
        depth++;
        this.at = after;
      }
    }
    const points: Point[] = [];
    for (let n = 0; n < count; n++) {
      points.push(this.pair());
      if (this.next === ',') this.at++;
    }
    while (depth > 0) {
      if (this.next !== ')' && !(this.next === ']' && isOpen && depth === 1)) throw this.invalid();
      depth--;
      this.at++;
      this.skip();
    }
    return { points, isOpen };
  }

  end(): void {
    if (this.at < this.text.length) throw this.invalid();
  }

  /** How many points the commas make; 22P02 for a number that makes none. */
  count(): number {
    const commas = this.text.split(',').length - 1;
    if (commas % 2 === 0) throw this.invalid();
    return (commas + 1) / 2;
  }
}

function twoPoints(reader: Reader, open: boolean): Segment {
  const { points } = reader.points(2, open);
  reader.end();
  return points as unknown as Segment;
}

function parseLine(text: string): Line {
  const reader = new Reader(text, 'line');
  reader.skip();
  if (reader.next !== '{') {
    const [p, q] = twoPoints(reader, true);
    if (samePoint(p, q)) throw new PgError('22P02', 'invalid line specification: must be two distinct points');
    return lineThrough(p, slopeOf(p, q));
  }
  reader.at++;
  const a = reader.number();
  reader.take(',');
  const b = reader.number();
  reader.take(',');
  const c = reader.number();
  reader.take('}');
  reader.skip();
  reader.end();
  if (nearlyZero(a) && nearlyZero(b)) throw new PgError('22P02', 'invalid line specification: A and B cannot both be zero');
  return { a, b, c };
}

function parsePath(text: string): Path {
  const reader = new Reader(text, 'path');
  const count = reader.count();
  reader.skip();
  const single = reader.next === '(' && text.lastIndexOf('(') === reader.at;
  if (single) reader.at++;
  const { points, isOpen } = reader.points(count, true);
  if (single) {
    reader.take(')');
    reader.skip();
  }
  reader.end();
  return { closed: !isOpen, points };
}

function parsePolygon(text: string): readonly Point[] {
  const reader = new Reader(text, 'polygon');
  const { points } = reader.points(reader.count(), false);
  reader.end();
  return points;
}

function parseCircle(text: string): Circle {
  const reader = new Reader(text, 'circle');
  let depth = 0;
  reader.skip();
  if (reader.next === '<') {
    depth++;
    reader.at++;
  } else if (reader.next === '(') {
    let after = reader.at + 1;
    while (isSpace(text.charCodeAt(after))) after++;
    if (text.charAt(after) === '(') {
      depth++;
      reader.at = after;
    }
  }
  const center = reader.pair();
  if (reader.next === ',') reader.at++;
  const radius = reader.number();
  if (radius < 0) throw reader.invalid();
  while (depth > 0) {
    if (reader.next !== ')' && !(reader.next === '>' && depth === 1)) throw reader.invalid();
    depth--;
    reader.at++;
    reader.skip();
  }
  reader.end();
  return { center, radius };
}

/** A codec of a shape. `numbers` and `from` are its binary form where that is a fixed number of float8. */
function shapeCodec<T>(
  parse: (text: string) => T,
  read: (text: string) => T,
  write: (shape: T, digits?: number) => string,
  decodeBinary: (bytes: Uint8Array) => T,
  encodeBinary: (shape: T) => Uint8Array,
): TypeCodec {
  return {
    physical: 'text',
    wide: false,
    contextual: true,
    parse: (text) => write(parse(text)),
    format: (value, _typmod, context) => (context.extraFloatDigits === 1 ? String(value) : write(read(String(value)), context.extraFloatDigits)),
    decodeBinary: (bytes) => write(decodeBinary(bytes)),
    encodeBinary: (value) => encodeBinary(read(String(value))),
  };
}

function doubles(count: number): (bytes: Uint8Array) => number[] {
  return (bytes) => {
    const view = exactView(bytes, 8 * count);
    return Array.from({ length: count }, (_, n) => view.getFloat64(8 * n));
  };
}

function doubleBytes(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * numbers.length);
  const view = viewOf(bytes);
  numbers.forEach((number, n) => view.setFloat64(8 * n, number));
  return bytes;
}

const twoDoubles = doubles(2);
const threeDoubles = doubles(3);
const fourDoubles = doubles(4);

export const pointCodec = shapeCodec<Point>(
  (text) => {
    const reader = new Reader(text, 'point');
    const point = reader.pair();
    reader.end();
    return point;
  },
  readPoint,
  writePoint,
  (bytes) => {
    const [x, y] = twoDoubles(bytes) as [number, number];
    return { x, y };
  },
  ({ x, y }) => doubleBytes(x, y),
);

export const segmentCodec = shapeCodec<Segment>(
  (text) => twoPoints(new Reader(text, 'lseg'), true),
  readSegment,
  writeSegment,
  (bytes) => {
    const [a, b, c, d] = fourDoubles(bytes) as [number, number, number, number];
    return [
      { x: a, y: b },
      { x: c, y: d },
    ];
  },
  ([p, q]) => doubleBytes(p.x, p.y, q.x, q.y),
);

export const boxCodec = shapeCodec<Box>(
  (text) => {
    const [p, q] = twoPoints(new Reader(text, 'box'), false);
    return boxOf(p, q);
  },
  readBox,
  writeBox,
  (bytes) => {
    const [a, b, c, d] = fourDoubles(bytes) as [number, number, number, number];
    return boxOf({ x: a, y: b }, { x: c, y: d });
  },
  ({ high, low }) => doubleBytes(high.x, high.y, low.x, low.y),
);

export const lineCodec = shapeCodec<Line>(
  parseLine,
  readLine,
  writeLine,
  (bytes) => {
    const [a, b, c] = threeDoubles(bytes) as [number, number, number];
    if (nearlyZero(a) && nearlyZero(b)) throw new PgError('22P03', 'invalid line specification: A and B cannot both be zero');
    return { a, b, c };
  },
  ({ a, b, c }) => doubleBytes(a, b, c),
);

export const circleCodec = shapeCodec<Circle>(
  parseCircle,
  readCircle,
  writeCircle,
  (bytes) => {
    const [x, y, radius] = threeDoubles(bytes) as [number, number, number];
    if (radius < 0) throw new PgError('22P03', 'invalid radius in external "circle" value');
    return { center: { x, y }, radius };
  },
  ({ center, radius }) => doubleBytes(center.x, center.y, radius),
);

/** A count and its points. */
function decodePoints(bytes: Uint8Array, type: string): Point[] {
  if (bytes.byteLength < 4) throw insufficientData();
  const count = viewOf(bytes).getInt32(0);
  if (count <= 0 || count > 134_217_727) throw new PgError('22P03', `invalid number of points in external "${type}" value`);
  const numbers = doubles(2 * count)(bytes.subarray(4));
  return Array.from({ length: count }, (_, n) => ({ x: numbers[2 * n] as number, y: numbers[2 * n + 1] as number }));
}

function encodePoints(points: readonly Point[]): Uint8Array {
  const count = new Uint8Array(4);
  viewOf(count).setInt32(0, points.length);
  return Buffer.concat([count, doubleBytes(...points.flatMap(({ x, y }) => [x, y]))]);
}

export const pathCodec = shapeCodec<Path>(
  parsePath,
  readPath,
  writePath,
  (bytes) => {
    if (bytes.byteLength < 1) throw insufficientData();
    return { closed: bytes[0] !== 0, points: decodePoints(bytes.subarray(1), 'path') };
  },
  ({ closed, points }) => Buffer.concat([Uint8Array.of(closed ? 1 : 0), encodePoints(points)]),
);

export const polygonCodec = shapeCodec<readonly Point[]>(parsePolygon, readPolygon, writePolygon, (bytes) => decodePoints(bytes, 'polygon'), encodePoints);
