/**
 * What the topic files (scalar/, set/, aggregate/, window/) give for a symbol of catalog/function-rows: code without signature. The registry joins both.
 */
import type { Accumulator, AggregateFunction, Kernel, KernelValue, ResolvedCall, RowSource, SpelledArgument, Volatility } from './function.js';

export interface ScalarImplementation {
  readonly kernel?: Kernel;
  /** For polymorphic functions: makes the kernel of a resolved call. */
  readonly typedKernel?: (call: ResolvedCall) => Kernel;
  /** Native spelling; `kernel` is the registered name of the entry's kernel, for the branch that native SQLite cannot do (and that raises the errors). */
  readonly sqlite?: (args: readonly SpelledArgument[], kernel: string) => string | undefined;
  readonly bySession?: boolean;
  readonly needsWriter?: boolean;
}

export interface SetImplementation {
  readonly rows?: RowSource;
  readonly typedRows?: (call: ResolvedCall) => RowSource;
  /** Column names of a scalar set where PostgreSQL names them (OUT parameters name themselves). */
  readonly columnName?: string;
}

export interface AggregateImplementation {
  readonly accumulate?: Accumulator;
  readonly typedAccumulator?: (call: ResolvedCall) => Accumulator;
  readonly sqlite?: (args: readonly SpelledArgument[]) => string | undefined;
  readonly skipsNull: boolean;
  readonly split?: NonNullable<AggregateFunction['split']>;
  readonly empty?: KernelValue;
  readonly orderSensitive?: boolean;
}

export type ScalarImplementations = Readonly<Record<string, ScalarImplementation>>;
export type SetImplementations = Readonly<Record<string, SetImplementation>>;
export type AggregateImplementations = Readonly<Record<string, AggregateImplementation>>;

/** A function that only Shoal has (parts of split aggregates): signature and code in one. */
export interface OwnAggregate extends AggregateImplementation {
  readonly name: string;
  readonly args: readonly number[];
  readonly result: number;
}
export interface OwnScalar extends ScalarImplementation {
  readonly name: string;
  readonly args: readonly number[];
  readonly result: number;
  readonly strict: boolean;
  /** Immutable unless given. */
  readonly volatility?: Volatility;
}

/** A kernel from a function of the values alone. */
export function pure<A extends KernelValue[]>(compute: (...args: A) => KernelValue): { readonly kernel: Kernel } {
  // The registry's signatures and the adapters see to the arguments' types.
  const call = compute as unknown as (...args: (KernelValue | undefined)[]) => KernelValue;
  switch (compute.length) {
    case 0:
      return { kernel: () => call() };
    case 1:
      return { kernel: (_, a) => call(a) };
    case 2:
      return { kernel: (_, a, b) => call(a, b) };
    default:
      return { kernel: (_, ...args) => call(...args) };
  }
}
