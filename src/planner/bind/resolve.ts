/**
 * Overload resolution of functions and operators: which entry of the registry a name and argument types mean.
 * Source: parse_func.c, parse_oper.c and namespace.c of PostgreSQL 15 (func_get_detail, func_match_argtypes, func_select_candidate, binary_oper_exact).
 */
import type { FunctionEntry, OperatorEntry } from '../../functions/function.js';
import type { Expression } from '../../plan/expression.js';
import { functionsNamed, isPolymorphic, operatorFor, operatorsNamed } from '../../functions/registry.js';
import { elementTypeOf, formatType, Oid, typeByName } from '../../types/registry.js';
import { firstUserOid } from '../../types/user-types.js';
import type { Binder } from './binder.js';
import { canCoerce, categoryOf, coercionPath, isPreferred } from './coercion.js';
import { resolveSignature } from './polymorphic.js';

/** Something with argument types, among which resolution chooses. */
interface Typed {
  readonly args: readonly number[];
}

function exact(args: readonly number[], types: readonly number[]): boolean {
  return args.every((arg, i) => arg === types[i]);
}

/** func_match_argtypes: those that the actual types can be implicitly converted to. */
function matching<T extends Typed>(candidates: readonly T[], types: readonly number[]): T[] {
  return candidates.filter((candidate) => {
    let polymorphic = false;
    for (let i = 0; i < types.length; i++) {
      const wanted = candidate.args[i] as number;
      if (wanted !== Oid.any && isPolymorphic(wanted)) polymorphic = true;
      else if (!canCoerce(types[i] as number, wanted, 'implicit')) return false;
    }
    return !polymorphic || resolveSignature(types, candidate.args, Oid.void, 'check') !== undefined;
  });
}

/** Those with the highest score. */
function best<T>(candidates: readonly T[], score: (candidate: T) => number): T[] {
  let highest = -1;
  let kept: T[] = [];
  for (const candidate of candidates) {
    const points = score(candidate);
    if (points > highest) {
      highest = points;
      kept = [candidate];
    } else if (points === highest) kept.push(candidate);
  }
  return kept;
}

/** func_select_candidate: the one best candidate, or undefined when it is ambiguous. */
function select<T extends Typed>(matched: readonly T[], types: readonly number[]): T | undefined {
  const known = types.map((type, i) => (type === Oid.unknown ? -1 : i)).filter((i) => i >= 0);
  let candidates = best(matched, (candidate) => known.filter((i) => candidate.args[i] === types[i]).length);
  if (candidates.length === 1) return candidates[0];
  candidates = best(
    candidates,
    (candidate) => known.filter((i) => candidate.args[i] === types[i] || isPreferred(categoryOf(types[i] as number), candidate.args[i] as number)).length,
  );
  if (candidates.length === 1) return candidates[0];
  if (known.length === types.length) return undefined;

  // Unknown literals: the category that all candidates agree on, or string if any takes it.
  const slots = new Map<number, { category: string; preferred: boolean }>();
  let resolved = true;
  for (let i = 0; i < types.length && resolved; i++) {
    if (types[i] !== Oid.unknown) continue;
    let category: string | undefined;
    let preferred = false;
    let conflict = false;
    for (const candidate of candidates) {
      const type = candidate.args[i] as number;
      const own = categoryOf(type);
      const ownPreferred = isPreferred(own, type);
      if (category === undefined) {
        category = own;
        preferred = ownPreferred;
      } else if (own === category) preferred ||= ownPreferred;
      else if (own === 'S') {
        category = own;
        preferred = ownPreferred;
      } else conflict = true;
    }
    if (conflict && category !== 'S') resolved = false;
    else slots.set(i, { category: category as string, preferred });
  }
  if (resolved) {
    const kept = candidates.filter((candidate) =>
      [...slots].every(([i, slot]) => {
        const type = candidate.args[i] as number;
        return categoryOf(type) === slot.category && (!slot.preferred || isPreferred(slot.category, type));
      }),
    );
    if (kept.length > 0) candidates = kept;
    if (candidates.length === 1) return candidates[0];
  }
  // Last: assume that the unknown ones are of the one type that the known ones have.
  if (known.length > 0) {
    const type = types[known[0] as number] as number;
    if (known.every((i) => types[i] === type)) {
      const kept = matching(
        candidates,
        types.map(() => type),
      );
      if (kept.length === 1) return kept[0];
    }
  }
  return undefined;
}

// -------------------------------------------------------------------------------------------------------------------- operators

interface OperatorCandidate extends Typed {
  readonly entry: OperatorEntry;
}

const resolvedOperators = new Map<string, OperatorEntry>();

function operatorText(name: string, left: number, right: number): string {
  return left === 0 ? `${name} ${formatType(right)}` : `${formatType(left)} ${name} ${formatType(right)}`;
}

/** The operator for these operand types, or undefined; left 0: prefix. `ambiguous` is called when several are equally good. */
export function findOperator(name: string, left: number, right: number, ambiguous?: () => never): OperatorEntry | undefined {
  const key = `${name} ${left} ${right}`;
  const cached = resolvedOperators.get(key);
  if (cached !== undefined) return cached;
  let found: OperatorEntry | undefined;
  if (left === 0) found = right === Oid.unknown ? undefined : operatorFor(name, 0, right);
  else {
    const exactLeft = left === Oid.unknown ? right : left;
    const exactRight = right === Oid.unknown ? left : right;
    if (exactLeft !== Oid.unknown || exactRight !== Oid.unknown) found = operatorFor(name, exactLeft, exactRight);
  }
  if (found === undefined) {
    const types = left === 0 ? [right] : [left, right];
    const candidates: OperatorCandidate[] = [];
    for (const entry of operatorsNamed(name)) {
      if ((entry.left === 0) === (left === 0)) candidates.push({ entry, args: left === 0 ? [entry.right] : [entry.left, entry.right] });
    }
    const matched = matching(candidates, types);
    if (matched.length === 1) found = matched[0]?.entry;
    else if (matched.length > 1) {
      found = select(matched, types)?.entry;
      if (found === undefined && ambiguous !== undefined) ambiguous();
    }
  }
  if (found !== undefined && left < firstUserOid && right < firstUserOid) resolvedOperators.set(key, found);
  return found;
}

/** The operator for these operand types; 42883 or 42725 in PostgreSQL's words. */
export function requireOperator(binder: Binder, name: string, left: number, right: number, position: number | undefined): OperatorEntry {
  const found = findOperator(name, left, right, () => {
    throw binder.error('42725', `operator is not unique: ${operatorText(name, left, right)}`, position, {
      hint: 'Could not choose a best candidate operator. You might need to add explicit type casts.',
    });
  });
  if (found !== undefined) return found;
  throw binder.error('42883', `operator does not exist: ${operatorText(name, left, right)}`, position, {
    hint:
      left === 0
        ? 'No operator matches the given name and argument type. You might need to add an explicit type cast.'
        : 'No operator matches the given name and argument types. You might need to add explicit type casts.',
  });
}

// -------------------------------------------------------------------------------------------------------------------- functions

/** A function as it would be called with the given arguments. */
export interface FunctionCandidate extends Typed {
  readonly entry: FunctionEntry;
  /** How many of the actual arguments fill the variadic parameter; 0: none (or VARIADIC was written). */
  readonly variadicCount: number;
  /** For named arguments: order[parameter] = index of the actual argument, -1 = default. */
  readonly order?: readonly number[];
  readonly defaultsUsed: number;
}

export type FunctionMatch =
  | { readonly kind: 'function'; readonly candidate: FunctionCandidate }
  | { readonly kind: 'coercion'; readonly target: number }
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'none' };

/** Declared arguments in the order of the actual ones, or undefined when the count or the names do not fit. */
function candidateOf(entry: FunctionEntry, count: number, names: readonly (string | undefined)[], variadicCall: boolean): FunctionCandidate | undefined {
  const declared = entry.args;
  const defaults = entry.kind === 'scalar' || entry.kind === 'set' ? (entry.defaults?.length ?? 0) : 0;
  const firstNamed = names.findIndex((name) => name !== undefined);
  if (firstNamed >= 0) {
    if (entry.variadic === true && !variadicCall) return undefined;
    if (count > declared.length || declared.length - count > defaults) return undefined;
    const order = declared.map((_, i) => (i < firstNamed ? i : -1));
    for (let i = firstNamed; i < count; i++) {
      const parameter = entry.argNames?.indexOf(names[i] as string) ?? -1;
      if (parameter < 0 || parameter >= declared.length || order[parameter] !== -1) return undefined;
      order[parameter] = i;
    }
    if (order.some((index, parameter) => index < 0 && parameter < declared.length - defaults)) return undefined;
    const args = Array.from({ length: count }, (_, i) => declared[order.indexOf(i)] as number);
    return { entry, args, variadicCount: 0, order, defaultsUsed: declared.length - count };
  }
  if (entry.variadic === true && !variadicCall && declared.length <= count) {
    const last = declared[declared.length - 1] as number;
    const element = last === Oid.any ? Oid.any : variadicElement(last);
    const fixed = declared.slice(0, -1);
    const variadicCount = count - fixed.length;
    return { entry, args: [...fixed, ...Array.from({ length: variadicCount }, () => element)], variadicCount, defaultsUsed: 0 };
  }
  if (variadicCall && entry.variadic !== true) return undefined;
  if (declared.length === count) return { entry, args: declared, variadicCount: 0, defaultsUsed: 0 };
  if (declared.length > count && declared.length - count <= defaults)
    return { entry, args: declared.slice(0, count), variadicCount: 0, defaultsUsed: declared.length - count };
  return undefined;
}

function variadicElement(array: number): number {
  if (array === Oid.anyarray) return Oid.anyelement;
  if (array === Oid.anycompatiblearray) return Oid.anycompatible;
  return elementTypeOf(array)?.oid ?? array;
}

/** Of candidates with the same arguments only the plainest stays: not variadic, no defaults used. */
function withoutTwins(candidates: readonly FunctionCandidate[]): FunctionCandidate[] {
  const kept: FunctionCandidate[] = [];
  for (const candidate of candidates) {
    const twin = kept.findIndex((other) => exact(other.args, candidate.args));
    if (twin < 0) kept.push(candidate);
    else {
      const other = kept[twin] as FunctionCandidate;
      const plainer = Number(candidate.variadicCount > 0) - Number(other.variadicCount > 0) || candidate.defaultsUsed - other.defaultsUsed;
      if (plainer < 0) kept[twin] = candidate;
    }
  }
  return kept;
}

/** func_get_detail(): what a call of that name with these argument types means. `names`: undefined for positional arguments. */
export function findFunction(
  name: string,
  types: readonly number[],
  names: readonly (string | undefined)[] = [],
  variadicCall = false,
  accept: (entry: FunctionEntry) => boolean = () => true,
  entries: readonly FunctionEntry[] = functionsNamed(name),
): FunctionMatch {
  const all: FunctionCandidate[] = [];
  for (const entry of entries) {
    if (!accept(entry)) continue;
    const candidate = candidateOf(entry, types.length, names, variadicCall);
    if (candidate !== undefined) all.push(candidate);
  }
  const candidates = withoutTwins(all);
  const same = candidates.find((candidate) => exact(candidate.args, types));
  if (same !== undefined) return { kind: 'function', candidate: same };
  if (types.length === 1 && names[0] === undefined) {
    const target = typeByName(name);
    const source = types[0] as number;
    if (target !== undefined && target.name === name && target.kind !== 'p') {
      if (source === Oid.unknown) return { kind: 'coercion', target: target.oid };
      const path = coercionPath(source, target.oid, 'explicit');
      if (path !== undefined && (path.method === 'binary' || (path.method === 'io' && !(source === Oid.record && target.category === 'S'))))
        return { kind: 'coercion', target: target.oid };
    }
  }
  const matched = matching(candidates, types);
  if (matched.length === 0) return { kind: 'none' };
  if (matched.length === 1) return { kind: 'function', candidate: matched[0] as FunctionCandidate };
  const chosen = select(matched, types);
  return chosen === undefined ? { kind: 'ambiguous' } : { kind: 'function', candidate: chosen };
}

/** The entry that takes these very types, domains among them; else all. */
export function exactEntries(entries: readonly FunctionEntry[], args: readonly Expression[]): readonly FunctionEntry[] {
  if (entries.length < 2 || !args.some((arg) => arg.type.domain !== undefined)) return entries;
  const types = args.map((arg) => arg.type.domain ?? arg.type.oid);
  const same = entries.find((entry) => exact(entry.args, types));
  return same === undefined ? entries : [same];
}

/** `name(integer, a => text)` for messages. */
export function signatureText(name: readonly string[], types: readonly number[], names: readonly (string | undefined)[] = []): string {
  return `${name.join('.')}(${types.map((type, i) => (names[i] === undefined ? formatType(type) : `${names[i]} => ${formatType(type)}`)).join(', ')})`;
}
