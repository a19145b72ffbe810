/**
 * The tree of a PL/pgSQL body. Names are resolved while it is read: a variable is a slot of the function's frame, and every piece of SQL knows the namespace in which its
 * names are to be looked up. Made by parser.ts, carried out by proxy/session/plpgsql.
 */

/** Variables that are visible at some place, from the innermost block outwards. */
export interface Namespace {
  readonly label: string | undefined;
  readonly names: ReadonlyMap<string, number>;
  readonly outer: Namespace | undefined;
}

/** A piece of SQL. */
export interface Sql {
  readonly kind: 'expression' | 'statement';
  readonly text: string;
  readonly namespace: Namespace;
}

export interface Slot {
  readonly name: string;
  /** The type as written, or what the caller knows it by. */
  readonly type: string;
  readonly constant: boolean;
  readonly notNull: boolean;
  readonly initial: Sql | undefined;
  /** A cursor with its query. */
  readonly cursor?: Cursor;
  readonly line: number;
}

export interface Cursor {
  readonly query: Sql;
  /** Slots of its parameters. */
  readonly args: readonly number[];
  readonly scroll: boolean | undefined;
}

/** What values are put into: a variable, a part of one, or several variables. */
export interface Target {
  readonly text: string;
  readonly namespace: Namespace;
  readonly slot: number;
  /** Fields below the slot, when it is these only. */
  readonly fields: readonly string[];
  /** It is (or ends in) an element or a part of one: written through an expression. */
  readonly indirect: boolean;
}

export interface Handler {
  /** SQLSTATEs, 'others', or names of conditions. */
  readonly conditions: readonly string[];
  readonly body: readonly Statement[];
  readonly line: number;
}

export interface Block {
  readonly kind: 'block';
  readonly line: number;
  readonly label: string | undefined;
  readonly slots: readonly number[];
  readonly body: readonly Statement[];
  readonly handlers: readonly Handler[];
  /** Slots of SQLSTATE and SQLERRM within the handlers. */
  readonly errorSlots: { readonly sqlstate: number; readonly sqlerrm: number } | undefined;
}

interface Loop {
  readonly line: number;
  readonly label: string | undefined;
  readonly body: readonly Statement[];
}

export interface RaiseOption {
  readonly name: string;
  readonly value: Sql;
}

export type Into = { readonly targets: readonly Target[]; readonly strict: boolean };

export interface DiagnosticsItem {
  readonly target: Target;
  readonly item: string;
}

export interface FetchDirection {
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
  readonly count: Sql | number | 'all';
}

export type QuerySource = { readonly kind: 'static'; readonly query: Sql } | { readonly kind: 'dynamic'; readonly text: Sql; readonly using: readonly Sql[] };

export type Statement =
  | Block
  | { readonly kind: 'assign'; readonly line: number; readonly target: Target; readonly value: Sql }
  | {
      readonly kind: 'if';
      readonly line: number;
      readonly branches: readonly { readonly condition: Sql; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'case';
      readonly line: number;
      readonly subject: Sql | undefined;
      /** Slot of the subject's value, whose type it takes. */
      readonly slot: number;
      readonly branches: readonly { readonly condition: Sql; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | ({ readonly kind: 'loop' } & Loop)
  | ({ readonly kind: 'while'; readonly condition: Sql } & Loop)
  | ({
      readonly kind: 'forInteger';
      readonly slot: number;
      readonly lower: Sql;
      readonly upper: Sql;
      readonly step: Sql | undefined;
      readonly reverse: boolean;
    } & Loop)
  | ({ readonly kind: 'forRows'; readonly targets: readonly Target[]; readonly source: QuerySource } & Loop)
  | ({ readonly kind: 'forCursor'; readonly slot: number; readonly cursor: number; readonly args: Sql | undefined } & Loop)
  | ({ readonly kind: 'foreach'; readonly targets: readonly Target[]; readonly slice: number; readonly array: Sql } & Loop)
  | { readonly kind: 'exit' | 'continue'; readonly line: number; readonly label: string | undefined; readonly condition: Sql | undefined }
  | { readonly kind: 'return'; readonly line: number; readonly value: Sql | undefined }
  | { readonly kind: 'returnNext'; readonly line: number; readonly value: Sql | undefined }
  | { readonly kind: 'returnQuery'; readonly line: number; readonly source: QuerySource }
  | {
      readonly kind: 'raise';
      readonly line: number;
      readonly level: 'debug' | 'log' | 'info' | 'notice' | 'warning' | 'exception';
      /** A condition's name or SQLSTATE. */
      readonly condition: string | undefined;
      readonly format: string | undefined;
      readonly args: readonly Sql[];
      readonly options: readonly RaiseOption[];
    }
  | { readonly kind: 'assert'; readonly line: number; readonly condition: Sql; readonly message: Sql | undefined }
  | { readonly kind: 'sql'; readonly line: number; readonly statement: Sql; readonly verb: string; readonly into: Into | undefined }
  | { readonly kind: 'perform'; readonly line: number; readonly statement: Sql }
  | { readonly kind: 'execute'; readonly line: number; readonly text: Sql; readonly using: readonly Sql[]; readonly into: Into | undefined }
  | { readonly kind: 'diagnostics'; readonly line: number; readonly stacked: boolean; readonly items: readonly DiagnosticsItem[] }
  | {
      readonly kind: 'open';
      readonly line: number;
      readonly slot: number;
      readonly source: QuerySource | undefined;
      readonly scroll: boolean | undefined;
      readonly args: Sql | undefined;
    }
  | {
      readonly kind: 'fetch';
      readonly line: number;
      readonly move: boolean;
      readonly slot: number;
      readonly direction: FetchDirection;
      readonly targets: readonly Target[];
    }
  | { readonly kind: 'close'; readonly line: number; readonly slot: number }
  | { readonly kind: 'null'; readonly line: number }
  | { readonly kind: 'commit' | 'rollback'; readonly line: number; readonly chain: boolean };

export interface Program {
  readonly block: Block;
  readonly slots: readonly Slot[];
  /** The namespace of the parameters. */
  readonly parameters: Namespace;
  readonly conflict: 'error' | 'variable' | 'column';
  /** Every piece of SQL, for a look at its syntax. */
  readonly pieces: readonly Sql[];
}
