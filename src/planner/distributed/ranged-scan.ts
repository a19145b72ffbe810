/**
 * Large scans of reference tables: which one of a plan is worth being read in ranges of rows, by many threads and nodes at once, as if the ranges were shards. Every node that
 * hosts the database has the whole table, so nothing has to move. Used by planner/distributed/distribute.
 */
import { conjuncts } from '../../plan/build.js';
import type { ColumnRef, Expression } from '../../plan/expression.js';
import type { LogicalNode, Scan } from '../../plan/logical.js';
import type { PhysicalPlan } from '../../plan/physical.js';
import { inputsOf, visitPlan } from '../../plan/walk.js';
import type { TableRows } from './estimate.js';

/** Fewer are read quicker than they are divided. */
const rowsMin = 100_000;
const rowsOfRangeMin = 25_000;
/** Nobody waits long for the last range, and a node that comes late finds some left. */
const rangesOfPlace = 4;

export interface RangedScan {
  readonly scan: Scan;
  readonly ranges: number;
}

/**
 * The scan to be divided, if there is one: much larger than all else that is read (for every range reads all of the others), and not found by an index, which reads less than a
 * range would. Plans that read shards are divided already.
 */
export function rangedScan(plan: LogicalNode, rows: TableRows, places: number): RangedScan | undefined {
  if (places < 2) return undefined;
  let all = 0;
  let isDivided = false;
  let cutsShort = false;
  visitPlan(plan, (node) => {
    if (node.kind === 'scan') {
      all += rows.get(node.table.oid) ?? 0;
      if (node.table.distribution.kind !== 'reference') isDivided = true;
    }
    // (The first rows that come are those of the first range, which is there first anyway.)
    if (node.kind === 'limit' && node.input.kind !== 'sort') cutsShort = true;
  });
  if (isDivided || cutsShort) return undefined;
  const [largest] = scansOnTheWay(plan, undefined)
    .map(({ scan, predicate }) => ({ scan, predicate, count: rows.get(scan.table.oid) ?? 0 }))
    .sort((a, b) => b.count - a.count);
  if (largest === undefined || largest.count < rowsMin || all - largest.count > largest.count / 4) return undefined;
  if (isLookedUp(largest.scan, largest.predicate)) return undefined;
  return { scan: largest.scan, ranges: Math.min(places * rangesOfPlace, Math.floor(largest.count / rowsOfRangeMin)) };
}

/** Whether what has become of it moves much fewer rows than are read. */
export function paysToDivide({ exchanges, root }: PhysicalPlan, { scan }: RangedScan, rows: TableRows): boolean {
  const most = (rows.get(scan.table.oid) ?? 0) / 2;
  const isDivided = root.place.kind === 'shards' || exchanges.some(({ producer }) => producer.place.kind === 'shards');
  return isDivided && exchanges.every(({ kind, producer }) => kind === 'gather' && producer.rows <= most);
}

/** Scans whose rows flow up to the root, each once; not those of subqueries and common table expressions. */
function scansOnTheWay(node: LogicalNode, predicate: Expression | undefined): readonly { readonly scan: Scan; readonly predicate: Expression | undefined }[] {
  switch (node.kind) {
    case 'scan':
      return [{ scan: node, predicate }];
    case 'filter':
      return scansOnTheWay(node.input, node.predicate);
    case 'with':
      return scansOnTheWay(node.body, undefined);
    case 'setOperation':
      return [];
    case 'join':
      return node.lateral ? scansOnTheWay(node.left, undefined) : inputsOf(node).flatMap((input) => scansOnTheWay(input, undefined));
    default:
      return inputsOf(node).flatMap((input) => scansOnTheWay(input, undefined));
  }
}

/** Whether the first column of an index is compared with something that is not the table's own. */
function isLookedUp(scan: Scan, predicate: Expression | undefined): boolean {
  const leading = new Set(scan.table.indexes.map(({ keys }) => keys[0]?.attribute));
  const isLeading = (e: Expression | undefined): e is ColumnRef =>
    e?.kind === 'column' && leading.has(scan.source[scan.columns.findIndex((column) => column.id === e.id)]);
  return conjuncts(predicate).some((term) => {
    if (term.kind === 'inList') return isLeading(term.left);
    return term.kind === 'call' && term.operator?.comparison !== undefined && term.operator.comparison !== '<>' && term.args.some(isLeading);
  });
}
