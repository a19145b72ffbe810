/**
 * A value that an expression computes once and reads again: what the binder makes of CASE over a volatile operand. The first comparison remembers the value in a
 * slot, the later ones recall it. Both stand in one expression that SQLite computes without a pause, so a slot belongs to it for that long.
 */
import { Oid } from '../../types/oid.js';
import type { KernelValue } from '../function.js';
import type { OwnScalar } from '../implementation.js';

const slots = new Map<number, KernelValue>();

export const ownRememberedFunctions: readonly OwnScalar[] = [
  {
    // shoal_remember(slot, value): the value.
    name: 'shoal_remember',
    args: [Oid.int4, Oid.any],
    result: Oid.anyelement,
    strict: false,
    volatility: 'volatile',
    typedKernel: () => (_, slot, value) => {
      slots.set(Number(slot), value ?? null);
      return value ?? null;
    },
  },
  {
    // shoal_recall(slot): the value that was remembered last.
    name: 'shoal_recall',
    args: [Oid.int4],
    result: Oid.anyelement,
    strict: false,
    volatility: 'volatile',
    typedKernel: () => (_, slot) => slots.get(Number(slot)) ?? null,
  },
];
