/**
 * Transactions, settings, cursors, prepared statements, COPY, maintenance: statements that define nothing. Called by statement.ts.
 */
import { PgError } from '../../common/errors.js';
import type {
  Call,
  Copy,
  DeclareCursor,
  Do,
  Fetch,
  FunctionCall,
  Lock,
  Reindex,
  SettingValue,
  SetTransaction,
  SetVariable,
  Transaction,
  TransactionAction,
  TransactionModes,
  Vacuum,
} from '../ast.js';
import { namesOf, qualifiedName, refuseParameter, unexpected, type Context } from './context.js';
import { convertOptions } from './definition.js';
import { convertOptional, functionCall } from './expression.js';
import { convertSelect, convertTable } from './query.js';
import type { Raw } from './raw.js';
import type {
  CallStmt,
  CopyStmt,
  DeclareCursorStmt,
  DoStmt,
  FetchStmt,
  LockStmt,
  Node,
  ReindexStmt,
  TransactionStmt,
  VacuumStmt,
  VariableSetStmt,
} from '@pgsql/types';

function transactionModes(nodes: readonly Node[] | undefined): TransactionModes {
  const modes: { -readonly [K in keyof TransactionModes]: TransactionModes[K] } = {};
  for (const { DefElem: element = {} } of (nodes ?? []) as readonly Raw[]) {
    const value = (element.arg as Raw | undefined)?.A_Const;
    switch (element.defname) {
      case 'transaction_isolation':
        modes.isolation = value?.sval?.sval as TransactionModes['isolation'];
        break;
      case 'transaction_read_only':
        modes.readOnly = (value?.ival?.ival ?? 0) !== 0;
        break;
      case 'transaction_deferrable':
        modes.deferrable = (value?.ival?.ival ?? 0) !== 0;
        break;
      default:
        throw unexpected({}, `the transaction mode ${element.defname ?? ''}`);
    }
  }
  return modes;
}

export function convertTransaction(statement: TransactionStmt): Transaction {
  return { kind: 'transaction', action: transactionAction(statement) };
}

function transactionAction(statement: TransactionStmt): TransactionAction {
  const name = statement.savepoint_name ?? '';
  const gid = statement.gid ?? '';
  const chain = statement.chain ?? false;
  switch (statement.kind) {
    case 'TRANS_STMT_BEGIN':
      return { kind: 'begin', start: false, modes: transactionModes(statement.options) };
    case 'TRANS_STMT_START':
      return { kind: 'begin', start: true, modes: transactionModes(statement.options) };
    case 'TRANS_STMT_COMMIT':
      return { kind: 'commit', chain };
    case 'TRANS_STMT_ROLLBACK':
      return { kind: 'rollback', chain };
    case 'TRANS_STMT_SAVEPOINT':
      return { kind: 'savepoint', name };
    case 'TRANS_STMT_RELEASE':
      return { kind: 'release', name };
    case 'TRANS_STMT_ROLLBACK_TO':
      return { kind: 'rollbackTo', name };
    case 'TRANS_STMT_PREPARE':
      return { kind: 'prepare', gid };
    case 'TRANS_STMT_COMMIT_PREPARED':
      return { kind: 'commitPrepared', gid };
    case 'TRANS_STMT_ROLLBACK_PREPARED':
      return { kind: 'rollbackPrepared', gid };
    default:
      throw unexpected({}, `the transaction statement ${String(statement.kind)}`);
  }
}

/** SET and RESET of one variable or all; the transaction forms come through `convertSet`. */
export function convertSetVariable(statement: VariableSetStmt, context: Context): SetVariable {
  const name = statement.name ?? '';
  const local = statement.is_local ?? false;
  switch (statement.kind) {
    case 'VAR_SET_VALUE':
      return { kind: 'set', action: 'value', name, values: (statement.args ?? []).map((node) => settingValue(node as Raw, context)), local };
    case 'VAR_SET_DEFAULT':
      return { kind: 'set', action: 'default', name, local };
    case 'VAR_SET_CURRENT':
      return { kind: 'set', action: 'fromCurrent', name, local };
    case 'VAR_RESET':
      return { kind: 'set', action: 'reset', name, local: false };
    case 'VAR_RESET_ALL':
      return { kind: 'set', action: 'resetAll', local: false };
    default:
      throw unexpected({}, `SET ${name}`);
  }
}

export function convertSet(statement: VariableSetStmt, context: Context): SetVariable | SetTransaction {
  if (statement.kind !== 'VAR_SET_MULTI') return convertSetVariable(statement, context);
  if (statement.name === 'TRANSACTION SNAPSHOT') {
    const snapshot = (statement.args?.[0] as Raw | undefined)?.A_Const?.sval?.sval ?? '';
    return { kind: 'setTransaction', session: false, modes: {}, snapshot };
  }
  return { kind: 'setTransaction', session: statement.name === 'SESSION CHARACTERISTICS', modes: transactionModes(statement.args) };
}

/** The bit of HOUR alone in the fields of an interval's modifier. */
const hourField = 1 << 10;

function settingValue(node: Raw, context: Context): SettingValue {
  refuseParameter(node, context);
  if (node.TypeCast !== undefined) {
    const value = (node.TypeCast.arg as Raw).A_Const?.sval?.sval ?? '';
    const bare = /^\s*[-+]?[\d.]+\s*$/.test(value);
    const fields = (node.TypeCast.typeName?.typmods?.[0] as Raw | undefined)?.A_Const?.ival?.ival;
    // A number without a unit counts the last of the fields: HOUR, or HOUR TO MINUTE.
    return { kind: 'interval', value: bare && fields !== undefined ? `${value} ${fields === hourField ? 'hour' : 'minute'}` : value };
  }
  const value = node.A_Const;
  if (value?.sval !== undefined) return { kind: 'string', value: value.sval.sval ?? '' };
  if (value?.ival !== undefined) return { kind: 'integer', value: value.ival.ival ?? 0 };
  if (value?.fval !== undefined) return { kind: 'numeric', text: value.fval.fval ?? '' };
  throw unexpected(node, 'the value of a setting').at(context.position(value?.location));
}

/** PostgreSQL's CURSOR_OPT_* bits. */
const cursorBit = { binary: 1, scroll: 2, noScroll: 4, insensitive: 8, asensitive: 16, hold: 32 } as const;

export function convertDeclareCursor(statement: DeclareCursorStmt, context: Context): DeclareCursor {
  const bits = statement.options ?? 0;
  const has = (bit: number): boolean => (bits & bit) !== 0;
  if (has(cursorBit.scroll) && has(cursorBit.noScroll)) throw new PgError('42P11', 'cannot specify both SCROLL and NO SCROLL');
  if (has(cursorBit.insensitive) && has(cursorBit.asensitive)) throw new PgError('42P11', 'cannot specify both INSENSITIVE and ASENSITIVE');
  return {
    kind: 'declareCursor',
    name: statement.portalname ?? '',
    binary: has(cursorBit.binary),
    scroll: has(cursorBit.scroll) ? true : has(cursorBit.noScroll) ? false : undefined,
    sensitivity: has(cursorBit.insensitive) ? 'insensitive' : has(cursorBit.asensitive) ? 'asensitive' : undefined,
    hold: has(cursorBit.hold),
    query: convertSelect((statement.query as Raw).SelectStmt ?? {}, context),
  };
}

/** The grammar's FETCH_ALL, LONG_MAX of its 32-bit build. */
const fetchAll = 2147483647;

export function convertFetch(statement: FetchStmt): Fetch {
  const count = Number(statement.howMany ?? 0);
  return {
    kind: 'fetch',
    cursor: statement.portalname ?? '',
    move: statement.ismove ?? false,
    direction:
      statement.direction === 'FETCH_BACKWARD'
        ? 'backward'
        : statement.direction === 'FETCH_ABSOLUTE'
          ? 'absolute'
          : statement.direction === 'FETCH_RELATIVE'
            ? 'relative'
            : 'forward',
    count: count === fetchAll ? 'all' : count,
  };
}

export function convertCopy(statement: CopyStmt, context: Context): Copy {
  const { filename, relation, query } = statement;
  if ((query as Raw | undefined)?.SelectStmt?.intoClause !== undefined) throw new PgError('0A000', 'COPY (SELECT INTO) is not supported');
  return {
    kind: 'copy',
    direction: statement.is_from === true ? 'from' : 'to',
    source:
      relation === undefined
        ? { kind: 'query', query: context.convert.query(query as Raw, context) }
        : { kind: 'table', name: qualifiedName(relation, context), columns: namesOf(statement.attlist) },
    endpoint:
      filename === undefined ? { kind: 'standard' } : statement.is_program === true ? { kind: 'program', command: filename } : { kind: 'file', name: filename },
    options: convertOptions(statement.options, context),
    where: convertOptional(statement.whereClause, context),
  };
}

/** PostgreSQL's lock modes by number (storage/lockdefs.h), from 1. */
const lockModes: readonly Lock['mode'][] = [
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share',
  'share row exclusive',
  'exclusive',
  'access exclusive',
];

export function convertLock(statement: LockStmt, context: Context): Lock {
  return {
    kind: 'lock',
    tables: ((statement.relations ?? []) as readonly Raw[]).map((node) => convertTable(node.RangeVar ?? {}, context)),
    mode: lockModes[(statement.mode ?? 8) - 1] ?? 'access exclusive',
    nowait: statement.nowait ?? false,
  };
}

export function convertVacuum(statement: VacuumStmt, context: Context): Vacuum {
  return {
    kind: 'vacuum',
    vacuum: statement.is_vacuumcmd ?? false,
    options: convertOptions(statement.options, context),
    tables: ((statement.rels ?? []) as readonly Raw[]).map(({ VacuumRelation: relation = {} }) => ({
      name: qualifiedName(relation.relation, context),
      columns: namesOf(relation.va_cols),
    })),
  };
}

export function convertReindex(statement: ReindexStmt, context: Context): Reindex {
  return {
    kind: 'reindex',
    object:
      statement.kind === 'REINDEX_OBJECT_INDEX'
        ? 'index'
        : statement.kind === 'REINDEX_OBJECT_SCHEMA'
          ? 'schema'
          : statement.kind === 'REINDEX_OBJECT_SYSTEM'
            ? 'system'
            : statement.kind === 'REINDEX_OBJECT_DATABASE'
              ? 'database'
              : 'table',
    name: statement.relation === undefined ? (statement.name === undefined ? undefined : { name: statement.name }) : qualifiedName(statement.relation, context),
    options: convertOptions(statement.params, context),
  };
}

export function convertDo(statement: DoStmt): Do {
  let language: string | undefined;
  let body: string | undefined;
  for (const { DefElem: element = {} } of (statement.args ?? []) as readonly Raw[]) {
    const text = (element.arg as Raw | undefined)?.String?.sval ?? '';
    if (element.defname === 'language') language = text;
    else body = text;
  }
  if (body === undefined) throw new PgError('42601', 'no inline code specified');
  return { kind: 'do', language, body };
}

export function convertCall(statement: CallStmt, context: Context): Call {
  const call = functionCall(statement.funccall ?? {}, context);
  if (call.kind !== 'function') throw unexpected({}, 'CALL');
  return { kind: 'call', call: call satisfies FunctionCall };
}
