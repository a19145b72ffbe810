/**
 * Computation with the geometric types, in the order of geo_ops.c so that the last digits agree: distances, intersections, closest points, containment.
 * Comparisons of coordinates are fuzzy (1e-6), as PostgreSQL's are. Used by scalar/geometry; knows no SQL.
 */
import {
  type Box,
  boxOf,
  type Circle,
  epsilon,
  type Line,
  lineThrough,
  nearlyEqual,
  nearlyZero,
  type Path,
  type Point,
  samePoint,
  type Segment,
  slopeOf,
} from '../../types/geometry.js';
import { compareFloats } from '../values.js';
import { floatDifference as minus, floatProduct as times, floatQuotient as over, floatSum as plus } from '../scalar/float.js';

export const less = (a: number, b: number): boolean => b - a > epsilon;
export const lessOrEqual = (a: number, b: number): boolean => a - b <= epsilon;
export const greater = (a: number, b: number): boolean => a - b > epsilon;
export const greaterOrEqual = (a: number, b: number): boolean => b - a <= epsilon;

/** C's Min and Max over floats, with NaN above all. */
const smaller = (a: number, b: number): number => (compareFloats(a, b) < 0 ? a : b);
const larger = (a: number, b: number): number => (compareFloats(a, b) > 0 ? a : b);

export function hypotenuse(width: number, height: number): number {
  if (Math.abs(width) === Infinity || Math.abs(height) === Infinity) return Infinity;
  if (width !== width || height !== height) return NaN;
  let x = Math.abs(width);
  let y = Math.abs(height);
  if (x < y) [x, y] = [y, x];
  if (y === 0) return x;
  const ratio = y / x;
  return times(x, Math.sqrt(1 + ratio * ratio));
}

export function distance(p: Point, q: Point): number {
  return hypotenuse(minus(p.x, q.x), minus(p.y, q.y));
}

/** The slope of a perpendicular. */
function inverseSlope(p: Point, q: Point): number {
  if (nearlyEqual(p.x, q.x)) return 0;
  if (nearlyEqual(p.y, q.y)) return Infinity;
  return over(minus(p.x, q.x), minus(q.y, p.y));
}

export function addPoints(p: Point, q: Point): Point {
  return { x: plus(p.x, q.x), y: plus(p.y, q.y) };
}
export function subtractPoints(p: Point, q: Point): Point {
  return { x: minus(p.x, q.x), y: minus(p.y, q.y) };
}
/** Points as complex numbers. */
export function multiplyPoints(p: Point, q: Point): Point {
  return { x: minus(times(p.x, q.x), times(p.y, q.y)), y: plus(times(p.x, q.y), times(p.y, q.x)) };
}
export function dividePoints(p: Point, q: Point): Point {
  const divisor = plus(times(q.x, q.x), times(q.y, q.y));
  return { x: over(plus(times(p.x, q.x), times(p.y, q.y)), divisor), y: over(minus(times(p.y, q.x), times(p.x, q.y)), divisor) };
}

export const middle = (p: Point, q: Point): Point => ({ x: over(plus(p.x, q.x), 2), y: over(plus(p.y, q.y), 2) });

// ------------------------------------------------------------------------------------------------------------- lines

export function lineSlope({ a, b }: Line): number {
  if (nearlyZero(a)) return 0;
  if (nearlyZero(b)) return Infinity;
  return over(a, -b);
}

function inverseLineSlope({ a, b }: Line): number {
  if (nearlyZero(a)) return Infinity;
  if (nearlyZero(b)) return 0;
  return over(b, a);
}

export function crossing(k: Line, l: Line): Point | undefined {
  let x: number;
  let y: number;
  if (!nearlyZero(k.b)) {
    if (nearlyEqual(l.a, times(k.a, over(l.b, k.b)))) return undefined;
    x = over(minus(times(k.b, l.c), times(l.b, k.c)), minus(times(k.a, l.b), times(l.a, k.b)));
    y = over(-plus(times(k.a, x), k.c), k.b);
  } else if (!nearlyZero(l.b)) {
    if (nearlyEqual(k.a, times(l.a, over(k.b, l.b)))) return undefined;
    x = over(minus(times(l.b, k.c), times(k.b, l.c)), minus(times(l.a, k.b), times(k.a, l.b)));
    y = over(-plus(times(l.a, x), l.c), l.b);
  } else {
    return undefined;
  }
  return { x: x + 0, y: y + 0 };
}

export function perpendicular(k: Line, l: Line): boolean {
  if (nearlyZero(k.a)) return nearlyZero(l.b);
  if (nearlyZero(l.a)) return nearlyZero(k.b);
  if (nearlyZero(k.b)) return nearlyZero(l.a);
  if (nearlyZero(l.b)) return nearlyZero(k.a);
  return nearlyEqual(over(times(k.a, l.a), times(k.b, l.b)), -1);
}

export function sameLine(k: Line, l: Line): boolean {
  if ([k.a, k.b, k.c, l.a, l.b, l.c].some(Number.isNaN)) return compareFloats(k.a, l.a) === 0 && compareFloats(k.b, l.b) === 0 && compareFloats(k.c, l.c) === 0;
  const ratio = !nearlyZero(l.a) ? over(k.a, l.a) : !nearlyZero(l.b) ? over(k.b, l.b) : !nearlyZero(l.c) ? over(k.c, l.c) : 1;
  return nearlyEqual(k.a, times(ratio, l.a)) && nearlyEqual(k.b, times(ratio, l.b)) && nearlyEqual(k.c, times(ratio, l.c));
}

export function lineDistance(k: Line, l: Line): number {
  if (crossing(k, l) !== undefined) return 0;
  const usable = (value: number): boolean => !nearlyZero(value) && !Number.isNaN(value);
  const ratio = usable(k.a) && usable(l.a) ? over(k.a, l.a) : usable(k.b) && usable(l.b) ? over(k.b, l.b) : 1;
  return over(Math.abs(minus(k.c, times(ratio, l.c))), hypotenuse(k.a, k.b));
}

export function onLine({ a, b, c }: Line, { x, y }: Point): boolean {
  return nearlyZero(plus(plus(times(a, x), times(b, y)), c));
}

/** A place and how far it is. */
export interface Closest {
  readonly point: Point;
  readonly distance: number;
}

const nearest = (first: Closest, ...others: readonly Closest[]): Closest =>
  others.reduce((best, other) => (compareFloats(other.distance, best.distance) < 0 ? other : best), first);

export function closestOnLine(line: Line, point: Point): Closest {
  const foot = crossing(lineThrough(point, inverseLineSlope(line)), line);
  return foot === undefined ? { point, distance: NaN } : { point: foot, distance: distance(foot, point) };
}

// ------------------------------------------------------------------------------------------------------------- segments

export const segmentSlope = ([p, q]: Segment): number => slopeOf(p, q);
const lineOf = (segment: Segment): Line => lineThrough(segment[0], segmentSlope(segment));

export const parallelSegments = (s: Segment, t: Segment): boolean => nearlyEqual(segmentSlope(s), segmentSlope(t));
export const perpendicularSegments = (s: Segment, t: Segment): boolean => nearlyEqual(segmentSlope(s), inverseSlope(t[0], t[1]));

export function onSegment(segment: Segment, point: Point): boolean {
  return nearlyEqual(plus(distance(point, segment[0]), distance(point, segment[1])), distance(segment[0], segment[1]));
}

export function segmentCrossesLine(segment: Segment, line: Line): Point | undefined {
  const point = crossing(lineOf(segment), line);
  if (point === undefined || !onSegment(segment, point)) return undefined;
  return segment.find((end) => samePoint(end, point)) ?? point;
}

export function segmentsCross(s: Segment, t: Segment): Point | undefined {
  const point = segmentCrossesLine(s, lineOf(t));
  return point !== undefined && onSegment(t, point) ? point : undefined;
}

export function closestToLine(segment: Segment, line: Line): Closest {
  const point = segmentCrossesLine(segment, line);
  if (point !== undefined) return { point, distance: 0 };
  const first = closestOnLine(line, segment[0]).distance;
  const second = closestOnLine(line, segment[1]).distance;
  return first < second ? { point: segment[0], distance: first } : { point: segment[1], distance: second };
}

export function closestOnSegment(segment: Segment, point: Point): Closest {
  const found = closestToLine(segment, lineThrough(point, inverseSlope(segment[0], segment[1]))).point;
  return { point: found, distance: distance(found, point) };
}

/** Where on the first segment the second one is nearest. */
export function closestToSegment(on: Segment, to: Segment): Closest {
  const point = segmentsCross(on, to);
  if (point !== undefined) return { point, distance: 0 };
  return nearest(
    closestOnSegment(on, to[0]),
    closestOnSegment(on, to[1]),
    { point: on[0], distance: closestOnSegment(to, on[0]).distance },
    { point: on[1], distance: closestOnSegment(to, on[1]).distance },
  );
}

// ------------------------------------------------------------------------------------------------------------- boxes

export const boxesOverlap = (a: Box, b: Box): boolean =>
  lessOrEqual(a.low.x, b.high.x) && lessOrEqual(b.low.x, a.high.x) && lessOrEqual(a.low.y, b.high.y) && lessOrEqual(b.low.y, a.high.y);

export const boxContainsBox = (outer: Box, inner: Box): boolean =>
  greaterOrEqual(outer.high.x, inner.high.x) &&
  lessOrEqual(outer.low.x, inner.low.x) &&
  greaterOrEqual(outer.high.y, inner.high.y) &&
  lessOrEqual(outer.low.y, inner.low.y);

export const boxContainsPoint = ({ high, low }: Box, { x, y }: Point): boolean => high.x >= x && low.x <= x && high.y >= y && low.y <= y;

export const boxWidth = ({ high, low }: Box): number => minus(high.x, low.x);
export const boxHeight = ({ high, low }: Box): number => minus(high.y, low.y);
export const boxArea = (box: Box): number => times(boxWidth(box), boxHeight(box));
export const boxCenter = ({ high, low }: Box): Point => middle(high, low);

export function boxIntersection(a: Box, b: Box): Box | undefined {
  if (!boxesOverlap(a, b)) return undefined;
  return {
    high: { x: smaller(a.high.x, b.high.x), y: smaller(a.high.y, b.high.y) },
    low: { x: larger(a.low.x, b.low.x), y: larger(a.low.y, b.low.y) },
  };
}

export function boundingBox(a: Box, b: Box): Box {
  return {
    high: { x: larger(a.high.x, b.high.x), y: larger(a.high.y, b.high.y) },
    low: { x: smaller(a.low.x, b.low.x), y: smaller(a.low.y, b.low.y) },
  };
}

/** The sides in geo_ops.c's order. */
function sidesOf({ high, low }: Box): readonly [Segment, Segment, Segment, Segment] {
  const topLeft = { x: low.x, y: high.y };
  const bottomRight = { x: high.x, y: low.y };
  return [
    [low, topLeft],
    [high, topLeft],
    [low, bottomRight],
    [high, bottomRight],
  ];
}

export function closestOnBox(box: Box, point: Point): Closest {
  if (boxContainsPoint(box, point)) return { point, distance: 0 };
  const [first, ...others] = sidesOf(box).map((side) => closestOnSegment(side, point));
  return nearest(first as Closest, ...others);
}

/** Where a segment that meets the box is nearest to its center. */
export function boxMeetsSegment(box: Box, segment: Segment): Point | undefined {
  if (!boxesOverlap(boxOf(segment[0], segment[1]), box)) return undefined;
  const meets = segment.some((end) => boxContainsPoint(box, end)) || sidesOf(box).some((side) => segmentsCross(side, segment) !== undefined);
  return meets ? closestOnSegment(segment, boxCenter(box)).point : undefined;
}

export function closestOnBoxToSegment(box: Box, segment: Segment): Closest {
  const point = boxMeetsSegment(box, segment);
  if (point !== undefined) return { point, distance: 0 };
  const [first, ...others] = sidesOf(box).map((side) => closestToSegment(side, segment));
  return nearest(first as Closest, ...others);
}

export function lineMeetsBox(line: Line, { high, low }: Box): boolean {
  const topLeft = { x: low.x, y: high.y };
  const bottomRight = { x: high.x, y: low.y };
  const sides: readonly Segment[] = [
    [low, topLeft],
    [high, topLeft],
    [high, bottomRight],
    [low, bottomRight],
  ];
  return sides.some((side) => segmentCrossesLine(side, line) !== undefined);
}

// ------------------------------------------------------------------------------------------------------------- paths and polygons

function bounds(points: readonly Point[]): Box {
  const [first] = points as readonly [Point];
  let box: Box = { high: first, low: first };
  for (const point of points) box = boundingBox(box, { high: point, low: point });
  return box;
}

export const polygonBounds = bounds;

/** The segments of a path; a closed one begins with that from its last point to its first. */
function segmentsOf({ closed, points }: Path): Segment[] {
  const segments: Segment[] = [];
  points.forEach((point, n) => {
    if (n > 0) segments.push([points[n - 1] as Point, point]);
    else if (closed) segments.push([points.at(-1) as Point, point]);
  });
  return segments;
}

const edgesOf = (polygon: readonly Point[]): Segment[] => segmentsOf({ closed: true, points: polygon });

export function pathLength(path: Path): number {
  return segmentsOf(path).reduce((sum, [p, q]) => plus(sum, distance(p, q)), 0);
}

export function pathArea({ points }: Path): number {
  let area = 0;
  points.forEach((point, n) => {
    const next = points[(n + 1) % points.length] as Point;
    area = plus(area, times(point.x, next.y));
    area = minus(area, times(point.y, next.x));
  });
  return over(Math.abs(area), 2);
}

export function pathsMeet(a: Path, b: Path): boolean {
  if (!boxesOverlap(bounds(a.points), bounds(b.points))) return false;
  const others = segmentsOf(b);
  return segmentsOf(a).some((s) => others.some((t) => segmentsCross(s, t) !== undefined));
}

function least(values: readonly number[]): number | undefined {
  let found: number | undefined;
  for (const value of values) if (found === undefined || compareFloats(value, found) < 0) found = value;
  return found;
}

export function pathDistance(a: Path, b: Path): number | undefined {
  const others = segmentsOf(b);
  return least(segmentsOf(a).flatMap((s) => others.map((t) => closestToSegment(s, t).distance)));
}

export function pathToPoint(path: Path, point: Point): number {
  if (path.points.length === 1) return distance(point, path.points[0] as Point);
  return least(segmentsOf(path).map((segment) => closestOnSegment(segment, point).distance)) ?? 0;
}

const onEdge = Infinity;

/** How the positive x axis is crossed between two points, as geo_ops.c counts it. */
function axisCrossing(x: number, y: number, previousX: number, previousY: number): number {
  if (nearlyZero(y)) {
    if (nearlyZero(x)) return onEdge;
    if (greater(x, 0)) {
      if (nearlyZero(previousY)) return greater(previousX, 0) ? 0 : onEdge;
      return less(previousY, 0) ? 1 : -1;
    }
    if (nearlyZero(previousY)) return less(previousX, 0) ? 0 : onEdge;
    return 0;
  }
  const sign = greater(y, 0) ? 1 : -1;
  const sameSign = (value: number): boolean => (sign < 0 && less(value, 0)) || (sign > 0 && greater(value, 0));
  if (nearlyZero(previousY)) return less(previousX, 0) ? 0 : sign;
  if (sameSign(previousY)) return 0;
  if (greaterOrEqual(x, 0) && greater(previousX, 0)) return 2 * sign;
  if (less(x, 0) && lessOrEqual(previousX, 0)) return 0;
  const z = minus(times(minus(x, previousX), y), times(minus(y, previousY), x));
  if (nearlyZero(z)) return onEdge;
  return sameSign(z) ? 0 : 2 * sign;
}

/** Within the polygon or on its edge. */
export function inside(polygon: readonly Point[], { x, y }: Point): boolean {
  if (polygon.length === 0) return false;
  const relative = polygon.map((corner) => ({ x: minus(corner.x, x), y: minus(corner.y, y) }));
  let total = 0;
  relative.forEach((corner, n) => {
    const next = relative[(n + 1) % relative.length] as Point;
    total += axisCrossing(next.x, next.y, corner.x, corner.y);
  });
  return total !== 0;
}

export function onPath(path: Path, point: Point): boolean {
  if (path.closed) return inside(path.points, point);
  return segmentsOf(path).some(([p, q]) => nearlyEqual(plus(distance(point, p), distance(point, q)), distance(p, q)));
}

export function samePolygon(a: readonly Point[], b: readonly Point[]): boolean {
  const count = a.length;
  if (count !== b.length) return false;
  const matches = (start: number, step: number): boolean => a.every((point, n) => samePoint(b[(start + step * n + count * count) % count] as Point, point));
  return b.some((point, start) => samePoint(point, a[0] as Point) && (matches(start, 1) || matches(start, -1)));
}

export function polygonsOverlap(a: readonly Point[], b: readonly Point[]): boolean {
  if (!boxesOverlap(bounds(a), bounds(b))) return false;
  const others = edgesOf(b);
  return edgesOf(a).some((s) => others.some((t) => segmentsCross(s, t) !== undefined)) || inside(b, a[0] as Point) || inside(a, b[0] as Point);
}

/** `a` touches the edge, `b` does not: what remains after the part along the edge. */
function touchedInside(a: Point, b: Point, edge: Segment, polygon: readonly Point[], start: number): boolean {
  const segment: Segment = [a, b];
  if (samePoint(a, edge[0])) return onSegment(segment, edge[1]) ? segmentInside(b, edge[1], polygon, start) : true;
  if (samePoint(a, edge[1])) return onSegment(segment, edge[0]) ? segmentInside(b, edge[0], polygon, start) : true;
  if (onSegment(segment, edge[0])) return segmentInside(b, edge[0], polygon, start);
  if (onSegment(segment, edge[1])) return segmentInside(b, edge[1], polygon, start);
  return true;
}

function segmentInside(a: Point, b: Point, polygon: readonly Point[], start: number): boolean {
  const segment: Segment = [a, b];
  let crossed = false;
  let result = true;
  for (let n = start; n < polygon.length && result; n++) {
    const edge: Segment = [polygon[n === 0 ? polygon.length - 1 : n - 1] as Point, polygon[n] as Point];
    if (onSegment(edge, a)) {
      if (onSegment(edge, b)) return true;
      result = touchedInside(a, b, edge, polygon, n + 1);
    } else if (onSegment(edge, b)) {
      result = touchedInside(b, a, edge, polygon, n + 1);
    } else {
      const point = segmentsCross(segment, edge);
      if (point !== undefined) {
        crossed = true;
        result = segmentInside(a, point, polygon, n + 1) && segmentInside(b, point, polygon, n + 1);
      }
    }
  }
  return result && !crossed ? inside(polygon, middle(a, b)) : result;
}

export function polygonContains(outer: readonly Point[], inner: readonly Point[]): boolean {
  return boxContainsBox(bounds(outer), bounds(inner)) && edgesOf(inner).every(([p, q]) => segmentInside(p, q, outer, 0));
}

export function polygonDistance(a: readonly Point[], b: readonly Point[]): number {
  if (polygonsOverlap(a, b)) return 0;
  const others = edgesOf(b);
  return least(edgesOf(a).flatMap((s) => others.map((t) => closestToSegment(s, t).distance))) ?? 0;
}

export function polygonToPoint(polygon: readonly Point[], point: Point): number {
  if (inside(polygon, point)) return 0;
  return least(edgesOf(polygon).map((edge) => closestOnSegment(edge, point).distance)) ?? 0;
}

export function polygonCircle(polygon: readonly Point[]): Circle {
  const count = polygon.length;
  const sum = polygon.reduce(addPoints, { x: 0, y: 0 });
  const center = { x: over(sum.x, count), y: over(sum.y, count) };
  const radius = polygon.reduce((total, point) => plus(total, distance(point, center)), 0);
  return { center, radius: over(radius, count) };
}

// ------------------------------------------------------------------------------------------------------------- circles

export const circleArea = ({ radius }: Circle): number => times(times(radius, radius), Math.PI);

export function circlePolygon(count: number, { center, radius }: Circle): readonly Point[] {
  const step = over(2 * Math.PI, count);
  return Array.from({ length: count }, (_, n) => {
    const angle = times(step, n);
    return { x: minus(center.x, times(radius, Math.cos(angle))), y: plus(center.y, times(radius, Math.sin(angle))) };
  });
}
