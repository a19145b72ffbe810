/**
 * The system relations as pg_class, pg_attribute and regclass see them: OID, name, columns. Their rows are in the files beside this one, joined in registry.ts.
 */
import { Oid } from '../../types/oid.js';
import { relationRows } from './relation-rows.js';

export interface SystemColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly notNull: boolean;
  readonly typmod?: number;
}

export interface SystemRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As in pg_class.relkind. */
  readonly kind: 'r' | 'v';
  readonly columns: readonly SystemColumn[];
}

function parseColumn(text: string): SystemColumn {
  const colon = text.lastIndexOf(':');
  return { name: text.slice(0, colon), typeOid: Number.parseInt(text.slice(colon + 1), 10), notNull: text.endsWith('!') };
}

/** Columns of the information schema's domain yes_or_no, which is varchar(3), that are not called is_... */
const yesOrNoNames: ReadonlySet<string> = new Set(
  'as_locator cycle_option enforced identity_cycle initially_deferred new_savepoint_level nulls_distinct result_cast_as_locator schema_level_routine with_hierarchy'.split(
    ' ',
  ),
);
const yesOrNoTypmod = 7;

function isYesOrNo({ name, typeOid }: SystemColumn): boolean {
  if (typeOid !== 1043) return false;
  return yesOrNoNames.has(name) || (name.startsWith('is_') && name !== 'is_generated' && name !== 'is_verified_by');
}

const own = `
9100001 shoal.tables v table_schema:19,table_name:19,kind:25,distribution_columns:25,colocation_group:25,shards:23,physical_name:25
9100002 shoal.shards v colocation_group:25,shard:23,file:25,hash_from:20,hash_to:20,bytes:20,nodes:1009,split_percent:701
9100003 shoal.relation_sizes v oid:26,main_bytes:20,index_bytes:20,total_bytes:20
9100004 shoal.database_sizes v oid:26,name:19,bytes:20
9100005 shoal.damage v file:25,page:20,detail:25
9100006 shoal.blocking v pid:23,pids:1007
9100010 shoal.event_commands v classid:26,objid:26,objsubid:23,command_tag:25,object_type:25,schema_name:25,object_identity:25,in_extension:16
9100011 shoal.dropped_objects v classid:26,objid:26,objsubid:23,original:16,normal:16,is_temporary:16,object_type:25,schema_name:25,object_name:25,object_identity:25,address_names:1009,address_args:1009
9100020 shoal.large_objects r oid:26!,owner:26!
9100021 shoal.large_object_pages r loid:26!,pageno:23!,data:17!
9100022 shoal.large_object_acls v oid:26,acl:1034
9100024 shoal.statistics_definitions v oid:26,definition:25,columns:25,expressions:1009
9100023 shoal.column_statistics r starelid:26!,staattnum:21!,stainherit:16!,stanullfrac:700!,stawidth:23!,stadistinct:700!,stakind1:21!,stakind2:21!,stakind3:21!,stakind4:21!,stakind5:21!,staop1:26!,staop2:26!,staop3:26!,staop4:26!,staop5:26!,stacoll1:26!,stacoll2:26!,stacoll3:26!,stacoll4:26!,stacoll5:26!,stanumbers1:1021,stanumbers2:1021,stanumbers3:1021,stanumbers4:1021,stanumbers5:1021,stavalues1:2277,stavalues2:2277,stavalues3:2277,stavalues4:2277,stavalues5:2277
9100007 shoal.nodes v node:25,state:25,is_leader:16,is_self:16,host:25,port:23,http:25,channel:25,roles:1009,cores:23,memory_bytes:20,stored_bytes:20,quota_bytes:20,coordinates:114,version:25,incarnation:20,started_at:1184
9100008 shoal.replicas v database:19,node:25,role:25,in_sync:16,state:25,epoch:20,commit_lsn:20,applied_lsn:20,lag_bytes:20,lag_ms:20,checksum:25,comparison:25,compared_at:1184
9100009 shoal.placements v database:19,node:25,role:25,wanted:25,state:25,reason:25,bytes:20
`;

/** Every system relation, in order of pg_catalog, information_schema, shoal. */
export const systemRelations: readonly SystemRelation[] = (relationRows.trim() + own)
  .trim()
  .split('\n')
  .map((line): SystemRelation => {
    const [oid, qualified, kind, columns] = line.split(' ') as [string, string, string, string];
    const [schema, name] = qualified.split('.') as [string, string];
    const plain = columns.split(',').map(parseColumn);
    const typed =
      schema === 'information_schema'
        ? plain.map((column) =>
            isYesOrNo(column) ? { ...column, typmod: yesOrNoTypmod } : column.typeOid === Oid.timestamptz ? { ...column, typmod: 2 } : column,
          )
        : plain;
    return { oid: Number(oid), schema, name, kind: kind as SystemRelation['kind'], columns: typed };
  });

const byOid = new Map(systemRelations.map((one) => [one.oid, one]));
const byName = new Map(systemRelations.map((one) => [`${one.schema}.${one.name}`, one]));

export function systemRelationOf(oid: number): SystemRelation | undefined {
  return byOid.get(oid);
}

export function systemRelationNamed(schema: string, name: string): SystemRelation | undefined {
  return byName.get(`${schema}.${name}`);
}
