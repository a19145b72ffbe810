/**
 * Event triggers around a data-definition statement: which fire, and what their functions are told of the objects that the statement has made, changed and dropped, which
 * is read off the catalogs before and after it. Called by utility.ts.
 */
import { type EventName, type EventTrigger, firingEventTriggers } from '../../../catalog/event-trigger.js';
import type { DroppedObject, EventChanges, EventCommand } from '../../../catalog/pg-catalog/node-view.js';
import type { CatalogSnapshot } from '../../../catalog/snapshot.js';
import type { Relation } from '../../../catalog/table.js';
import type { UserFunction } from '../../../catalog/user-function.js';
import { type DdlStatement, ddlTag } from '../../../planner/ddl/plan-ddl.js';
import { firstUserOid } from '../../../catalog/server-catalog.js';
import { formatType, typeByOid } from '../../../types/registry.js';
import { quoteIdentifier } from '../../../sql/quote.js';
import { fireEventTrigger } from '../plpgsql/run-body.js';
import type { ShoalSession } from '../shoal-session.js';
import { deeper } from './call-routine.js';

const classes = {
  relation: 1259,
  type: 1247,
  function: 1255,
  schema: 2615,
  constraint: 2606,
  trigger: 2620,
  rule: 2618,
  policy: 3256,
  collation: 3456,
} as const;

/** Objects that all databases share, and TRUNCATE, are no data definition to event triggers. */
function isCovered(statement: DdlStatement): boolean {
  switch (statement.kind) {
    case 'createDatabase':
    case 'alterDatabase':
    case 'alterDatabaseSet':
    case 'dropDatabase':
    case 'createRole':
    case 'alterRole':
    case 'alterRoleSet':
    case 'dropRole':
    case 'grantRole':
    case 'reassignOwned':
    case 'truncate':
    case 'createEventTrigger':
    case 'alterEventTrigger':
      return false;
    case 'drop':
    case 'rename':
    case 'alterOwner':
    case 'comment':
    case 'grant':
      return !['database', 'role', 'tablespace', 'eventTrigger', 'parameter'].includes(statement.object);
    default:
      return true;
  }
}

function tagOf(statement: DdlStatement): string {
  if (statement.kind === 'createTableAs') return statement.object === 'materializedView' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS';
  return ddlTag(statement);
}

function typeOfRelation(relation: Relation): string {
  if (relation.kind === 'partition') return 'table';
  return relation.kind === 'table' && relation.materialized !== undefined ? 'materialized view' : relation.kind;
}

function identity({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** Types of pg_catalog have its name before theirs, but for those that have a name of their own in SQL. */
function qualifiedType(oid: number): string {
  const shown = formatType(oid);
  return typeByOid(oid)?.name === shown && oid < firstUserOid ? `pg_catalog.${shown}` : shown;
}

function functionIdentity(definition: UserFunction): string {
  const inputs = definition.args.filter((argument) => argument.mode !== 'out' && argument.mode !== 'table');
  return `${identity(definition)}(${inputs.map(({ typeOid }) => qualifiedType(typeOid)).join(',')})`;
}

/** Every object of a catalog that is told of, by a key. */
interface Listed extends Omit<DroppedObject, 'isOriginal' | 'isNormal'> {
  readonly object: unknown;
  readonly isPart: boolean;
}

function* listed({ data }: CatalogSnapshot): Generator<Listed> {
  const one = (classOid: number, oid: number, type: string, object: { readonly schema: string; readonly name: string }, whole: unknown): Listed => ({
    classOid,
    oid,
    attribute: 0,
    type,
    schema: object.schema,
    name: object.name,
    identity: identity(object),
    address: [object.schema, object.name],
    object: whole,
    isPart: false,
  });
  for (const schema of data.schemas)
    yield {
      ...one(classes.schema, schema.oid, 'schema', { schema: '', name: schema.name }, schema),
      schema: null,
      identity: quoteIdentifier(schema.name),
      address: [schema.name],
    };
  for (const relation of data.relations) {
    yield one(classes.relation, relation.oid, typeOfRelation(relation), relation, relation);
    if (relation.kind !== 'table') continue;
    const part = (classOid: number, oid: number, type: string, name: string, whole: unknown): Listed => ({
      ...one(classOid, oid, type, { schema: relation.schema, name }, whole),
      name: null,
      identity: `${quoteIdentifier(name)} on ${identity(relation)}`,
      address: [relation.schema, relation.name, name],
      isPart: true,
    });
    for (const column of relation.columns)
      yield {
        ...part(classes.relation, relation.oid, 'table column', column.name, column),
        attribute: column.attribute,
        identity: `${identity(relation)}.${quoteIdentifier(column.name)}`,
      };
    for (const index of relation.indexes) {
      yield { ...one(classes.relation, index.oid, 'index', { schema: relation.schema, name: index.name }, index), isPart: true };
      if (index.constraint) yield part(classes.constraint, index.oid, 'table constraint', index.name, index.name);
    }
    for (const check of relation.checks) yield part(classes.constraint, check.oid, 'table constraint', check.name, check);
    for (const key of relation.foreignKeys) yield part(classes.constraint, key.oid, 'table constraint', key.name, key);
    for (const trigger of relation.triggers ?? []) yield part(classes.trigger, trigger.oid, 'trigger', trigger.name, trigger);
    for (const rule of relation.rules ?? []) yield part(classes.rule, rule.oid, 'rule', rule.name, rule);
    for (const policy of relation.rowSecurity?.policies ?? []) yield part(classes.policy, policy.oid, 'policy', policy.name, policy);
  }
  for (const type of data.types ?? []) yield one(classes.type, type.oid, type.kind === 'domain' ? 'domain' : 'type', type, type);
  for (const definition of data.functions ?? [])
    yield { ...one(classes.function, definition.oid, definition.kind, definition, definition), name: null, identity: functionIdentity(definition) };
  for (const collation of data.collations ?? []) yield one(classes.collation, collation.oid, 'collation', collation, collation);
}

function byKey(catalog: CatalogSnapshot): ReadonlyMap<string, Listed> {
  return new Map([...listed(catalog)].map((one) => [`${String(one.classOid)} ${String(one.oid)} ${String(one.attribute)}`, one]));
}

/** What a statement has dropped: parts go with their wholes without a line of their own for columns. */
function droppedBetween(statement: DdlStatement, before: CatalogSnapshot, after: CatalogSnapshot): readonly DroppedObject[] {
  const now = byKey(after);
  const gone = [...byKey(before)].filter(([key]) => !now.has(key)).map(([, one]) => one);
  const wholes = new Set(gone.filter((one) => one.classOid === classes.relation && one.attribute === 0).map((one) => one.oid));
  const names = new Set(statement.kind === 'drop' ? statement.objects.map((object) => object.name.at(-1) ?? '') : []);
  return gone
    .filter((one) => one.attribute === 0 || !wholes.has(one.oid))
    .map(({ object: _object, isPart, ...one }): DroppedObject => {
      const isOriginal =
        (statement.kind !== 'drop' && one.type !== 'index') || (names.has(one.address.at(-1) ?? '') && !(isPart && one.type === 'table constraint'));
      return { ...one, isOriginal, isNormal: !isPart };
    });
}

/** What a statement has made or changed; an index instead of its table. */
function commandsBetween(statement: DdlStatement, tag: string, before: CatalogSnapshot, after: CatalogSnapshot): readonly EventCommand[] {
  if (statement.kind === 'drop') return [];
  const old = byKey(before);
  const touched = [...byKey(after)]
    .filter(([key, one]) => one.object !== old.get(key)?.object && one.attribute === 0 && one.type !== 'table constraint')
    .map(([, one]) => one);
  const parts: ReadonlySet<string> = new Set(['index', 'trigger', 'rule', 'policy']);
  const wanted = { createIndex: 'index', createTrigger: 'trigger', createRule: 'rule', createPolicy: 'policy', alterPolicy: 'policy' } as const;
  const only = statement.kind in wanted ? wanted[statement.kind as keyof typeof wanted] : undefined;
  const isCreation = tag.startsWith('CREATE TABLE') || tag === 'CREATE SCHEMA';
  return touched
    .filter((one) => (only === undefined ? !parts.has(one.type) || (isCreation && one.type === 'index') : one.type === only))
    .sort((a, b) => Number(b.type === 'sequence') - Number(a.type === 'sequence') || Number(a.type === 'index') - Number(b.type === 'index'))
    .flatMap(({ classOid, oid, type, schema, identity: shown }): readonly EventCommand[] => {
      const one = { classOid, oid, type, schema, identity: shown };
      if (!isCreation || (type !== 'sequence' && type !== 'index' && type !== 'view')) return [{ ...one, tag }];
      const made: EventCommand = { ...one, tag: `CREATE ${type.toUpperCase()}` };
      // A sequence that belongs to a column is given to it afterwards.
      return type === 'sequence' && tag === 'CREATE TABLE' ? [made, { ...one, tag: 'ALTER SEQUENCE' }] : [made];
    });
}

async function fire(
  session: ShoalSession,
  triggers: readonly EventTrigger[],
  event: EventName,
  tag: string,
  changes: Omit<EventChanges, 'event'>,
): Promise<void> {
  const { names } = session;
  const outer = names.eventChanges;
  try {
    names.eventChanges = { event, ...changes };
    for (const trigger of triggers) await deeper(session, () => fireEventTrigger(session, trigger, event, tag));
  } finally {
    names.eventChanges = outer;
  }
}

/** Carries a statement out between the event triggers that it fires. */
export async function withEventTriggers<T>(session: ShoalSession, statement: DdlStatement, run: () => Promise<T>): Promise<T> {
  const { core } = session;
  if ((core.catalog.data.eventTriggers ?? []).length === 0 || !isCovered(statement)) return run();
  const tag = tagOf(statement);
  const of = (event: EventName): readonly EventTrigger[] => firingEventTriggers(core.catalog.data.eventTriggers, event, tag);
  await fire(session, of('ddl_command_start'), 'ddl_command_start', tag, { commands: [], dropped: [] });
  const before = core.catalog;
  const result = await run();
  const after = core.catalog;
  const dropped = droppedBetween(statement, before, after);
  if (dropped.length > 0) await fire(session, of('sql_drop'), 'sql_drop', tag, { commands: [], dropped });
  await fire(session, of('ddl_command_end'), 'ddl_command_end', tag, { commands: commandsBetween(statement, tag, before, after), dropped });
  return result;
}
