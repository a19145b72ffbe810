/**
 * Cursors of PL/pgSQL: portals of the session under the cursor variable's name, so that a client may fetch from one that a function has left open.
 */
import { PgError } from '../../../common/errors.js';
import type { TypeRef } from '../../../plan/expression.js';
import type { Sql } from '../../../plpgsql/tree.js';
import { requireType } from '../../../types/registry.js';
import type { SqlValue } from '../../../types/value.js';
import type { CompiledQuery } from '../compile.js';
import { CursorRows } from '../cursor-rows.js';
import { fetchCursor, placesOf } from '../cursor.js';
import { SessionStatement } from '../portal.js';
import type { Parameters } from '../run-query.js';
import type { Row } from '../routines/row-set.js';
import type { ShoalSession } from '../shoal-session.js';
import { nowMicros } from '../transaction-state.js';
import { compiledQuery, run } from './body-sql.js';
import type { Frame, Typed } from './frame.js';

let unnamed = 0;

export interface Fetched {
  readonly columns: readonly { readonly name: string; readonly type: TypeRef }[];
  readonly rows: readonly Row[];
  readonly moved: number;
}

/** The fields of DataRow messages as texts. */
function* fieldTexts(bytes: Uint8Array): Iterable<(string | null)[]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; at += 1 + buffer.readInt32BE(at + 1)) {
    const fields: (string | null)[] = [];
    let field = at + 7;
    for (let left = buffer.readInt16BE(at + 5); left > 0; left--) {
      const length = buffer.readInt32BE(field);
      field += 4;
      fields.push(length < 0 ? null : buffer.toString('utf8', field, field + length));
      field += Math.max(0, length);
    }
    yield fields;
  }
}

export class CursorControl {
  constructor(
    private readonly session: ShoalSession,
    private readonly frame: Frame,
  ) {}

  /** The portal's name; 22004 for a variable that is NULL. */
  nameOf(slot: number): string {
    const variable = this.frame.variable(slot);
    const name = variable.kind === 'scalar' ? variable.value : null;
    if (name === null) throw new PgError('22004', `cursor variable "${this.frame.program.slots[slot]?.name ?? ''}" is null`);
    return String(name);
  }

  #newName(slot: number): string {
    const variable = this.frame.variable(slot);
    if (variable.kind !== 'scalar') throw new PgError('42804', 'a cursor variable is a refcursor');
    if (variable.value === null) {
      let name: string;
      do name = `<unnamed portal ${String(++unnamed)}>`;
      while (this.session.names.portals.has(name));
      variable.value = name;
      return name;
    }
    const name = String(variable.value);
    if (this.session.names.portals.has(name)) throw new PgError('42P03', `cursor "${name}" already in use`);
    return name;
  }

  async #declare(
    name: string,
    query: CompiledQuery,
    parameters: Parameters,
    statement: SessionStatement['statement'],
    scroll: boolean | undefined,
  ): Promise<void> {
    const { session } = this;
    session.core.transaction.isLast = false;
    const prepared = new SessionStatement('', '', statement, parameters.types, query, parameters.types, '');
    const made = session.declareCursor(
      name,
      prepared,
      query.columns.map(() => 0 as const),
      {
        scroll: scroll !== false,
        scrollAsked: scroll === true,
        hold: false,
        binary: false,
        declaredMicros: nowMicros(),
        places: placesOf(query.bound),
        asked: 0,
        moved: new Map(),
        rows: new CursorRows(),
        kept: true,
        forgotten: 0,
        position: 0,
        held: false,
        failure: undefined,
      },
      parameters,
    );
    await session.openCursor(made);
  }

  async open(slot: number, sql: Sql, scroll: boolean | undefined): Promise<string> {
    const name = this.#newName(slot);
    const { query, parameters } = compiledQuery(this.session, this.frame, sql);
    await this.#declare(name, query, parameters, undefined, scroll);
    return name;
  }

  async openText(slot: number, text: string, params: readonly Typed[], scroll: boolean | undefined): Promise<string> {
    const [parsed] = this.session.core.services.statements.parse(text);
    const types = params.map((param) => param.type.oid);
    const compiled = parsed === undefined ? undefined : this.session.compile(parsed.statement, types);
    if (compiled?.kind !== 'query') throw new PgError('42P11', 'cannot open non-SELECT query as cursor');
    const name = this.#newName(slot);
    await this.#declare(name, compiled, { values: params.map((param) => param.value), types }, parsed?.statement, scroll);
    return name;
  }

  /** A cursor that was declared with its query; its parameters get their values first. */
  async openBound(slot: number, args: Sql | undefined, assign: (slot: number, typed: Typed) => Promise<void>): Promise<string> {
    const cursor = this.frame.program.slots[slot]?.cursor;
    if (cursor === undefined) throw new Error('assertion failed: a bound cursor');
    if (args !== undefined) {
      const { columns, rows } = await run(this.session, this.frame, args);
      for (const [i, parameter] of cursor.args.entries()) {
        const type = columns[i]?.type;
        if (type !== undefined) await assign(parameter, { value: rows[0]?.[i] ?? null, type });
      }
    }
    return this.open(slot, cursor.query, cursor.scroll);
  }

  async fetch(
    name: string,
    how: { readonly direction: 'forward' | 'backward' | 'absolute' | 'relative'; readonly count: number | 'all'; readonly move: boolean },
  ): Promise<Fetched> {
    const { session } = this;
    const portal = session.names.portals.get(name);
    if (portal === undefined) throw new PgError('34000', `cursor "${name}" does not exist`);
    const columns = (portal.columns ?? []).map((column) => ({ name: column.name, type: { oid: column.typeOid, typmod: column.typmod } }));
    const context = session.core.context();
    const rows: Row[] = [];
    const refuse = (): never => {
      throw new Error('assertion failed: a cursor reads a query');
    };
    const tag = await fetchCursor(
      session,
      { kind: 'fetch', cursor: name, move: how.move, direction: how.direction, count: how.count },
      {
        rows: (bytes) => {
          for (const fields of fieldTexts(bytes))
            rows.push(
              fields.map((text, i): SqlValue => {
                const type = columns[i]?.type;
                return text === null || type === undefined ? null : requireType(type.oid).parse(text, -1, context);
              }),
            );
          return undefined;
        },
        copyIn: refuse,
        copyOut: refuse,
        copyData: refuse,
      },
    );
    return { columns, rows, moved: Number(tag.split(' ')[1] ?? 0) };
  }

  close(slot: number): void {
    const name = this.nameOf(slot);
    if (!this.session.names.closePortal(name)) throw new PgError('34000', `cursor "${name}" does not exist`);
  }

  closeIfOpen(name: string): void {
    this.session.names.closePortal(name);
  }
}
