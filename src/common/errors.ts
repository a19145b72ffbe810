/**
 * The one error that users see. Every SQLSTATE is made here or by a constructor below, so that codes stay consistent.
 * Source: PostgreSQL 15, appendix A (error codes) and chapter 55.8 (error and notice fields).
 */

export type Severity = 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';

/** Optional fields of an error report, as in the protocol's ErrorResponse. */
export interface ErrorFields {
  readonly severity?: Severity;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based position in characters of the statement's text. */
  readonly position?: number | undefined;
  readonly where?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly dataType?: string | undefined;
  readonly constraint?: string | undefined;
  /** PostgreSQL's C function that reports it, where drivers look at that: they prepare a statement anew after RevalidateCachedQuery. */
  readonly routine?: 'RevalidateCachedQuery' | undefined;
  /** Ordinal (from 0) of the offending row in a portion of a bulk load, for its sender; no client sees it. */
  readonly portionRow?: number | undefined;
}

/** An error with its SQLSTATE, for the user. */
export class PgError extends Error {
  override readonly name = 'PgError';
  constructor(
    /** Five-character SQLSTATE. */
    readonly code: string,
    message: string,
    readonly fields: ErrorFields = {},
  ) {
    super(message);
  }

  /** The same error at a position in the statement, unless it already has one. */
  at(position: number | undefined): PgError {
    return this.fields.position !== undefined || position === undefined ? this : new PgError(this.code, this.message, { ...this.fields, position });
  }

  /** A structured-cloneable form, for crossing threads. */
  static serialize(error: unknown): unknown {
    if (error instanceof PgError) return { code: error.code, message: error.message, fields: error.fields };
    if (error instanceof Error) return { message: error.message, stack: error.stack };
    return { message: String(error) };
  }

  static deserialize(form: unknown): Error {
    const { code, message, fields, stack } = form as { code?: string; message: string; fields?: ErrorFields; stack?: string };
    if (code !== undefined) return new PgError(code, message, fields);
    const error = new Error(message);
    if (stack !== undefined) error.stack = stack;
    return error;
  }
}

/** A statement that was prepared would have other columns now: DDL has come between. */
export function changedResultType(): PgError {
  return new PgError('0A000', 'cached plan must not change result type', { routine: 'RevalidateCachedQuery' });
}

/** 0A000: a legal statement that Shoal does not carry out (yet). The sentence names the feature. */
export function notSupported(feature: string, position?: number): PgError {
  return new PgError('0A000', `${feature} is not supported`, position === undefined ? {} : { position });
}

/** A broken invariant: a defect of Shoal, never of the user. */
export function assert(condition: unknown, message: string): asserts condition {
  if (condition === false || condition === undefined || condition === null || condition === 0 || condition === '')
    throw new Error(`assertion failed: ${message}`);
}

/** For the default branch of an exhaustive switch. */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
