/** pg_event_trigger, and what pg_event_trigger_ddl_commands() and pg_event_trigger_dropped_objects() answer while one fires. */
import { PgError } from '../../common/errors.js';
import { formatArrayText, oneDimensional } from '../../types/array.js';
import type { EventChanges } from './node-view.js';
import { type CatalogEnvironment, relation } from './relation.js';
import { roleOid } from './role-oid.js';

export const pgEventTrigger = relation('pg_catalog.pg_event_trigger', function* ({ catalog }) {
  for (const one of catalog.data.eventTriggers ?? [])
    yield {
      oid: one.oid,
      evtname: one.name,
      evtevent: one.event,
      evtowner: roleOid(catalog, one.owner),
      evtfoid: one.functionOid,
      evtenabled: one.enabled,
      evttags: one.tags === undefined ? null : formatArrayText(oneDimensional(one.tags)),
    };
});

/** (Nobody asks outside of a session but to see the columns.) */
function changes({ objects }: CatalogEnvironment, wanted: 'commands' | 'dropped', name: string): Omit<EventChanges, 'event'> {
  if (objects === undefined) return { commands: [], dropped: [] };
  const found = objects.eventChanges();
  const isThere = wanted === 'dropped' ? found?.event === 'sql_drop' : found?.event === 'ddl_command_end';
  if (found !== undefined && isThere) return found;
  throw new PgError('39P03', `${name} can only be called in ${wanted === 'dropped' ? 'a sql_drop event trigger function' : 'an event trigger function'}`);
}

export const shoalEventCommands = relation(
  'shoal.event_commands',
  function* (environment) {
    for (const { classOid, oid, tag, type, schema, identity } of changes(environment, 'commands', 'pg_event_trigger_ddl_commands()').commands)
      yield {
        classid: classOid,
        objid: oid,
        objsubid: 0,
        command_tag: tag,
        object_type: type,
        schema_name: schema,
        object_identity: identity,
        in_extension: false,
      };
  },
  'session',
);

export const shoalDroppedObjects = relation(
  'shoal.dropped_objects',
  function* (environment) {
    for (const one of changes(environment, 'dropped', 'pg_event_trigger_dropped_objects()').dropped)
      yield {
        classid: one.classOid,
        objid: one.oid,
        objsubid: one.attribute,
        original: one.isOriginal,
        normal: !one.isOriginal && one.isNormal,
        is_temporary: one.schema?.startsWith('pg_temp') === true,
        object_type: one.type,
        schema_name: one.schema,
        object_name: one.name,
        object_identity: one.identity,
        address_names: formatArrayText(oneDimensional(one.address)),
        address_args: '{}',
      };
  },
  'session',
);
