/**
 * Evaluation of jsonpath. Source: jsonpath_exec.c of PostgreSQL 15, whose order of evaluation it keeps, as errors, laxness and the short ways show it.
 * Used by scalar/jsonpath.ts and set/jsonpath.ts.
 */
import { PgError } from '../../common/errors.js';
import { compareText, formatJson, type JsonNode, jsonNull, parseJson } from '../../types/json.js';
import { type JsonPath, lastLevel, parseJsonPath, type PathNode, type PathStep, setRegexCheck } from '../../types/jsonpath.js';
import {
  absNumeric,
  addNumeric,
  ceilNumeric,
  compareNumeric,
  divideNumeric,
  floorNumeric,
  formatNumeric,
  moduloNumeric,
  multiplyNumeric,
  negateNumeric,
  numberToNumeric,
  numericToBigInt,
  numericToNumber,
  type Numeric,
  parseNumeric,
  subtractNumeric,
  truncNumeric,
} from '../../types/numeric.js';
import { float8Codec } from '../../types/float.js';
import { canonicalContext } from '../../types/value.js';
import { type Regex, regexOf } from '../text/regex.js';
import { containerOffset } from './jsonb-layout.js';
import { compareDateTimes, dateTimeText, dateTimeTypeName, type PathDateTime, readStandard, readTemplate } from './path-datetime.js';

/** What a path yields: JSON, and the dates and times that .datetime() makes. */
export type PathItem = JsonNode | PathDateTime;

/** An error that `silent`, filters and predicates swallow. */
class PathError extends PgError {}

type Truth = true | false | 'unknown';

const textOfItem = (item: PathItem): JsonNode => (item.kind === 'datetime' ? { kind: 'string', value: dateTimeText(item) } : item);

/** An item as JSON. */
export function itemText(item: PathItem): string {
  return formatJson(textOfItem(item));
}

export function itemsArray(items: readonly PathItem[]): string {
  return formatJson({ kind: 'array', items: items.map(textOfItem) });
}

function regexOfPath(pattern: string, flags: string): Regex {
  return regexOf(pattern, {
    global: false,
    ignoreCase: flags.includes('i'),
    newlineStops: !flags.includes('q') && !flags.includes('s'),
    newlineAnchors: !flags.includes('q') && flags.includes('m'),
    expanded: false,
    literal: flags.includes('q'),
  });
}

setRegexCheck((pattern, flags) => {
  regexOfPath(pattern, flags);
});

const number = (value: Numeric): JsonNode => ({ kind: 'number', text: formatNumeric(value) });

interface Base {
  readonly root: JsonNode;
  readonly id: number;
}

class Evaluation {
  private lax: boolean;
  private ignoreStructural: boolean;
  private current: PathItem;
  private innermostSize = -1;
  private base: Base;
  private lastId: number;

  constructor(
    path: JsonPath,
    private readonly root: JsonNode,
    private readonly variables: JsonNode,
    private readonly zone: string | undefined,
    /** Errors are swallowed somewhere above. */
    private silent: boolean,
  ) {
    this.lax = path.lax;
    this.ignoreStructural = path.lax;
    this.current = root;
    this.base = { root, id: 0 };
    this.lastId = 2;
  }

  /** executeItem: the node's primary and its steps. With `found` null only whether there is an item. */
  run(node: PathNode, item: PathItem, found: PathItem[] | null): boolean {
    return this.primary(node, item, found);
  }

  private next(node: PathNode, step: number, item: PathItem, found: PathItem[] | null): boolean {
    if (step < node.steps.length) return this.step(node, step, item, found, this.lax);
    found?.push(item);
    return true;
  }

  private primary(node: PathNode, item: PathItem, found: PathItem[] | null): boolean {
    const more = node.steps.length > 0;
    switch (node.kind) {
      case 'and':
      case 'or':
      case 'not':
      case 'isUnknown':
      case 'exists':
      case 'compare':
      case 'startsWith':
      case 'likeRegex': {
        const truth = this.truth(node, item);
        if (!more && found === null) return true;
        return this.next(node, 0, truth === 'unknown' ? jsonNull : { kind: 'boolean', value: truth }, found);
      }
      case 'root': {
        const saved = this.base;
        this.base = { root: this.root, id: 0 };
        const result = this.next(node, 0, this.root, found);
        this.base = saved;
        return result;
      }
      case 'current':
        return this.next(node, 0, this.current, found);
      case 'null':
      case 'boolean':
      case 'number':
      case 'string':
      case 'variable': {
        if (!more && found === null) return true;
        const saved = this.base;
        const value = this.constant(node);
        const result = this.next(node, 0, value, found);
        this.base = saved;
        return result;
      }
      case 'last':
        if (this.innermostSize < 0) throw new PgError('XX000', 'evaluating jsonpath LAST outside of array subscript');
        if (!more && found === null) return true;
        return this.next(node, 0, { kind: 'number', text: String(this.innermostSize - 1) }, found);
      case 'arithmetic':
        return this.arithmetic(node, item, found);
      case 'sign':
        return this.sign(node, item, found);
    }
  }

  private constant(node: PathNode): JsonNode {
    switch (node.kind) {
      case 'boolean':
        return { kind: 'boolean', value: node.value };
      case 'number':
        return { kind: 'number', text: node.text };
      case 'string':
        return { kind: 'string', value: node.value };
      case 'variable': {
        const { variables } = this;
        const entry = variables.kind === 'object' ? variables.entries.find(({ key }) => key === node.name) : undefined;
        if (entry === undefined) throw new PgError('42704', `could not find jsonpath variable "${node.name}"`);
        this.base = { root: variables, id: 1 };
        return entry.value;
      }
      default:
        return jsonNull;
    }
  }

  private step(node: PathNode, at: number, item: PathItem, found: PathItem[] | null, unwrap: boolean): boolean {
    const step = node.steps[at] as PathStep;
    const go = (value: PathItem): boolean => this.next(node, at + 1, value, found);
    const more = at + 1 < node.steps.length;
    const unwrapped = (): boolean => this.any((value) => this.step(node, at, value, found, false), item, found, 1, 1, 1, false);
    switch (step.kind) {
      case 'key': {
        if (item.kind === 'object') {
          const entry = item.entries.find(({ key }) => key === step.name);
          if (entry !== undefined) return go(entry.value);
          if (!this.ignoreStructural) throw new PathError('2203A', `JSON object does not contain key "${step.name}"`);
          return false;
        }
        if (unwrap && item.kind === 'array') return unwrapped();
        if (!this.ignoreStructural) throw new PathError('2203A', 'jsonpath member accessor can only be applied to an object');
        return false;
      }
      case 'anyKey':
        if (item.kind === 'object') return this.any(more ? (value) => this.step(node, at + 1, value, found, this.lax) : undefined, item, found, 1, 1, 1, false);
        if (unwrap && item.kind === 'array') return unwrapped();
        if (!this.ignoreStructural) throw new PathError('2203C', 'jsonpath wildcard member accessor can only be applied to an object');
        return false;
      case 'anyArray':
        if (item.kind === 'array') return this.any(more ? (value) => this.step(node, at + 1, value, found, this.lax) : undefined, item, found, 1, 1, 1, false);
        if (this.lax) return go(item);
        if (!this.ignoreStructural) throw new PathError('22039', 'jsonpath wildcard array accessor can only be applied to an array');
        return false;
      case 'index':
        return this.index(step.ranges, item, found, more, go);
      case 'any': {
        let result = false;
        if (step.first === 0) {
          const saved = this.ignoreStructural;
          this.ignoreStructural = true;
          // Where errors are silent, one at the item itself does not keep PostgreSQL from looking into it.
          result = this.silent && (item.kind === 'array' || item.kind === 'object') ? (this.attempt(() => go(item)) ?? false) : go(item);
          this.ignoreStructural = saved;
          if (result && found === null) return true;
        }
        if (item.kind === 'array' || item.kind === 'object') {
          const nextStep = more ? (value: PathItem): boolean => this.step(node, at + 1, value, found, this.lax) : undefined;
          return this.any(nextStep, item, found, 1, step.first, step.last, true);
        }
        return result;
      }
      case 'filter': {
        if (unwrap && item.kind === 'array') return unwrapped();
        const saved = this.current;
        this.current = item;
        const truth = this.truth(step.predicate, item);
        this.current = saved;
        return truth === true ? go(item) : false;
      }
      case 'datetime': {
        if (unwrap && item.kind === 'array') return unwrapped();
        if (item.kind !== 'string') throw new PathError('22031', 'jsonpath item method .datetime() can only be applied to a string');
        const value = dateTimeOf(item.value, step.template);
        if (!more && found === null) return true;
        return go(value);
      }
      case 'method':
        return this.method(step.name, item, found, unwrap, more, go, unwrapped);
    }
  }

  private method(
    name: (PathStep & { kind: 'method' })['name'],
    item: PathItem,
    found: PathItem[] | null,
    unwrap: boolean,
    more: boolean,
    go: (value: PathItem) => boolean,
    unwrapped: () => boolean,
  ): boolean {
    switch (name) {
      case 'type':
        return go({ kind: 'string', value: item.kind === 'datetime' ? dateTimeTypeName(item) : item.kind });
      case 'size':
        if (item.kind !== 'array' && !this.lax) {
          if (!this.ignoreStructural) throw new PathError('22039', 'jsonpath item method .size() can only be applied to an array');
          return false;
        }
        return go({ kind: 'number', text: String(item.kind === 'array' ? item.items.length : 1) });
      case 'abs':
      case 'floor':
      case 'ceiling': {
        if (unwrap && item.kind === 'array') return unwrapped();
        if (item.kind !== 'number') throw new PathError('22036', `jsonpath item method .${name}() can only be applied to a numeric value`);
        if (!more && found === null) return true;
        const compute = name === 'abs' ? absNumeric : name === 'floor' ? floorNumeric : ceilNumeric;
        return go(number(compute(parseNumeric(item.text))));
      }
      case 'double':
        if (unwrap && item.kind === 'array') return unwrapped();
        return go(doubleOf(item));
      case 'keyvalue':
        if (unwrap && item.kind === 'array') return unwrapped();
        if (item.kind !== 'object') throw new PathError('2203C', 'jsonpath item method .keyvalue() can only be applied to an object');
        return this.keyValue(item, found, more, go);
    }
  }

  private keyValue(item: JsonNode & { kind: 'object' }, found: PathItem[] | null, more: boolean, go: (value: PathItem) => boolean): boolean {
    const id = containerOffset(this.base.root, item) + this.base.id * 10_000_000_000;
    let result = false;
    for (const { key, value } of item.entries) {
      result = true;
      if (!more && found === null) break;
      const pair: JsonNode = {
        kind: 'object',
        entries: [
          { key: 'id', value: { kind: 'number', text: String(id) } },
          { key: 'key', value: { kind: 'string', value: key } },
          { key: 'value', value },
        ],
      };
      const saved = this.base;
      this.base = { root: pair, id: this.lastId++ };
      result = go(pair);
      this.base = saved;
      if (result && found === null) break;
    }
    return result;
  }

  private index(
    ranges: readonly { readonly from: PathNode; readonly to: PathNode | undefined }[],
    item: PathItem,
    found: PathItem[] | null,
    more: boolean,
    go: (value: PathItem) => boolean,
  ): boolean {
    if (item.kind !== 'array' && !this.lax) {
      if (!this.ignoreStructural) throw new PathError('22039', 'jsonpath array accessor can only be applied to an array');
      return false;
    }
    const items: readonly PathItem[] = item.kind === 'array' ? item.items : [item];
    const size = items.length;
    const savedSize = this.innermostSize;
    this.innermostSize = size;
    let result = false;
    for (const range of ranges) {
      let from = this.subscript(range.from, item);
      let to = range.to === undefined ? from : this.subscript(range.to, item);
      if (!this.ignoreStructural && (from < 0 || from > to || to >= size)) throw new PathError('22033', 'jsonpath array subscript is out of bounds');
      from = Math.max(from, 0);
      to = Math.min(to, size - 1);
      result = false;
      for (let n = from; n <= to; n++) {
        if (!more && found === null) {
          this.innermostSize = savedSize;
          return true;
        }
        result = go(items[n] as PathItem);
        if (result && found === null) break;
      }
      if (result && found === null) break;
    }
    this.innermostSize = savedSize;
    return result;
  }

  private subscript(node: PathNode, item: PathItem): number {
    const values: PathItem[] = [];
    this.run(node, item, values);
    const [value] = values;
    if (values.length !== 1 || value?.kind !== 'number') throw new PathError('22033', 'jsonpath array subscript is not a single numeric value');
    const whole = numericToBigInt(truncNumeric(parseNumeric(value.text)));
    if (whole === undefined || whole > 2_147_483_647n || whole < -2_147_483_648n)
      throw new PathError('22033', 'jsonpath array subscript is out of integer range');
    return Number(whole);
  }

  /** executeAnyItem: the members of a container, level by level. Without `apply` the members themselves are the result. */
  private any(
    apply: ((value: PathItem) => boolean) | undefined,
    container: PathItem,
    found: PathItem[] | null,
    level: number,
    first: number,
    last: number,
    ignoreStructural: boolean,
  ): boolean {
    if (level > last) return false;
    const members: readonly JsonNode[] =
      container.kind === 'array' ? container.items : container.kind === 'object' ? container.entries.map(({ value }) => value) : [];
    let result = false;
    for (const value of members) {
      const nested = value.kind === 'array' || value.kind === 'object';
      if (level >= first || (first === lastLevel && last === lastLevel && !nested)) {
        if (apply !== undefined) {
          const saved = this.ignoreStructural;
          if (ignoreStructural) this.ignoreStructural = true;
          result = apply(value);
          this.ignoreStructural = saved;
          if (result && found === null) break;
        } else if (found !== null) {
          found.push(value);
          result = true;
        } else return true;
      }
      if (level < last && nested) {
        result = this.any(apply, value, found, level + 1, first, last, ignoreStructural);
        if (result && found === null) break;
      }
    }
    return result;
  }

  /** executeItemOptUnwrapResult: in lax mode the items of arrays one level down. */
  private unwrappedItems(node: PathNode, item: PathItem): PathItem[] {
    const items: PathItem[] = [];
    this.run(node, item, items);
    return this.lax ? items.flatMap<PathItem>((value) => (value.kind === 'array' ? value.items : [value])) : items;
  }

  /** Runs what may fail inside a predicate; undefined: it failed. */
  private attempt<T>(compute: () => T): T | undefined {
    const { ignoreStructural, current, innermostSize, base, silent } = this;
    this.silent = true;
    try {
      const result = compute();
      this.silent = silent;
      return result;
    } catch (error) {
      this.silent = silent;
      if (!(error instanceof PathError)) throw error;
      this.ignoreStructural = ignoreStructural;
      this.current = current;
      this.innermostSize = innermostSize;
      this.base = base;
      return undefined;
    }
  }

  truth(node: PathNode, item: PathItem): Truth {
    switch (node.kind) {
      case 'and': {
        const left = this.truth(node.left, item);
        if (left === false) return false;
        const right = this.truth(node.right, item);
        return right === true ? left : right;
      }
      case 'or': {
        const left = this.truth(node.left, item);
        if (left === true) return true;
        const right = this.truth(node.right, item);
        return right === false ? left : right;
      }
      case 'not': {
        const truth = this.truth(node.operand, item);
        return truth === 'unknown' ? truth : !truth;
      }
      case 'isUnknown':
        return this.truth(node.operand, item) === 'unknown';
      case 'exists': {
        const { operand } = node;
        if (!this.lax) {
          const items: PathItem[] = [];
          return this.attempt(() => this.run(operand, item, items)) === undefined ? 'unknown' : items.length > 0;
        }
        return this.attempt(() => this.run(operand, item, null)) ?? 'unknown';
      }
      case 'compare': {
        const left = this.attempt(() => this.unwrappedItems(node.left, item));
        if (left === undefined) return 'unknown';
        const right = this.attempt(() => this.unwrappedItems(node.right, item));
        if (right === undefined) return 'unknown';
        return this.predicate(left, right, (a, b) => compareItems(node.operator, a, b, this.zone));
      }
      case 'startsWith': {
        const left = this.attempt(() => this.unwrappedItems(node.left, item));
        if (left === undefined) return 'unknown';
        const right = this.attempt(() => {
          const items: PathItem[] = [];
          this.run(node.right, item, items);
          return items;
        });
        if (right === undefined) return 'unknown';
        return this.predicate(left, right, (a, b) => (a.kind === 'string' && b.kind === 'string' ? a.value.startsWith(b.value) : 'unknown'));
      }
      case 'likeRegex': {
        const items = this.attempt(() => this.unwrappedItems(node.operand, item));
        if (items === undefined) return 'unknown';
        const regex = regexOfPath(node.pattern, node.flags);
        return this.predicate(items, [jsonNull], (a) => (a.kind === 'string' ? regex.test(a.value) : 'unknown'));
      }
      default:
        throw new Error(`no predicate: ${node.kind}`);
    }
  }

  private predicate(left: readonly PathItem[], right: readonly PathItem[], test: (a: PathItem, b: PathItem) => Truth): Truth {
    let error = false;
    let found = false;
    for (const a of left) {
      for (const b of right) {
        const truth = test(a, b);
        if (truth === 'unknown') {
          if (!this.lax) return 'unknown';
          error = true;
        } else if (truth) {
          if (this.lax) return true;
          found = true;
        }
      }
    }
    return found ? true : error ? 'unknown' : false;
  }

  private arithmetic(node: PathNode & { kind: 'arithmetic' }, item: PathItem, found: PathItem[] | null): boolean {
    const left = this.unwrappedItems(node.left, item);
    const right = this.unwrappedItems(node.right, item);
    const single = (items: readonly PathItem[], side: string): Numeric => {
      const [value] = items;
      if (items.length !== 1 || value?.kind !== 'number')
        throw new PathError('22038', `${side} operand of jsonpath operator ${node.operator} is not a single numeric value`);
      return parseNumeric(value.text);
    };
    const a = single(left, 'left');
    const b = single(right, 'right');
    let result: Numeric;
    try {
      result = calculations[node.operator](a, b);
    } catch (error) {
      throw error instanceof PgError ? new PathError(error.code, error.message) : error;
    }
    if (node.steps.length === 0 && found === null) return true;
    return this.next(node, 0, number(result), found);
  }

  private sign(node: PathNode & { kind: 'sign' }, item: PathItem, found: PathItem[] | null): boolean {
    let result = false;
    const more = node.steps.length > 0;
    for (const value of this.unwrappedItems(node.operand, item)) {
      if (value.kind === 'number') {
        if (found === null && !more) return true;
      } else {
        if (found === null && !more) continue;
        throw new PathError('2203B', `operand of unary jsonpath operator ${node.operator} is not a numeric value`);
      }
      const signed = node.operator === '-' ? number(negateNumeric(parseNumeric(value.text))) : value;
      if (this.next(node, 0, signed, found)) {
        if (found === null) return true;
        result = true;
      }
    }
    return result;
  }
}

const calculations: Readonly<Record<'+' | '-' | '*' | '/' | '%', (a: Numeric, b: Numeric) => Numeric>> = {
  '+': addNumeric,
  '-': subtractNumeric,
  '*': multiplyNumeric,
  '/': divideNumeric,
  '%': moduloNumeric,
};

function dateTimeOf(text: string, template: string | undefined): PathDateTime {
  if (template === undefined) {
    const value = readStandard(text);
    if (value === undefined) {
      throw new PathError('22031', `datetime format is not recognized: "${text}"`, {
        hint: 'Use a datetime template argument to specify the input data format.',
      });
    }
    return value;
  }
  try {
    return readTemplate(text, template);
  } catch (error) {
    throw error instanceof PgError && error.code !== '0A000' ? new PathError(error.code, error.message) : error;
  }
}

function doubleOf(item: PathItem): JsonNode {
  if (item.kind === 'number') {
    if (!Number.isFinite(numericToNumber(parseNumeric(item.text)))) {
      throw new PathError('22036', 'numeric argument of jsonpath item method .double() is out of range for type double precision');
    }
    return item;
  }
  if (item.kind !== 'string') throw new PathError('22036', 'jsonpath item method .double() can only be applied to a string or numeric value');
  let value: number;
  try {
    value = Number(float8Codec.parse(item.value, -1, canonicalContext));
  } catch {
    value = Number.NaN;
  }
  if (!Number.isFinite(value))
    throw new PathError('22036', 'string argument of jsonpath item method .double() is not a valid representation of a double precision number');
  return number(numberToNumeric(value));
}

function compareItems(operator: string, a: PathItem, b: PathItem, zone: string | undefined): Truth {
  let order: number;
  if (a.kind !== b.kind) {
    if (a.kind === 'null' || b.kind === 'null') return operator === '!=';
    return 'unknown';
  }
  switch (a.kind) {
    case 'null':
      order = 0;
      break;
    case 'boolean':
      order = Number(a.value) - Number((b as typeof a).value);
      break;
    case 'number':
      order = compareNumeric(parseNumeric(a.text), parseNumeric((b as typeof a).text));
      break;
    case 'string':
      order = compareText(a.value, (b as typeof a).value);
      break;
    case 'datetime': {
      const compared = compareDateTimes(a, b as PathDateTime, zone);
      if (compared === undefined) return 'unknown';
      order = compared;
      break;
    }
    default:
      return 'unknown';
  }
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    default:
      return order >= 0;
  }
}

const pathCache = new Map<string, JsonPath>();

function pathOf(text: string): JsonPath {
  let path = pathCache.get(text);
  if (path === undefined) {
    if (pathCache.size > 500) pathCache.clear();
    pathCache.set(text, (path = parseJsonPath(text)));
  }
  return path;
}

export interface PathCall {
  readonly json: string;
  readonly path: string;
  readonly variables: string;
  readonly silent: boolean;
  /** The session's zone, for the _tz functions. */
  readonly zone: string | undefined;
}

function evaluationOf({ json, path, variables, silent, zone }: PathCall): {
  readonly evaluation: Evaluation;
  readonly path: JsonPath;
  readonly root: JsonNode;
} {
  const vars = parseJson(variables);
  if (vars.kind !== 'object') {
    throw new PgError('22023', '"vars" argument is not an object', { detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.' });
  }
  const root = parseJson(json);
  const parsed = pathOf(path);
  return { evaluation: new Evaluation(parsed, root, vars, zone, silent), path: parsed, root };
}

/** The items of a path; when errors are silent, those found before one. */
export function pathItems(call: PathCall): readonly PathItem[] {
  const { evaluation, path, root } = evaluationOf(call);
  const items: PathItem[] = [];
  try {
    evaluation.run(path.root, root, items);
  } catch (error) {
    if (!(call.silent && error instanceof PathError)) throw error;
  }
  return items;
}

/** jsonb_path_exists: null after an error that is silent. */
export function pathExists(call: PathCall): boolean | null {
  const { evaluation, path, root } = evaluationOf(call);
  try {
    if (path.lax) return evaluation.run(path.root, root, null);
    const items: PathItem[] = [];
    evaluation.run(path.root, root, items);
    return items.length > 0;
  } catch (error) {
    if (call.silent && error instanceof PathError) return null;
    throw error;
  }
}

/** jsonb_path_match: the one boolean, or null. */
export function pathMatch(call: PathCall): boolean | null {
  const items = pathItems(call);
  const [item] = items;
  if (items.length === 1 && item?.kind === 'boolean') return item.value;
  if (items.length === 1 && item?.kind === 'null') return null;
  if (call.silent) return null;
  throw new PgError('22038', 'single boolean result is expected');
}
