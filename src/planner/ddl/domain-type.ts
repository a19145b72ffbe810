/**
 * CREATE DOMAIN and ALTER DOMAIN. New constraints are checked against every column that holds values of the domain, by queries that must find nothing.
 */
import { objectName } from '../../catalog/edit.js';
import type { DomainCheck, DomainType } from '../../catalog/user-type.js';
import { PgError } from '../../common/errors.js';
import { declaredOid, typeRef } from '../../plan/build.js';
import type * as ast from '../../sql/ast.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { formatType, requireType } from '../../types/registry.js';
import { declaredCollation } from './create-table.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, toQualifiedName, tableName } from './ddl.js';
import { columnsContaining, dependentsOfType } from './type-dependencies.js';
import { freeArrayName, refuseTakenName, requireDomain } from './type-names.js';

const impossible: Partial<Record<ast.ColumnConstraint['kind'], string>> = {
  unique: 'unique constraints not possible for domains',
  primaryKey: 'primary key constraints not possible for domains',
  foreignKey: 'foreign key constraints not possible for domains',
  generated: 'specifying GENERATED not supported for domains',
  identity: 'specifying GENERATED not supported for domains',
};

/** PostgreSQL gives no position for what is wrong in a CHECK of a domain. */
function withoutPositions<T>(bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    const { position: _position, ...fields } = error.fields;
    throw new PgError(error.code, error.message, fields);
  }
}

function newCheck(context: DdlContext, domain: DomainType, constraint: ast.CheckConstraint): DomainCheck {
  const names = new Set(domain.checks.map((check) => check.name));
  let { name } = constraint;
  if (name === undefined) {
    const base = objectName(domain.name, '', 'check');
    for (let n = 0; name === undefined; n++) if (!names.has(n === 0 ? base : `${base}${String(n)}`)) name = n === 0 ? base : `${base}${String(n)}`;
  } else if (names.has(name)) throw new PgError('42710', `constraint "${name}" for domain "${domain.name}" already exists`);
  const bound = withoutPositions(() =>
    context.binder(context.editor.snapshot).domainCheck(constraint.expression, typeRef(domain.baseOid, domain.baseTypmod), domain.schema),
  );
  return { oid: context.editor.freshOid(), name, expressionText: bound.text, sql: bound.sql, validated: !constraint.notValid };
}

export function planCreateDomain(statement: ast.CreateDomain, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const name = toQualifiedName(statement.name);
  const schema = creationSchema(context, name);
  refuseTakenName(context, schema, name.name);
  const base = context.binder(editor.snapshot).typeName(withoutPosition(statement.type));
  const baseOid = declaredOid(base);
  const baseType = requireType(baseOid);
  if (baseType.kind === 'p') throw new PgError('42804', `"${formatType(baseOid)}" is not a valid base type for a domain`).at(statement.type.position);
  if (statement.collation !== undefined && baseType.collationOid === 0)
    throw new PgError('42804', `collations are not supported by type ${formatType(baseOid)}`).at(statement.type.position);
  const inherited = editor.snapshot.types.definition(baseOid);
  const [oid, arrayOid] = [editor.freshOid(), editor.freshOid()];
  let domain: DomainType = {
    kind: 'domain',
    oid,
    arrayOid,
    arrayName: freeArrayName(context, schema, name.name),
    schema,
    name: name.name,
    owner: context.currentUser,
    baseOid,
    baseTypmod: base.domain === undefined ? base.typmod : -1,
    notNull: false,
    checks: [],
    ...(inherited?.kind === 'domain' && inherited.collation !== undefined ? { collation: inherited.collation } : {}),
    ...declaredCollation(context, statement.collation, baseOid),
    ...(inherited?.kind === 'domain' && inherited.defaultText !== undefined ? { defaultText: inherited.defaultText } : {}),
  };
  let nullness: 'notNull' | 'nullable' | undefined;
  let hasDefault = false;
  for (const constraint of statement.constraints) {
    switch (constraint.kind) {
      case 'notNull':
      case 'nullable':
        if (nullness !== undefined && nullness !== constraint.kind) throw new PgError('42601', 'conflicting NULL/NOT NULL constraints');
        nullness = constraint.kind;
        domain = { ...domain, notNull: nullness === 'notNull' };
        break;
      case 'default':
        if (hasDefault) throw new PgError('42601', 'multiple default expressions');
        hasDefault = true;
        domain = withDefault(context, domain, constraint.expression);
        break;
      case 'check':
        if (constraint.noInherit) throw new PgError('42P16', 'check constraints for domains cannot be marked NO INHERIT');
        domain = { ...domain, checks: [...domain.checks, newCheck(context, domain, constraint)] };
        break;
      default:
        throw new PgError('42601', impossible[constraint.kind] ?? 'this constraint is not possible for domains');
    }
  }
  // They are evaluated in the order of their names.
  editor.putType({ ...domain, checks: [...domain.checks].sort((a, b) => (a.name < b.name ? -1 : 1)) });
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}

/** PostgreSQL gives no position here. */
function withoutPosition(type: ast.TypeName): ast.TypeName {
  const { position: _position, ...plain } = type;
  return plain;
}

function withDefault(context: DdlContext, domain: DomainType, expression: ast.Expression): DomainType {
  const { defaultText: _old, ...plain } = domain;
  if (expression.kind === 'null') return plain;
  const type = typeRef(domain.baseOid, domain.baseTypmod);
  return {
    ...plain,
    defaultText: context.binder(context.editor.snapshot).expression(expression, undefined, { oid: type.oid, typmod: type.typmod }, 'default'),
  };
}

/** Queries over every column that holds values of the domain, for values that the new condition refuses. Called before the condition is in force. */
function validate(
  context: DdlContext,
  list: ActionList,
  domain: DomainType,
  condition: (value: string) => string,
  message: (column: string, table: string) => PgError,
): void {
  const direct = new Set<string>();
  const visit = (type: DomainType): void => {
    for (const dependent of dependentsOfType(context, type)) {
      if (dependent.kind === 'domain') visit(dependent.type);
      if (dependent.kind !== 'column') continue;
      const { table, name, attribute } = dependent;
      const column = table.columns.find((candidate) => candidate.attribute === attribute);
      if (column?.domainOid === undefined) continue;
      direct.add(`${String(table.oid)}.${String(attribute)}`);
      list.add({
        kind: 'refuseIfAny',
        sql: `SELECT 1 FROM ${tableName(table)} WHERE ${condition(quoteIdentifier(name))} LIMIT 1`,
        error: message(name, table.name),
      });
    }
  };
  visit(domain);
  for (const { table, attribute, name } of columnsContaining(context, domain)) {
    if (direct.has(`${String(table.oid)}.${String(attribute)}`)) continue;
    throw new PgError('0A000', `cannot alter type "${domain.name}" because column "${table.name}.${name}" uses it`);
  }
}

function validateCheck(context: DdlContext, list: ActionList, domain: DomainType, check: DomainCheck): void {
  validate(
    context,
    list,
    domain,
    (column) => `(SELECT NOT (${check.expressionText}) FROM (SELECT ${column} AS value) AS checked)`,
    (column, table) => new PgError('23514', `column "${column}" of table "${table}" contains values that violate the new constraint`, { table, column }),
  );
}

export function planAlterDomain(statement: ast.AlterDomain, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const domain = requireDomain(context, statement.name);
  const list = new ActionList(editor);
  const { action } = statement;
  switch (action.kind) {
    case 'setDefault':
      editor.putType(withDefault(context, domain, action.expression));
      break;
    case 'dropDefault': {
      const { defaultText: _old, ...plain } = domain;
      editor.putType(plain);
      break;
    }
    case 'setNotNull':
      if (domain.notNull) return [];
      validate(
        context,
        list,
        domain,
        (column) => `${column} IS NULL`,
        (column, table) => new PgError('23502', `column "${column}" of table "${table}" contains null values`, { table, column }),
      );
      editor.putType({ ...domain, notNull: true });
      break;
    case 'dropNotNull':
      editor.putType({ ...domain, notNull: false });
      break;
    case 'addConstraint': {
      const { constraint } = action;
      if (constraint.kind !== 'check') throw new PgError('42601', impossible[constraint.kind] ?? 'this constraint is not possible for domains');
      const check = newCheck(context, domain, constraint);
      if (check.validated) validateCheck(context, list, domain, check);
      editor.putType({ ...domain, checks: [...domain.checks, check].sort((a, b) => (a.name < b.name ? -1 : 1)) });
      break;
    }
    case 'dropConstraint': {
      if (!domain.checks.some((check) => check.name === action.name)) {
        const text = `constraint "${action.name}" of domain "${domain.name}" does not exist`;
        if (!action.ifExists) throw new PgError('42704', text);
        context.notice({ severity: 'NOTICE', code: '00000', message: `${text}, skipping` });
        return [];
      }
      editor.putType({ ...domain, checks: domain.checks.filter((check) => check.name !== action.name) });
      break;
    }
    case 'validateConstraint': {
      const check = domain.checks.find((candidate) => candidate.name === action.name);
      if (check === undefined) throw new PgError('42704', `constraint "${action.name}" of domain "${domain.name}" does not exist`);
      if (check.validated) return [];
      validateCheck(context, list, domain, check);
      editor.putType({ ...domain, checks: domain.checks.map((other) => (other === check ? { ...check, validated: true } : other)) });
      break;
    }
  }
  list.flush();
  return list.actions;
}

/** ALTER DOMAIN ... RENAME CONSTRAINT. */
export function renameDomainConstraint(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const parts = statement.target.name;
  const domain = requireDomain(context, statement.from === undefined ? parts.slice(0, -1) : parts);
  const from = statement.from ?? parts.at(-1) ?? '';
  if (!domain.checks.some((check) => check.name === from)) throw new PgError('42704', `constraint "${from}" for domain ${domain.name} does not exist`);
  if (domain.checks.some((check) => check.name === statement.to))
    throw new PgError('42710', `constraint "${statement.to}" for domain ${domain.name} already exists`);
  context.editor.putType({ ...domain, checks: domain.checks.map((check) => (check.name === from ? { ...check, name: statement.to } : check)) });
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}
