/** Functions and operators of the geometric types (PostgreSQL 15, chapter 9.11). The computation is in geometry/plane. */
import { PgError } from '../../common/errors.js';
import {
  type Box,
  boxOf,
  type Circle,
  type Line,
  lineThrough,
  nearlyEqual,
  nearlyZero,
  type Path,
  type Point,
  readBox,
  readCircle,
  readLine,
  readPath,
  readPoint,
  readPolygon,
  readSegment,
  samePoint,
  type Segment,
  slopeOf,
  writeBox,
  writeCircle,
  writeLine,
  writePath,
  writePoint,
  writePolygon,
  writeSegment,
} from '../../types/geometry.js';
import { Oid } from '../../types/registry.js';
import type { KernelValue } from '../function.js';
import type { OwnScalar, ScalarImplementation, ScalarImplementations } from '../implementation.js';
import * as plane from '../geometry/plane.js';
import { comparisonKernel, comparisonNames } from './comparison.js';
import { floatDifference as minus, floatProduct as times, floatQuotient as over, floatSum as plus } from './float.js';

type Polygon = readonly Point[];

/** How the kernels read and write each shape; `number` and `truth` are as they are. */
interface Shapes {
  readonly point: Point;
  readonly lseg: Segment;
  readonly line: Line;
  readonly box: Box;
  readonly path: Path;
  readonly polygon: Polygon;
  readonly circle: Circle;
  readonly number: number;
}

const readers: { readonly [K in keyof Shapes]: (value: KernelValue) => Shapes[K] } = {
  point: (value) => readPoint(value as string),
  lseg: (value) => readSegment(value as string),
  line: (value) => readLine(value as string),
  box: (value) => readBox(value as string),
  path: (value) => readPath(value as string),
  polygon: (value) => readPolygon(value as string),
  circle: (value) => readCircle(value as string),
  number: (value) => value as number,
};

const implementations: Record<string, ScalarImplementation> = {};

/** A function of one shape. */
function one<A extends keyof Shapes>(name: string, a: A, compute: (value: Shapes[A]) => KernelValue): void {
  const read = readers[a];
  implementations[name] = { kernel: (_, value) => compute(read(value ?? null)) };
}

/** A function of two shapes. */
function two<A extends keyof Shapes, B extends keyof Shapes>(name: string, a: A, b: B, compute: (left: Shapes[A], right: Shapes[B]) => KernelValue): void {
  const readLeft = readers[a];
  const readRight = readers[b];
  implementations[name] = { kernel: (_, left, right) => compute(readLeft(left ?? null), readRight(right ?? null)) };
}

/** The same function with its operands exchanged. */
function swapped(name: string, of: string): void {
  const { kernel } = implementations[of] as ScalarImplementation;
  if (kernel === undefined) throw new Error(`no kernel ${of}`);
  implementations[name] = { kernel: (context, left, right) => kernel(context, right ?? null, left ?? null) };
}

/** =, <>, <, <=, > and >= by a number, fuzzily. */
function byNumber<A extends keyof Shapes>(prefix: string, a: A, measure: (value: Shapes[A]) => number): void {
  const read = readers[a];
  for (const name of comparisonNames) {
    implementations[`${prefix}_${name}`] = {
      kernel: comparisonKernel(name, (left, right) => {
        const [x, y] = [measure(read(left)), measure(read(right))];
        if (nearlyEqual(x, y)) return 0;
        // NaN is not even different.
        if (x !== x || y !== y) return name === 'ne' ? 0 : NaN;
        return x < y ? -1 : 1;
      }),
    };
  }
}

const { distance } = plane;
const pointOrNull = (point: Point | undefined): string | null => (point === undefined ? null : writePoint(point));
const closestOrNull = (closest: plane.Closest): string | null => (Number.isNaN(closest.distance) ? null : writePoint(closest.point));
const notNegative = (value: number): number => (value < 0 ? 0 : value);

// ------------------------------------------------------------------------------------------------------------- point
two('point_eq', 'point', 'point', samePoint);
two('point_ne', 'point', 'point', (p, q) => !samePoint(p, q));
two('point_left', 'point', 'point', (p, q) => plane.less(p.x, q.x));
two('point_right', 'point', 'point', (p, q) => plane.greater(p.x, q.x));
two('point_above', 'point', 'point', (p, q) => plane.greater(p.y, q.y));
two('point_below', 'point', 'point', (p, q) => plane.less(p.y, q.y));
two('point_vert', 'point', 'point', (p, q) => nearlyEqual(p.x, q.x));
two('point_horiz', 'point', 'point', (p, q) => nearlyEqual(p.y, q.y));
two('point_distance', 'point', 'point', distance);
two('point_slope', 'point', 'point', slopeOf);
two('point_add', 'point', 'point', (p, q) => writePoint(plane.addPoints(p, q)));
two('point_sub', 'point', 'point', (p, q) => writePoint(plane.subtractPoints(p, q)));
two('point_mul', 'point', 'point', (p, q) => writePoint(plane.multiplyPoints(p, q)));
two('point_div', 'point', 'point', (p, q) => writePoint(plane.dividePoints(p, q)));
two('construct_point', 'number', 'number', (x, y) => writePoint({ x, y }));

// ------------------------------------------------------------------------------------------------------------- line
two('line_construct_pp', 'point', 'point', (p, q) => {
  if (samePoint(p, q)) throw new PgError('22023', 'invalid line specification: must be two distinct points');
  return writeLine(lineThrough(p, slopeOf(p, q)));
});
two('line_intersect', 'line', 'line', (k, l) => plane.crossing(k, l) !== undefined);
two('line_interpt', 'line', 'line', (k, l) => pointOrNull(plane.crossing(k, l)));
two('line_parallel', 'line', 'line', (k, l) => plane.crossing(k, l) === undefined);
two('line_perp', 'line', 'line', plane.perpendicular);
two('line_eq', 'line', 'line', plane.sameLine);
two('line_distance', 'line', 'line', plane.lineDistance);
one('line_vertical', 'line', ({ b }) => nearlyZero(b));
one('line_horizontal', 'line', ({ a }) => nearlyZero(a));
two('on_pl', 'point', 'line', (p, l) => plane.onLine(l, p));
two('on_sl', 'lseg', 'line', ([p, q], l) => plane.onLine(l, p) && plane.onLine(l, q));
two('close_pl', 'point', 'line', (p, l) => closestOrNull(plane.closestOnLine(l, p)));
two('close_ls', 'line', 'lseg', (l, s) => (plane.segmentSlope(s) === plane.lineSlope(l) ? null : closestOrNull(plane.closestToLine(s, l))));
two('dist_pl', 'point', 'line', (p, l) => plane.closestOnLine(l, p).distance);
swapped('dist_lp', 'dist_pl');
two('dist_sl', 'lseg', 'line', (s, l) => plane.closestToLine(s, l).distance);
swapped('dist_ls', 'dist_sl');
two('inter_sl', 'lseg', 'line', (s, l) => plane.segmentCrossesLine(s, l) !== undefined);
two('inter_lb', 'line', 'box', plane.lineMeetsBox);

// ------------------------------------------------------------------------------------------------------------- lseg
two('lseg_construct', 'point', 'point', (p, q) => writeSegment([p, q]));
two('lseg_intersect', 'lseg', 'lseg', (s, t) => plane.segmentsCross(s, t) !== undefined);
two('lseg_interpt', 'lseg', 'lseg', (s, t) => pointOrNull(plane.segmentsCross(s, t)));
two('lseg_parallel', 'lseg', 'lseg', plane.parallelSegments);
two('lseg_perp', 'lseg', 'lseg', plane.perpendicularSegments);
one('lseg_vertical', 'lseg', ([p, q]) => nearlyEqual(p.x, q.x));
one('lseg_horizontal', 'lseg', ([p, q]) => nearlyEqual(p.y, q.y));
one('lseg_length', 'lseg', ([p, q]) => distance(p, q));
one('lseg_center', 'lseg', ([p, q]) => writePoint(plane.middle(p, q)));
byNumber('lseg', 'lseg', ([p, q]) => distance(p, q));
two('lseg_eq', 'lseg', 'lseg', (s, t) => samePoint(s[0], t[0]) && samePoint(s[1], t[1]));
two('lseg_ne', 'lseg', 'lseg', (s, t) => !samePoint(s[0], t[0]) || !samePoint(s[1], t[1]));
two('lseg_distance', 'lseg', 'lseg', (s, t) => plane.closestToSegment(s, t).distance);
two('on_ps', 'point', 'lseg', (p, s) => plane.onSegment(s, p));
two('close_ps', 'point', 'lseg', (p, s) => closestOrNull(plane.closestOnSegment(s, p)));
two('close_lseg', 'lseg', 'lseg', (s, t) => (plane.segmentSlope(s) === plane.segmentSlope(t) ? null : closestOrNull(plane.closestToSegment(t, s))));
two('dist_ps', 'point', 'lseg', (p, s) => plane.closestOnSegment(s, p).distance);
swapped('dist_sp', 'dist_ps');

// ------------------------------------------------------------------------------------------------------------- box
two('points_box', 'point', 'point', (p, q) => writeBox(boxOf(p, q)));
one('point_box', 'point', (p) => writeBox({ high: p, low: p }));
two('box_same', 'box', 'box', (a, b) => samePoint(a.high, b.high) && samePoint(a.low, b.low));
two('box_overlap', 'box', 'box', plane.boxesOverlap);
two('box_left', 'box', 'box', (a, b) => plane.less(a.high.x, b.low.x));
two('box_overleft', 'box', 'box', (a, b) => plane.lessOrEqual(a.high.x, b.high.x));
two('box_right', 'box', 'box', (a, b) => plane.greater(a.low.x, b.high.x));
two('box_overright', 'box', 'box', (a, b) => plane.greaterOrEqual(a.low.x, b.low.x));
two('box_below', 'box', 'box', (a, b) => plane.less(a.high.y, b.low.y));
two('box_overbelow', 'box', 'box', (a, b) => plane.lessOrEqual(a.high.y, b.high.y));
two('box_above', 'box', 'box', (a, b) => plane.greater(a.low.y, b.high.y));
two('box_overabove', 'box', 'box', (a, b) => plane.greaterOrEqual(a.low.y, b.low.y));
two('box_below_eq', 'box', 'box', (a, b) => plane.lessOrEqual(a.high.y, b.low.y));
two('box_above_eq', 'box', 'box', (a, b) => plane.greaterOrEqual(a.low.y, b.high.y));
two('box_contain', 'box', 'box', plane.boxContainsBox);
swapped('box_contained', 'box_contain');
byNumber('box', 'box', plane.boxArea);
one('box_area', 'box', plane.boxArea);
one('box_width', 'box', plane.boxWidth);
one('box_height', 'box', plane.boxHeight);
one('box_center', 'box', (box) => writePoint(plane.boxCenter(box)));
one('box_diagonal', 'box', ({ high, low }) => writeSegment([high, low]));
two('box_distance', 'box', 'box', (a, b) => distance(plane.boxCenter(a), plane.boxCenter(b)));
two('box_intersect', 'box', 'box', (a, b) => {
  const common = plane.boxIntersection(a, b);
  return common === undefined ? null : writeBox(common);
});
two('boxes_bound_box', 'box', 'box', (a, b) => writeBox(plane.boundingBox(a, b)));
two('box_add', 'box', 'point', ({ high, low }, p) => writeBox({ high: plane.addPoints(high, p), low: plane.addPoints(low, p) }));
two('box_sub', 'box', 'point', ({ high, low }, p) => writeBox({ high: plane.subtractPoints(high, p), low: plane.subtractPoints(low, p) }));
two('box_mul', 'box', 'point', ({ high, low }, p) => writeBox(boxOf(plane.multiplyPoints(high, p), plane.multiplyPoints(low, p))));
two('box_div', 'box', 'point', ({ high, low }, p) => writeBox(boxOf(plane.dividePoints(high, p), plane.dividePoints(low, p))));
two('on_pb', 'point', 'box', (p, box) => plane.boxContainsPoint(box, p));
swapped('box_contain_pt', 'on_pb');
two('on_sb', 'lseg', 'box', ([p, q], box) => plane.boxContainsPoint(box, p) && plane.boxContainsPoint(box, q));
two('inter_sb', 'lseg', 'box', (s, box) => plane.boxMeetsSegment(box, s) !== undefined);
two('close_pb', 'point', 'box', (p, box) => closestOrNull(plane.closestOnBox(box, p)));
two('close_sb', 'lseg', 'box', (s, box) => closestOrNull(plane.closestOnBoxToSegment(box, s)));
two('dist_pb', 'point', 'box', (p, box) => plane.closestOnBox(box, p).distance);
swapped('dist_bp', 'dist_pb');
two('dist_sb', 'lseg', 'box', (s, box) => plane.closestOnBoxToSegment(box, s).distance);
swapped('dist_bs', 'dist_sb');
one('box_circle', 'box', (box) => {
  const center = plane.boxCenter(box);
  return writeCircle({ center, radius: distance(center, box.high) });
});
one('box_poly', 'box', ({ high, low }) => writePolygon([low, { x: low.x, y: high.y }, high, { x: high.x, y: low.y }]));

// ------------------------------------------------------------------------------------------------------------- path
one('path_area', 'path', (path) => (path.closed ? plane.pathArea(path) : null));
one('path_isclosed', 'path', ({ closed }) => closed);
one('path_isopen', 'path', ({ closed }) => !closed);
one('path_npoints', 'path', ({ points }) => points.length);
one('path_close', 'path', ({ points }) => writePath({ closed: true, points }));
one('path_open', 'path', ({ points }) => writePath({ closed: false, points }));
one('path_length', 'path', plane.pathLength);
one('path_poly', 'path', ({ closed, points }) => {
  if (!closed) throw new PgError('22023', 'open path cannot be converted to polygon');
  return writePolygon(points);
});
for (const name of comparisonNames) {
  implementations[`path_n_${name}`] = {
    kernel: comparisonKernel(name, (a, b) => readPath(a as string).points.length - readPath(b as string).points.length),
  };
}
two('path_inter', 'path', 'path', plane.pathsMeet);
two('path_distance', 'path', 'path', (a, b) => plane.pathDistance(a, b) ?? null);
two('path_add', 'path', 'path', (a, b) => (a.closed || b.closed ? null : writePath({ closed: false, points: [...a.points, ...b.points] })));
for (const [name, move] of [
  ['add', plane.addPoints],
  ['sub', plane.subtractPoints],
  ['mul', plane.multiplyPoints],
  ['div', plane.dividePoints],
] as const) {
  two(`path_${name}_pt`, 'path', 'point', ({ closed, points }, p) => writePath({ closed, points: points.map((each) => move(each, p)) }));
  two(`circle_${name}_pt`, 'circle', 'point', ({ center, radius }, p) => {
    const factor = name === 'mul' ? times : name === 'div' ? over : undefined;
    return writeCircle({ center: move(center, p), radius: factor === undefined ? radius : factor(radius, plane.hypotenuse(p.x, p.y)) });
  });
}
two('on_ppath', 'point', 'path', (p, path) => plane.onPath(path, p));
swapped('path_contain_pt_1426', 'on_ppath');
two('dist_ppath', 'point', 'path', (p, path) => plane.pathToPoint(path, p));
swapped('dist_pathp', 'dist_ppath');

// ------------------------------------------------------------------------------------------------------------- polygon
for (const [name, compare] of [
  ['left', (a: Box, b: Box) => a.high.x < b.low.x],
  ['overleft', (a: Box, b: Box) => a.high.x <= b.high.x],
  ['right', (a: Box, b: Box) => a.low.x > b.high.x],
  ['overright', (a: Box, b: Box) => a.low.x >= b.low.x],
  ['below', (a: Box, b: Box) => a.high.y < b.low.y],
  ['overbelow', (a: Box, b: Box) => a.high.y <= b.high.y],
  ['above', (a: Box, b: Box) => a.low.y > b.high.y],
  ['overabove', (a: Box, b: Box) => a.low.y >= b.low.y],
] as const) {
  two(`poly_${name}`, 'polygon', 'polygon', (a, b) => compare(plane.polygonBounds(a), plane.polygonBounds(b)));
}
two('poly_same', 'polygon', 'polygon', plane.samePolygon);
two('poly_overlap', 'polygon', 'polygon', plane.polygonsOverlap);
two('poly_contain', 'polygon', 'polygon', plane.polygonContains);
swapped('poly_contained', 'poly_contain');
two('poly_contain_pt', 'polygon', 'point', plane.inside);
swapped('pt_contained_poly', 'poly_contain_pt');
two('poly_distance', 'polygon', 'polygon', plane.polygonDistance);
two('dist_polyp', 'polygon', 'point', plane.polygonToPoint);
swapped('dist_ppoly', 'dist_polyp');
two('dist_polyc', 'polygon', 'circle', (polygon, { center, radius }) => notNegative(minus(plane.polygonToPoint(polygon, center), radius)));
swapped('dist_cpoly', 'dist_polyc');
one('poly_center', 'polygon', (polygon) => writePoint(plane.polygonCircle(polygon).center));
one('poly_npoints', 'polygon', (polygon) => polygon.length);
one('poly_box', 'polygon', (polygon) => writeBox(plane.polygonBounds(polygon)));
one('poly_path', 'polygon', (points) => writePath({ closed: true, points }));
one('poly_circle', 'polygon', (polygon) => writeCircle(plane.polygonCircle(polygon)));

// ------------------------------------------------------------------------------------------------------------- circle
const gap = (a: Circle, b: Circle): number => distance(a.center, b.center);
two('cr_circle', 'point', 'number', (center, radius) => writeCircle({ center, radius }));
two(
  'circle_same',
  'circle',
  'circle',
  (a, b) => ((Number.isNaN(a.radius) && Number.isNaN(b.radius)) || nearlyEqual(a.radius, b.radius)) && samePoint(a.center, b.center),
);
two('circle_overlap', 'circle', 'circle', (a, b) => plane.lessOrEqual(gap(a, b), plus(a.radius, b.radius)));
two('circle_left', 'circle', 'circle', (a, b) => plane.less(plus(a.center.x, a.radius), minus(b.center.x, b.radius)));
two('circle_overleft', 'circle', 'circle', (a, b) => plane.lessOrEqual(plus(a.center.x, a.radius), plus(b.center.x, b.radius)));
two('circle_right', 'circle', 'circle', (a, b) => plane.greater(minus(a.center.x, a.radius), plus(b.center.x, b.radius)));
two('circle_overright', 'circle', 'circle', (a, b) => plane.greaterOrEqual(minus(a.center.x, a.radius), minus(b.center.x, b.radius)));
two('circle_below', 'circle', 'circle', (a, b) => plane.less(plus(a.center.y, a.radius), minus(b.center.y, b.radius)));
two('circle_overbelow', 'circle', 'circle', (a, b) => plane.lessOrEqual(plus(a.center.y, a.radius), plus(b.center.y, b.radius)));
two('circle_above', 'circle', 'circle', (a, b) => plane.greater(minus(a.center.y, a.radius), plus(b.center.y, b.radius)));
two('circle_overabove', 'circle', 'circle', (a, b) => plane.greaterOrEqual(minus(a.center.y, a.radius), minus(b.center.y, b.radius)));
two('circle_contain', 'circle', 'circle', (a, b) => plane.lessOrEqual(gap(a, b), minus(a.radius, b.radius)));
swapped('circle_contained', 'circle_contain');
byNumber('circle', 'circle', plane.circleArea);
two('circle_distance', 'circle', 'circle', (a, b) => notNegative(minus(gap(a, b), plus(a.radius, b.radius))));
two('circle_contain_pt', 'circle', 'point', ({ center, radius }, p) => distance(center, p) <= radius);
swapped('pt_contained_circle', 'circle_contain_pt');
two('dist_pc', 'point', 'circle', (p, { center, radius }) => notNegative(minus(distance(p, center), radius)));
swapped('dist_cpoint', 'dist_pc');
one('circle_area', 'circle', plane.circleArea);
one('circle_diameter', 'circle', ({ radius }) => times(radius, 2));
one('circle_radius', 'circle', ({ radius }) => radius);
one('circle_center', 'circle', ({ center }) => writePoint(center));
one('circle_box', 'circle', ({ center, radius }) => {
  const reach = over(radius, Math.SQRT2);
  return writeBox({ high: { x: plus(center.x, reach), y: plus(center.y, reach) }, low: { x: minus(center.x, reach), y: minus(center.y, reach) } });
});

function circleToPolygon(count: number, circle: Circle): string {
  if (nearlyZero(circle.radius)) throw new PgError('0A000', 'cannot convert circle with radius zero to polygon');
  if (count < 2) throw new PgError('22023', 'must request at least 2 points');
  return writePolygon(plane.circlePolygon(count, circle));
}

two('circle_poly', 'number', 'circle', circleToPolygon);
one('polygon_1544', 'circle', (circle) => circleToPolygon(12, circle));

/** The parts of a shape that can be subscripted: coordinates of points and lines, corners of segments and boxes. */
function partsOf(oid: number, text: string): (number | Point)[] {
  switch (oid) {
    case Oid.point: {
      const { x, y } = readPoint(text);
      return [x, y];
    }
    case Oid.line: {
      const { a, b, c } = readLine(text);
      return [a, b, c];
    }
    case Oid.lseg:
      return [...readSegment(text)];
    default: {
      const { high, low } = readBox(text);
      return [high, low];
    }
  }
}

function fromParts(oid: number, parts: readonly (number | Point)[]): string {
  switch (oid) {
    case Oid.point:
      return writePoint({ x: parts[0] as number, y: parts[1] as number });
    case Oid.line:
      return writeLine({ a: parts[0] as number, b: parts[1] as number, c: parts[2] as number });
    case Oid.lseg:
      return writeSegment(parts as unknown as Segment);
    default:
      return writeBox({ high: parts[0] as Point, low: parts[1] as Point });
  }
}

/** Subscripts of shapes, counted from 0: what the binder makes of p[0] and of SET p[0] = ... */
export const ownGeometryFunctions: readonly OwnScalar[] = [
  {
    name: 'shoal_part',
    args: [Oid.any, Oid.int4],
    result: Oid.anyelement,
    strict: true,
    typedKernel:
      ({ args }) =>
      (_, shape, index) => {
        const part = partsOf(args[0] as number, shape as string)[index as number];
        return part === undefined ? null : typeof part === 'number' ? part : writePoint(part);
      },
  },
  {
    name: 'shoal_with_part',
    args: [Oid.any, Oid.int4, Oid.any],
    result: Oid.anyelement,
    strict: false,
    typedKernel:
      ({ args }) =>
      (_, shape, index, value) => {
        if (shape === null || shape === undefined || value === null || value === undefined) return shape ?? null;
        const oid = args[0] as number;
        const parts = partsOf(oid, shape as string);
        if (index === null || index === undefined) throw new PgError('22004', 'array subscript in assignment must not be null');
        if (Number(index) < 0 || Number(index) >= parts.length) throw new PgError('2202E', 'array subscript out of range');
        parts[Number(index)] = typeof value === 'string' ? readPoint(value) : Number(value);
        return fromParts(oid, parts);
      },
  },
];

export const geometryFunctions: ScalarImplementations = implementations;
