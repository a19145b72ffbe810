/**
 * The relations of pg_catalog, information_schema and shoal by name. The binder asks for columns, the executor for rows.
 */
import { pgInherits, pgPartitionedTable } from './pg-partitions.js';
import { notSupported } from '../../common/errors.js';
import { RowWriter } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { emptyRelations } from './empty-relations.js';
import { columns as informationColumns } from './information-schema/columns.js';
import {
  checkConstraints,
  constraintColumnUsage,
  constraintTableUsage,
  keyColumnUsage,
  referentialConstraints,
  tableConstraints,
} from './information-schema/constraints.js';
import { attributes, columnDomainUsage, domainConstraints, domains, domainUdtUsage, userDefinedTypes } from './information-schema/domains.js';
import { sqlConformanceViews } from './information-schema/sql-conformance.js';
import { typeDescriptorViews } from './information-schema/element-types.js';
import { triggerViews } from './information-schema/triggers.js';
import { usageViews } from './information-schema/usage.js';
import { catalogName, collationCharacterSets, characterSets, collationViews } from './information-schema/names.js';
import { privilegeViews } from './information-schema/privileges.js';
import { parameters, routines } from './information-schema/routines.js';
import { schemata } from './information-schema/schemata.js';
import { sequences } from './information-schema/sequences.js';
import { tables as informationTables } from './information-schema/tables.js';
import { views as informationViews } from './information-schema/views.js';
import { pgAm } from './pg-am.js';
import { pgAmop, pgAmproc } from './pg-amop.js';
import { pgAttrdef } from './pg-attrdef.js';
import { pgAttribute } from './pg-attribute.js';
import { pgCast } from './pg-cast.js';
import { pgClass } from './pg-class.js';
import { pgCollation } from './pg-collation.js';
import { pgConstraint } from './pg-constraint.js';
import { pgConversion } from './pg-conversion.js';
import { pgDatabase } from './pg-database.js';
import { pgDefaultAcl } from './pg-default-acl.js';
import { pgPolicies, pgPolicy } from './pg-policy.js';
import { pgDepend, pgShdepend } from './pg-depend.js';
import { pgDescription, pgShdescription } from './pg-description.js';
import { pgEnum } from './pg-enum.js';
import { pgAvailableExtensions, pgAvailableExtensionVersions, pgExtension } from './pg-extension.js';
import { pgInitPrivs } from './pg-init-privs.js';
import { pgIndex } from './pg-index.js';
import { pgIndexes } from './pg-indexes.js';
import { pgLanguage } from './pg-language.js';
import { pgHbaFileRules } from './pg-hba-file-rules.js';
import { pgLocks, shoalBlocking } from './pg-locks.js';
import { pgNamespace } from './pg-namespace.js';
import { pgOpclass, pgOpfamily } from './pg-opclass.js';
import { pgOperator } from './pg-operator.js';
import { pgCursors, pgPreparedStatements } from './pg-prepared-statements.js';
import { pgAggregate, pgProc } from './pg-proc.js';
import { pgRange } from './pg-range.js';
import { pgRewrite } from './pg-rewrite.js';
import { pgRules } from './pg-rules.js';
import { pgAuthid, pgAuthMembers, pgDbRoleSetting, pgGroup, pgRoles, pgShadow, pgUser } from './pg-roles.js';
import { pgSequence, pgSequences } from './pg-sequence.js';
import { pgSettings } from './pg-settings.js';
import { pgStatActivity, pgStatGssapi, pgStatSsl } from './pg-stat-activity.js';
import { pgStatisticExt, shoalStatisticsDefinitions } from './pg-statistic-ext.js';
import { pgStatDatabase } from './pg-stat-database.js';
import { serverStatistics } from './pg-stat-server.js';
import { statisticsViews } from './pg-stat-tables.js';
import { textSearchRelations } from './pg-text-search.js';
import { pgTimezoneAbbrevs, pgTimezoneNames } from './pg-timezones.js';
import { pgTrigger } from './pg-trigger.js';
import { pgTables } from './pg-tables.js';
import { pgTablespace } from './pg-tablespace.js';
import { pgType } from './pg-type.js';
import { pgMatviews } from './pg-matviews.js';
import { pgViews } from './pg-views.js';
import { type CatalogEnvironment, type CatalogRelation, type DependsOn, relation } from './relation.js';
import { largeObjectAcls } from './large-object-acls.js';
import { pgEventTrigger, shoalDroppedObjects, shoalEventCommands } from './pg-event-trigger.js';
import { shoalDamage } from './shoal-damage.js';
import { shoalPlacements } from './shoal-placements.js';
import { shoalReplicas } from './shoal-replicas.js';
import { shoalNodes } from './shoal-nodes.js';
import { shoalShards } from './shoal-shards.js';
import { shoalDatabaseSizes, shoalRelationSizes } from './shoal-sizes.js';
import { shoalTables } from './shoal-tables.js';
import { systemRelations } from './system-relations.js';

const relations: readonly CatalogRelation[] = [
  pgAggregate,
  pgAm,
  pgAmop,
  pgAmproc,
  pgAttrdef,
  pgInherits,
  pgPartitionedTable,
  pgAttribute,
  pgAuthid,
  pgAuthMembers,
  pgDefaultAcl,
  pgPolicy,
  pgPolicies,
  pgDbRoleSetting,
  pgGroup,
  pgCast,
  pgClass,
  pgCollation,
  pgConstraint,
  pgConversion,
  pgDatabase,
  pgDepend,
  pgShdepend,
  pgDescription,
  pgShdescription,
  pgEnum,
  attributes,
  columnDomainUsage,
  domainConstraints,
  domains,
  domainUdtUsage,
  userDefinedTypes,
  ...usageViews,
  ...triggerViews,
  ...typeDescriptorViews,
  ...sqlConformanceViews,
  collationCharacterSets,
  pgAvailableExtensions,
  pgAvailableExtensionVersions,
  pgExtension,
  pgInitPrivs,
  pgIndex,
  pgIndexes,
  pgLanguage,
  pgHbaFileRules,
  pgLocks,
  shoalBlocking,
  pgNamespace,
  pgOpclass,
  pgOperator,
  pgOpfamily,
  pgCursors,
  pgPreparedStatements,
  pgProc,
  pgRange,
  pgRewrite,
  pgRules,
  pgRoles,
  pgSequence,
  pgSequences,
  pgSettings,
  pgShadow,
  pgStatActivity,
  pgStatGssapi,
  pgStatSsl,
  ...statisticsViews,
  ...serverStatistics,
  pgTimezoneNames,
  pgTimezoneAbbrevs,
  pgStatDatabase,
  pgTables,
  pgTablespace,
  pgType,
  pgUser,
  pgMatviews,
  pgViews,
  pgTrigger,
  ...textSearchRelations,
  ...emptyRelations,
  catalogName,
  characterSets,
  checkConstraints,
  collationViews,
  constraintColumnUsage,
  constraintTableUsage,
  informationColumns,
  informationTables,
  informationViews,
  keyColumnUsage,
  parameters,
  referentialConstraints,
  routines,
  schemata,
  sequences,
  tableConstraints,
  ...privilegeViews,
  shoalTables,
  shoalShards,
  shoalRelationSizes,
  shoalDatabaseSizes,
  shoalDamage,
  largeObjectAcls,
  pgStatisticExt,
  shoalStatisticsDefinitions,
  pgEventTrigger,
  shoalEventCommands,
  shoalDroppedObjects,
  shoalNodes,
  shoalReplicas,
  shoalPlacements,
];

const byName = new Map(relations.map((one) => [`${one.schema}.${one.name}`, one]));

// What has columns and no rows file is known and refused: never an empty answer that is not true.
for (const { schema, name } of systemRelations) {
  const qualified = `${schema}.${name}`;
  if (byName.has(qualified)) continue;
  const refused = relation(qualified, () => {
    throw notSupported(`reading ${qualified}`);
  });
  byName.set(qualified, refused);
}

/** Every relation, for tests. */
export function allCatalogRelations(): readonly CatalogRelation[] {
  return [...byName.values()];
}

/** The relation of that schema and name, for the binder. */
export function find(schema: string, name: string): CatalogRelation | undefined {
  return byName.get(`${schema}.${name}`);
}

/** What the rows of the relations (`schema.name`) follow from. */
export function dependenciesOf(relations: Iterable<string>): ReadonlySet<DependsOn> {
  const found = new Set<DependsOn>();
  for (const qualified of relations) {
    const relation = byName.get(qualified);
    if (relation !== undefined) found.add(relation.dependsOn);
  }
  return found;
}

/** Depends on the moment: no image of it is kept. */
const ofTheMoment: ReadonlySet<DependsOn> = new Set<DependsOn>(['session', 'node', 'files', 'replication']);

interface Image {
  readonly statistics: unknown;
  readonly bytes: Uint8Array;
}

/** Images of relations that follow from the catalog, by relation and columns: clients ask the same questions again and again. */
const images = new WeakMap<CatalogSnapshot, Map<string, Image>>();

/** Row-codec bytes of the named columns of a relation (`schema.name`). Not to be written to, nor transferred. */
export function catalogRows(qualified: string, columns: readonly string[], environment: CatalogEnvironment): Uint8Array {
  const found = byName.get(qualified);
  if (found === undefined) throw new Error(`assertion failed: catalog relation ${qualified} exists`);
  if (ofTheMoment.has(found.dependsOn)) return encode(found, columns, environment);
  const statistics = found.dependsOn === 'statistics' ? environment.services?.tableRows : undefined;
  const key = `${qualified} ${columns.join(' ')}${found.dependsOn === 'user' ? `\u0000${environment.user}` : ''}`;
  let known = images.get(environment.catalog);
  if (known === undefined) images.set(environment.catalog, (known = new Map<string, Image>()));
  let image = known.get(key);
  if (image === undefined || image.statistics !== statistics) {
    image = { statistics, bytes: encode(found, columns, environment) };
    if (known.size >= imagesMax) known.clear();
    known.set(key, image);
  }
  return image.bytes;
}

const imagesMax = 200;

function encode(found: CatalogRelation, columns: readonly string[], environment: CatalogEnvironment): Uint8Array {
  const writer = new RowWriter();
  const values: SqlValue[] = new Array<SqlValue>(columns.length).fill(null);
  for (const row of found.rows(environment)) {
    for (let at = 0; at < columns.length; at++) {
      const value = row[columns[at] as string];
      values[at] = typeof value === 'boolean' ? Number(value) : (value ?? null);
    }
    writer.row(values);
  }
  return writer.finish();
}
