/**
 * What the three parsers of COPY FROM have in common. A parser takes the client's bytes in chunks of any size and calls back for each row.
 * Made by `createCopyParser` (create-copy-parser.ts) for the session, which feeds it from `CopyInput`.
 */
import type { CopyOptions } from './copy-options.js';

/** A field of a row: text of the text and csv formats (null = NULL), bytes of the binary format. */
export type CopyField = string | Uint8Array | null;

/**
 * Called for each row. `fields` are as many as there are columns, and belong to the receiver. `line` is for messages (`copyContext`): the line where the row ends, or
 * the number of the row in binary.
 */
export type CopyRowReceiver<F extends CopyField> = (fields: F[], line: number) => void;

/**
 * Called instead for a row whose fields stand in the bytes as they are: field i from bounds[2 * i] to bounds[2 * i + 1], which is -1 for NULL. There are as many as columns;
 * bytes and bounds are the parser's again afterwards.
 */
export type CopyPlainRowReceiver = (bytes: Buffer, bounds: Int32Array, line: number) => void;

export interface CopyParser {
  /** Takes a chunk, which the parser may keep until the next call. Rows come back before it returns. Throws PgError with its CONTEXT. */
  push(chunk: Uint8Array): void;
  /** The input has ended. */
  end(): void;
  /** The end marker has come: what follows is ignored. */
  readonly isFinished: boolean;
}

export interface CopyTarget {
  /** For messages. */
  readonly table: string;
  /** The columns of COPY's list, in order. */
  readonly columns: readonly string[];
  readonly options: CopyOptions;
  /** CSV: see `forcedColumns`. undefined = none. */
  readonly forceNotNull?: readonly boolean[];
  readonly forceNull?: readonly boolean[];
}
