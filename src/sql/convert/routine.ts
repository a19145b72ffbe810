/** CREATE TRIGGER and ALTER FUNCTION from the grammar's tree. */
import type { AlterFunctionStmt, CreateTrigStmt, DefineStmt, RuleStmt } from '@pgsql/types';
import { PgError } from '../../common/errors.js';
import type { AlterFunction, CreateAggregate, CreateRule, CreateTrigger, SetVariable } from '../ast.js';
import type { Context } from './context.js';
import { convertObject, convertObjectType, convertOptions } from './definition.js';
import { convertOptional } from './expression.js';
import { namesOf, qualifiedName } from './context.js';
import type { Raw } from './raw.js';
import { convertSetVariable } from './session.js';
import { convertParameters } from './table.js';

export function convertCreateTrigger(statement: CreateTrigStmt, context: Context): CreateTrigger {
  const events = statement.events ?? 0;
  const timing = statement.timing ?? 0;
  return {
    kind: 'createTrigger',
    replace: statement.replace ?? false,
    isConstraint: statement.isconstraint ?? false,
    name: statement.trigname ?? '',
    table: qualifiedName(statement.relation, context),
    timing: (timing & 2) !== 0 ? 'before' : (timing & 64) !== 0 ? 'instead' : 'after',
    level: statement.row === true ? 'row' : 'statement',
    events: [
      ...((events & 4) !== 0 ? (['insert'] as const) : []),
      ...((events & 16) !== 0 ? (['update'] as const) : []),
      ...((events & 8) !== 0 ? (['delete'] as const) : []),
      ...((events & 32) !== 0 ? (['truncate'] as const) : []),
    ],
    columns: namesOf(statement.columns),
    when: convertOptional(statement.whenClause, context),
    transitions: ((statement.transitionRels ?? []) as readonly Raw[]).map(({ TriggerTransition: one = {} }) => ({
      name: one.name ?? '',
      isNew: one.isNew ?? false,
      isTable: one.isTable ?? false,
    })),
    deferrable: statement.deferrable ?? false,
    initiallyDeferred: statement.initdeferred ?? false,
    ...(statement.constrrel === undefined ? {} : { referenced: qualifiedName(statement.constrrel, context) }),
    function: namesOf(statement.funcname),
    args: namesOf(statement.args),
  };
}

const ruleEvents: Partial<Record<NonNullable<RuleStmt['event']>, CreateRule['event']>> = {
  CMD_SELECT: 'select',
  CMD_INSERT: 'insert',
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
};

export function convertCreateRule(statement: RuleStmt, context: Context): CreateRule {
  const condition = convertOptional(statement.whereClause, context);
  return {
    kind: 'createRule',
    name: statement.rulename ?? '',
    replace: statement.replace ?? false,
    table: qualifiedName(statement.relation, context),
    event: ruleEvents[statement.event ?? 'CMD_SELECT'] ?? 'select',
    ...(condition === undefined ? {} : { condition }),
    instead: statement.instead ?? false,
    actions: ((statement.actions ?? []) as readonly Raw[]).map((action) => context.convert.statement(action, context)),
  };
}

/** CREATE AGGREGATE; `args`: the parameters, and how many are direct ones (-1: no ordered set). */
export function convertCreateAggregate(statement: DefineStmt, context: Context): CreateAggregate {
  const [parameters, direct] = (statement.args ?? []) as readonly Raw[];
  const directArguments = direct?.Integer?.ival ?? (direct?.Integer === undefined ? -1 : 0);
  return {
    kind: 'createAggregate',
    name: namesOf(statement.defnames),
    replace: statement.replace ?? false,
    ...(statement.oldstyle === true ? {} : { parameters: convertParameters(parameters?.List?.items ?? [], context) }),
    ...(directArguments < 0 ? {} : { directArguments }),
    options: convertOptions(statement.definition, context),
  };
}

export function convertAlterFunction(statement: AlterFunctionStmt, context: Context): AlterFunction {
  const changes: { -readonly [K in keyof AlterFunction['changes']]: AlterFunction['changes'][K] } = {};
  const settings: SetVariable[] = [];
  for (const { DefElem: element = {} } of (statement.actions ?? []) as readonly Raw[]) {
    const argument = element.arg as Raw | undefined;
    const text = argument?.String?.sval ?? '';
    const flag = argument?.Boolean?.boolval ?? false;
    const number = argument?.Integer !== undefined ? (argument.Integer.ival ?? 0) : Number(argument?.Float?.fval ?? 0);
    switch (element.defname) {
      case 'volatility':
        changes.volatility = text === 'immutable' ? 'immutable' : text === 'stable' ? 'stable' : 'volatile';
        break;
      case 'strict':
        changes.strict = flag;
        break;
      case 'security':
        changes.securityDefiner = flag;
        break;
      case 'leakproof':
        changes.leakproof = flag;
        break;
      case 'parallel':
        if (text !== 'safe' && text !== 'restricted' && text !== 'unsafe')
          throw new PgError('22023', 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
        changes.parallel = text;
        break;
      case 'cost':
        if (number <= 0) throw new PgError('22023', 'COST must be positive');
        changes.cost = number;
        break;
      case 'rows':
        if (number <= 0) throw new PgError('22023', 'ROWS must be positive');
        changes.rows = number;
        break;
      case 'set':
        settings.push(convertSetVariable(argument?.VariableSetStmt ?? {}, context));
        break;
      default:
        throw new PgError('0A000', `${(element.defname ?? '').toUpperCase()} of a function is not supported`);
    }
  }
  return {
    kind: 'alterFunction',
    object: convertObjectType(statement.objtype),
    target: convertObject({ ObjectWithArgs: statement.func } as Raw, context),
    changes,
    settings,
  };
}
