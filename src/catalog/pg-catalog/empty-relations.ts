/** Relations of things that Shoal does not have (rules, triggers, policies, publications, ...): they exist, with their columns, and are empty. */
import { type CatalogRelation, relation } from './relation.js';

const names = `
pg_foreign_data_wrapper pg_foreign_server pg_foreign_table
pg_parameter_acl pg_prepared_xacts pg_publication pg_publication_namespace pg_publication_rel pg_publication_tables
pg_replication_origin pg_replication_origin_status pg_replication_slots pg_seclabel pg_seclabels pg_shseclabel
pg_stat_progress_analyze pg_stat_progress_basebackup pg_stat_progress_cluster pg_stat_progress_copy pg_stat_progress_create_index
pg_stat_progress_vacuum pg_stat_recovery_prefetch pg_stat_replication pg_stat_replication_slots pg_stat_subscription pg_stat_subscription_stats
pg_stat_user_functions pg_stat_wal_receiver pg_stat_xact_user_functions pg_stats_ext pg_stats_ext_exprs pg_statistic_ext_data pg_subscription pg_subscription_rel pg_transform pg_user_mapping pg_user_mappings`
  .trim()
  .split(/\s+/);

const standardNames = `
_pg_foreign_data_wrappers _pg_foreign_servers _pg_foreign_table_columns _pg_foreign_tables _pg_user_mappings
check_constraint_routine_usage column_options
foreign_data_wrapper_options foreign_data_wrappers foreign_server_options foreign_servers foreign_table_options
foreign_tables routine_column_usage routine_routine_usage routine_sequence_usage routine_table_usage transforms
user_mapping_options user_mappings view_routine_usage`
  .trim()
  .split(/\s+/);

export const emptyRelations: readonly CatalogRelation[] = [
  ...names.map((name) => relation(`pg_catalog.${name}`, () => [])),
  // The system's own tables, where the database does not have them yet.
  ...['large_objects', 'large_object_pages', 'column_statistics'].map((name) => relation(`shoal.${name}`, () => [])),
  ...standardNames.map((name) => relation(`information_schema.${name}`, () => [])),
];
