/**
 * Prepared statements and portals of a session.
 */
import { PgError } from '../../common/errors.js';
import type { Statement } from '../../sql/ast.js';
import type { Compiled } from './compile.js';
import type { RowSlicer } from './row-slicer.js';
import type { Parameters } from './run-query.js';
import type { FormatCode, Portal, PreparedStatement, ResultColumn, StatementDescription } from './session.js';

export class SessionStatement implements PreparedStatement {
  constructor(
    readonly name: string,
    readonly text: string,
    /** undefined: the text was empty. */
    readonly statement: Statement | undefined,
    /** As declared by Parse or PREPARE: types may be missing. */
    readonly declaredOids: readonly number[],
    public compiled: Compiled | undefined,
    readonly parameterOids: readonly number[],
    /** Catalog version and search path that `compiled` was made for. */
    public compiledFor: string,
  ) {}

  get isEmpty(): boolean {
    return this.statement === undefined;
  }

  get description(): StatementDescription {
    return { parameterOids: this.parameterOids, columns: this.compiled?.columns };
  }
}

export class SessionPortal implements Portal {
  /** Rows on their way, once executed. */
  slicer: RowSlicer | undefined;
  state: 'ready' | 'running' | 'done' = 'ready';
  tag = '';

  constructor(
    readonly name: string,
    readonly source: SessionStatement,
    public compiled: Compiled | undefined,
    readonly parameters: Parameters,
    readonly resultFormats: readonly FormatCode[],
    /** Made by DECLARE: lives to the end of the transaction, or of the session (WITH HOLD). */
    readonly cursor: boolean,
  ) {}

  get columns(): readonly ResultColumn[] | undefined {
    return this.compiled?.columns;
  }

  close(): void {
    this.slicer?.close();
    this.slicer = undefined;
    this.state = 'done';
  }
}

/** The statements and portals by name; '' is the unnamed one. */
export class NamedObjects {
  readonly statements = new Map<string, SessionStatement>();
  readonly portals = new Map<string, SessionPortal>();

  putStatement(statement: SessionStatement): void {
    if (statement.name !== '' && this.statements.has(statement.name)) throw new PgError('42P05', `prepared statement "${statement.name}" already exists`);
    this.statements.set(statement.name, statement);
  }

  statement(name: string): SessionStatement {
    const statement = this.statements.get(name);
    if (statement === undefined)
      throw new PgError('26000', name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`);
    return statement;
  }

  putPortal(portal: SessionPortal): void {
    const old = this.portals.get(portal.name);
    if (old !== undefined) {
      if (portal.name !== '') throw new PgError('42P03', `cursor "${portal.name}" already exists`);
      old.close();
    }
    this.portals.set(portal.name, portal);
  }

  portal(name: string): SessionPortal {
    const portal = this.portals.get(name);
    if (portal === undefined) throw new PgError('34000', `portal "${name}" does not exist`);
    return portal;
  }

  closePortal(name: string): boolean {
    const portal = this.portals.get(name);
    portal?.close();
    return this.portals.delete(name);
  }

  /** Portals do not outlive their transaction. */
  closePortals(): void {
    for (const portal of this.portals.values()) portal.close();
    this.portals.clear();
  }
}
