/** CREATE, ALTER, DROP and COMMENT ON EVENT TRIGGER. Source: event_trigger.c of PostgreSQL 15. */
import { type EventName, eventNames, type EventTrigger } from '../../catalog/event-trigger.js';
import { inputsOf } from '../../catalog/user-function.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/registry.js';
import { ActionList, type DdlAction, type DdlContext, qualified, toQualifiedName } from './ddl.js';
import { currentRole, requireOwner, roleOf } from './owner.js';

const kinds =
  'ACCESS METHOD|AGGREGATE|CAST|COLLATION|CONVERSION|DOMAIN|EXTENSION|FOREIGN DATA WRAPPER|FOREIGN TABLE|FUNCTION|INDEX|LANGUAGE|MATERIALIZED VIEW|OPERATOR|OPERATOR CLASS|OPERATOR FAMILY|POLICY|PROCEDURE|PUBLICATION|RULE|SCHEMA|SEQUENCE|SERVER|STATISTICS|SUBSCRIPTION|TABLE|TEXT SEARCH CONFIGURATION|TEXT SEARCH DICTIONARY|TEXT SEARCH PARSER|TEXT SEARCH TEMPLATE|TRIGGER|TYPE|USER MAPPING|VIEW';
const supported = new RegExp(
  `^(?:(?:CREATE|ALTER|DROP) (?:${kinds}|ROUTINE|TRANSFORM)|CREATE (?:CONSTRAINT|TABLE AS)|ALTER (?:DEFAULT PRIVILEGES|LARGE OBJECT|CONSTRAINT)|DROP (?:OWNED|CONSTRAINT)|COMMENT|GRANT|REVOKE|IMPORT FOREIGN SCHEMA|REFRESH MATERIALIZED VIEW|SECURITY LABEL|SELECT INTO)$`,
);
const unsupported = new RegExp(
  '^(?:(?:CREATE|ALTER|DROP) (?:DATABASE|ROLE|TABLESPACE|EVENT TRIGGER)|ALTER SYSTEM|GRANT ROLE|REVOKE ROLE|REASSIGN OWNED|SELECT|INSERT|UPDATE|DELETE|MERGE|TRUNCATE TABLE|VACUUM|ANALYZE|REINDEX|CLUSTER|BEGIN|COMMIT|ROLLBACK|COPY|DO|CALL|EXPLAIN|LOCK TABLE|SET|SHOW|RESET|NOTIFY|LISTEN|UNLISTEN|LOAD|PREPARE|EXECUTE|DEALLOCATE|DISCARD ALL|CHECKPOINT)$',
);

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function named(context: DdlContext, name: string): EventTrigger | undefined {
  return context.editor.snapshot.data.eventTriggers?.find((one) => one.name === name);
}

function requireOwn(context: DdlContext, name: string): EventTrigger {
  const found = named(context, name);
  if (found === undefined) throw new PgError('42704', `event trigger "${name}" does not exist`);
  requireOwner(context, found.owner, 'event trigger', name);
  return found;
}

function functionOid(context: DdlContext, parts: readonly string[]): number {
  const name = toQualifiedName(parts);
  const { functions } = context.editor.snapshot;
  for (const schema of name.schema === undefined ? context.searchPath : [name.schema]) {
    const found = functions.named(schema, name.name).find((one) => inputsOf(one).length === 0 && one.kind === 'function');
    if (found === undefined) continue;
    if (found.result !== Oid.eventTrigger) throw new PgError('42P17', `function ${qualified(name)} must return type event_trigger`);
    return found.oid;
  }
  throw new PgError('42883', `function ${qualified(name)}() does not exist`);
}

export function planCreateEventTrigger(statement: ast.CreateEventTrigger, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const { name, event } = statement;
  if (!currentRole(context).superuser)
    throw new PgError('42501', `permission denied to create event trigger "${name}"`, { hint: 'Must be superuser to create an event trigger.' });
  if (event !== 'table_rewrite' && !(eventNames as readonly string[]).includes(event)) throw new PgError('42601', `unrecognized event name "${event}"`);
  let tags: readonly string[] | undefined;
  for (const filter of statement.filters) {
    if (filter.variable !== 'tag') throw new PgError('42601', `unrecognized filter variable "${filter.variable}"`);
    if (tags !== undefined) throw new PgError('42601', `filter variable "${filter.variable}" specified more than once`);
    tags = filter.values.map((value) => value.toUpperCase());
  }
  for (const [i, tag] of (tags ?? []).entries()) {
    if (supported.test(tag)) continue;
    if (unsupported.test(tag)) throw new PgError('0A000', `event triggers are not supported for ${tag}`);
    throw new PgError('42601', `filter value "${statement.filters[0]?.values[i] ?? tag}" not recognized for filter variable "tag"`);
  }
  if (named(context, name) !== undefined) throw new PgError('42710', `event trigger "${name}" already exists`);
  const oid = functionOid(context, statement.function);
  if (event === 'table_rewrite') throw notSupported('event table_rewrite');
  editor.putEventTrigger({
    oid: editor.freshOid(),
    name,
    event: event as EventName,
    owner: context.currentUser,
    functionOid: oid,
    enabled: 'O',
    ...(tags === undefined ? {} : { tags }),
  });
  return finish(context);
}

export function planAlterEventTrigger(statement: ast.AlterEventTrigger, context: DdlContext): readonly DdlAction[] {
  context.editor.putEventTrigger({ ...requireOwn(context, statement.name), enabled: statement.enabled });
  return finish(context);
}

export function planRenameEventTrigger(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const [name = ''] = statement.target.name;
  if (named(context, statement.to) !== undefined) throw new PgError('42710', `event trigger "${statement.to}" already exists`);
  context.editor.putEventTrigger({ ...requireOwn(context, statement.from ?? name), name: statement.to });
  return finish(context);
}

export function planEventTriggerOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const found = requireOwn(context, statement.target.name[0] ?? '');
  const owner = roleOf(context, statement.owner);
  if (!owner.superuser)
    throw new PgError('42501', `permission denied to change owner of event trigger "${found.name}"`, {
      hint: 'The owner of an event trigger must be a superuser.',
    });
  context.editor.putEventTrigger({ ...found, owner: owner.name });
  return finish(context);
}

export function planDropEventTriggers(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  for (const { name: parts } of statement.objects) {
    const [name = ''] = parts;
    if (named(context, name) === undefined && statement.ifExists) {
      context.notice({ severity: 'NOTICE', code: '00000', message: `event trigger "${name}" does not exist, skipping` });
      continue;
    }
    context.editor.removeEventTrigger(requireOwn(context, name).oid);
  }
  return finish(context);
}

export function commentEventTrigger(statement: ast.Comment, context: DdlContext): void {
  const { comment: _old, ...plain } = requireOwn(context, statement.target.name[0] ?? '');
  context.editor.putEventTrigger(statement.comment === undefined || statement.comment === '' ? plain : { ...plain, comment: statement.comment });
}
