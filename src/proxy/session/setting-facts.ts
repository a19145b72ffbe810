/**
 * The parameters of PostgreSQL 15 as pg_settings describes them. settings.ts defines those that mean something here; the others can be shown and, where PostgreSQL lets
 * them be changed, set, without effect: clients ask for them.
 */
import type { SettingFacts } from '../../catalog/pg-catalog/pg-settings.js';

export interface PostgresSetting extends SettingFacts {
  /** As SHOW tells it. */
  readonly initial: string;
}

const categories = [
  'Autovacuum',
  'Client Connection Defaults / Locale and Formatting',
  'Client Connection Defaults / Other Defaults',
  'Client Connection Defaults / Shared Library Preloading',
  'Client Connection Defaults / Statement Behavior',
  'Connections and Authentication / Authentication',
  'Connections and Authentication / Connection Settings',
  'Connections and Authentication / SSL',
  'Developer Options',
  'Error Handling',
  'File Locations',
  'Lock Management',
  'Preset Options',
  'Query Tuning / Genetic Query Optimizer',
  'Query Tuning / Other Planner Options',
  'Query Tuning / Planner Cost Constants',
  'Query Tuning / Planner Method Configuration',
  'Replication / Primary Server',
  'Replication / Sending Servers',
  'Replication / Standby Servers',
  'Replication / Subscribers',
  'Reporting and Logging / Process Title',
  'Reporting and Logging / What to Log',
  'Reporting and Logging / When to Log',
  'Reporting and Logging / Where to Log',
  'Resource Usage / Asynchronous Behavior',
  'Resource Usage / Background Writer',
  'Resource Usage / Cost-Based Vacuum Delay',
  'Resource Usage / Disk',
  'Resource Usage / Kernel Resources',
  'Resource Usage / Memory',
  'Statistics / Cumulative Query and Index Statistics',
  'Statistics / Monitoring',
  'Version and Platform Compatibility / Other Platforms and Clients',
  'Version and Platform Compatibility / Previous PostgreSQL Versions',
  'Write-Ahead Log / Archive Recovery',
  'Write-Ahead Log / Archiving',
  'Write-Ahead Log / Checkpoints',
  'Write-Ahead Log / Recovery',
  'Write-Ahead Log / Recovery Target',
  'Write-Ahead Log / Settings',
] as const;

/** Name, type, unit, category, context, lowest and highest value, choices, built-in value. */
const lines = `
allow_in_place_tablespaces|bool||8|superuser||||off
allow_system_table_mods|bool||8|superuser||||off
application_name|string||22|user||||
archive_cleanup_command|string||35|sighup||||
archive_command|string||36|sighup||||(disabled)
archive_library|string||36|sighup||||
archive_mode|enum||36|postmaster|||always,on,off|off
archive_timeout|integer|s|36|sighup|0|1073741823||0
array_nulls|bool||34|user||||on
authentication_timeout|integer|s|5|sighup|1|600||1min
autovacuum|bool||0|sighup||||on
autovacuum_analyze_scale_factor|real||0|sighup|0|100||0.1
autovacuum_analyze_threshold|integer||0|sighup|0|2147483647||50
autovacuum_freeze_max_age|integer||0|postmaster|100000|2000000000||200000000
autovacuum_max_workers|integer||0|postmaster|1|262143||3
autovacuum_multixact_freeze_max_age|integer||0|postmaster|10000|2000000000||400000000
autovacuum_naptime|integer|s|0|sighup|1|2147483||1min
autovacuum_vacuum_cost_delay|real|ms|0|sighup|-1|100||2ms
autovacuum_vacuum_cost_limit|integer||0|sighup|-1|10000||-1
autovacuum_vacuum_insert_scale_factor|real||0|sighup|0|100||0.2
autovacuum_vacuum_insert_threshold|integer||0|sighup|-1|2147483647||1000
autovacuum_vacuum_scale_factor|real||0|sighup|0|100||0.2
autovacuum_vacuum_threshold|integer||0|sighup|0|2147483647||50
autovacuum_work_mem|integer|kB|30|sighup|-1|2147483647||-1
backend_flush_after|integer|8kB|25|user|0|256||0
backslash_quote|enum||34|user|||safe_encoding,on,off|safe_encoding
backtrace_functions|string||8|superuser||||
bgwriter_delay|integer|ms|26|sighup|10|10000||200ms
bgwriter_flush_after|integer|8kB|26|sighup|0|256||512kB
bgwriter_lru_maxpages|integer||26|sighup|0|1073741823||100
bgwriter_lru_multiplier|real||26|sighup|0|10||2
block_size|integer||12|internal|8192|8192||8192
bonjour|bool||6|postmaster||||off
bonjour_name|string||6|postmaster||||
bytea_output|enum||4|user|||escape,hex|hex
check_function_bodies|bool||4|user||||on
checkpoint_completion_target|real||37|sighup|0|1||0.9
checkpoint_flush_after|integer|8kB|37|sighup|0|256||256kB
checkpoint_timeout|integer|s|37|sighup|30|86400||5min
checkpoint_warning|integer|s|37|sighup|0|2147483647||30s
client_connection_check_interval|integer|ms|6|user|0|2147483647||0
client_encoding|string||1|user||||SQL_ASCII
client_min_messages|enum||4|user|||debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|notice
cluster_name|string||21|postmaster||||
commit_delay|integer||40|superuser|0|100000||0
commit_siblings|integer||40|user|0|1000||5
composite_type_mismatch|enum||8|superuser|||error,warn,disabled|error
compute_query_id|enum||32|superuser|||auto,regress,on,off|auto
config_file|string||10|postmaster||||
constraint_exclusion|enum||14|user|||partition,on,off|partition
cpu_index_tuple_cost|real||15|user|0|1.79769e+308||0.005
cpu_operator_cost|real||15|user|0|1.79769e+308||0.0025
cpu_tuple_cost|real||15|user|0|1.79769e+308||0.01
cursor_tuple_fraction|real||14|user|0|1||0.1
data_checksums|bool||12|internal||||off
data_directory|string||10|postmaster||||
data_directory_mode|integer||12|internal|0|511||0700
data_sync_retry|bool||9|postmaster||||off
DateStyle|string||1|user||||ISO, MDY
db_user_namespace|bool||5|sighup||||off
deadlock_timeout|integer|ms|11|superuser|1|2147483647||1s
debug_assertions|bool||12|internal||||off
debug_discard_caches|integer||8|superuser|0|0||0
debug_pretty_print|bool||22|user||||on
debug_print_parse|bool||22|user||||off
debug_print_plan|bool||22|user||||off
debug_print_rewritten|bool||22|user||||off
default_statistics_target|integer||14|user|1|10000||100
default_table_access_method|string||4|user||||heap
default_tablespace|string||4|user||||
default_text_search_config|string||1|user||||pg_catalog.simple
default_toast_compression|enum||4|user|||pglz,lz4|pglz
default_transaction_deferrable|bool||4|user||||off
default_transaction_isolation|enum||4|user|||serializable,repeatable read,read committed,read uncommitted|read committed
default_transaction_read_only|bool||4|user||||off
dynamic_library_path|string||2|superuser||||$libdir
dynamic_shared_memory_type|enum||30|postmaster|||posix,sysv,mmap|posix
effective_cache_size|integer|8kB|15|user|1|2147483647||4GB
effective_io_concurrency|integer||25|user|0|1000||1
enable_async_append|bool||16|user||||on
enable_bitmapscan|bool||16|user||||on
enable_gathermerge|bool||16|user||||on
enable_hashagg|bool||16|user||||on
enable_hashjoin|bool||16|user||||on
enable_incremental_sort|bool||16|user||||on
enable_indexonlyscan|bool||16|user||||on
enable_indexscan|bool||16|user||||on
enable_material|bool||16|user||||on
enable_memoize|bool||16|user||||on
enable_mergejoin|bool||16|user||||on
enable_nestloop|bool||16|user||||on
enable_parallel_append|bool||16|user||||on
enable_parallel_hash|bool||16|user||||on
enable_partition_pruning|bool||16|user||||on
enable_partitionwise_aggregate|bool||16|user||||off
enable_partitionwise_join|bool||16|user||||off
enable_seqscan|bool||16|user||||on
enable_sort|bool||16|user||||on
enable_tidscan|bool||16|user||||on
escape_string_warning|bool||34|user||||on
event_source|string||24|postmaster||||PostgreSQL
exit_on_error|bool||9|user||||off
extension_destdir|string||10|superuser||||
external_pid_file|string||10|postmaster||||
extra_float_digits|integer||1|user|-15|3||1
force_parallel_mode|enum||8|user|||off,on,regress|off
from_collapse_limit|integer||14|user|1|2147483647||8
fsync|bool||40|sighup||||on
full_page_writes|bool||40|sighup||||on
geqo|bool||13|user||||on
geqo_effort|integer||13|user|1|10||5
geqo_generations|integer||13|user|0|2147483647||0
geqo_pool_size|integer||13|user|0|2147483647||0
geqo_seed|real||13|user|0|1||0
geqo_selection_bias|real||13|user|1.5|2||2
geqo_threshold|integer||13|user|2|2147483647||12
gin_fuzzy_search_limit|integer||2|user|0|2147483647||0
gin_pending_list_limit|integer|kB|4|user|64|2147483647||4MB
hash_mem_multiplier|real||30|user|1|1000||2
hba_file|string||10|postmaster||||
hot_standby|bool||19|postmaster||||on
hot_standby_feedback|bool||19|sighup||||off
huge_page_size|integer|kB|30|postmaster|0|2147483647||0
huge_pages|enum||30|postmaster|||off,on,try|try
ident_file|string||10|postmaster||||
idle_in_transaction_session_timeout|integer|ms|4|user|0|2147483647||0
idle_session_timeout|integer|ms|4|user|0|2147483647||0
ignore_checksum_failure|bool||8|superuser||||off
ignore_invalid_pages|bool||8|postmaster||||off
ignore_system_indexes|bool||8|backend||||off
in_hot_standby|bool||12|internal||||off
integer_datetimes|bool||12|internal||||on
IntervalStyle|enum||1|user|||postgres,postgres_verbose,sql_standard,iso_8601|postgres
jit|bool||14|user||||on
jit_above_cost|real||15|user|-1|1.79769e+308||100000
jit_debugging_support|bool||8|superuser-backend||||off
jit_dump_bitcode|bool||8|superuser||||off
jit_expressions|bool||8|user||||on
jit_inline_above_cost|real||15|user|-1|1.79769e+308||500000
jit_optimize_above_cost|real||15|user|-1|1.79769e+308||500000
jit_profiling_support|bool||8|superuser-backend||||off
jit_provider|string||3|postmaster||||llvmjit
jit_tuple_deforming|bool||8|user||||on
join_collapse_limit|integer||14|user|1|2147483647||8
krb_caseins_users|bool||5|sighup||||off
krb_server_keyfile|string||5|sighup||||FILE:/etc/postgresql-common/krb5.keytab
lc_collate|string||12|internal||||C
lc_ctype|string||12|internal||||C.UTF-8
lc_messages|string||1|superuser||||
lc_monetary|string||1|user||||C
lc_numeric|string||1|user||||C
lc_time|string||1|user||||C
listen_addresses|string||6|postmaster||||localhost
lo_compat_privileges|bool||34|superuser||||off
local_preload_libraries|string||3|user||||
lock_timeout|integer|ms|4|user|0|2147483647||0
log_autovacuum_min_duration|integer|ms|22|sighup|-1|2147483647||10min
log_checkpoints|bool||22|sighup||||on
log_connections|bool||22|superuser-backend||||off
log_destination|string||24|sighup||||stderr
log_directory|string||24|sighup||||log
log_disconnections|bool||22|superuser-backend||||off
log_duration|bool||22|superuser||||off
log_error_verbosity|enum||22|superuser|||terse,default,verbose|default
log_executor_stats|bool||32|superuser||||off
log_file_mode|integer||24|sighup|0|511||0600
log_filename|string||24|sighup||||postgresql-%Y-%m-%d_%H%M%S.log
log_hostname|bool||22|sighup||||off
log_line_prefix|string||22|sighup||||%m [%p] 
log_lock_waits|bool||22|superuser||||off
log_min_duration_sample|integer|ms|23|superuser|-1|2147483647||-1
log_min_duration_statement|integer|ms|23|superuser|-1|2147483647||-1
log_min_error_statement|enum||23|superuser|||debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|error
log_min_messages|enum||23|superuser|||debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|warning
log_parameter_max_length|integer|B|22|superuser|-1|1073741823||-1
log_parameter_max_length_on_error|integer|B|22|user|-1|1073741823||0
log_parser_stats|bool||32|superuser||||off
log_planner_stats|bool||32|superuser||||off
log_recovery_conflict_waits|bool||22|sighup||||off
log_replication_commands|bool||22|superuser||||off
log_rotation_age|integer|min|24|sighup|0|35791394||1d
log_rotation_size|integer|kB|24|sighup|0|2097151||10MB
log_startup_progress_interval|integer|ms|23|sighup|0|2147483647||10s
log_statement|enum||22|superuser|||none,ddl,mod,all|none
log_statement_sample_rate|real||23|superuser|0|1||1
log_statement_stats|bool||32|superuser||||off
log_temp_files|integer|kB|22|superuser|-1|2147483647||-1
log_timezone|string||22|sighup||||GMT
log_transaction_sample_rate|real||23|superuser|0|1||0
log_truncate_on_rotation|bool||24|sighup||||off
logging_collector|bool||24|postmaster||||off
logical_decoding_work_mem|integer|kB|30|user|64|2147483647||64MB
maintenance_io_concurrency|integer||25|user|0|1000||10
maintenance_work_mem|integer|kB|30|user|1024|2147483647||64MB
max_connections|integer||6|postmaster|1|262143||100
max_files_per_process|integer||29|postmaster|64|2147483647||1000
max_function_args|integer||12|internal|100|100||100
max_identifier_length|integer||12|internal|63|63||63
max_index_keys|integer||12|internal|32|32||32
max_locks_per_transaction|integer||11|postmaster|10|2147483647||64
max_logical_replication_workers|integer||20|postmaster|0|262143||4
max_parallel_maintenance_workers|integer||25|user|0|1024||2
max_parallel_workers|integer||25|user|0|1024||8
max_parallel_workers_per_gather|integer||25|user|0|1024||2
max_pred_locks_per_page|integer||11|sighup|0|2147483647||2
max_pred_locks_per_relation|integer||11|sighup|-2147483648|2147483647||-2
max_pred_locks_per_transaction|integer||11|postmaster|10|2147483647||64
max_prepared_transactions|integer||30|postmaster|0|262143||0
max_replication_slots|integer||18|postmaster|0|262143||10
max_slot_wal_keep_size|integer|MB|18|sighup|-1|2147483647||-1
max_stack_depth|integer|kB|30|superuser|100|2147483647||2MB
max_standby_archive_delay|integer|ms|19|sighup|-1|2147483647||30s
max_standby_streaming_delay|integer|ms|19|sighup|-1|2147483647||30s
max_sync_workers_per_subscription|integer||20|sighup|0|262143||2
max_wal_senders|integer||18|postmaster|0|262143||10
max_wal_size|integer|MB|37|sighup|2|2147483647||1GB
max_worker_processes|integer||25|postmaster|0|262143||8
min_dynamic_shared_memory|integer|MB|30|postmaster|0|2147483647||0
min_parallel_index_scan_size|integer|8kB|15|user|0|715827882||512kB
min_parallel_table_scan_size|integer|8kB|15|user|0|715827882||8MB
min_wal_size|integer|MB|37|sighup|2|2147483647||80MB
old_snapshot_threshold|integer|min|25|postmaster|-1|86400||-1
output_plugin_libraries|string||18|superuser||||pgoutput, test_decoding
parallel_leader_participation|bool||25|user||||on
parallel_setup_cost|real||15|user|0|1.79769e+308||1000
parallel_tuple_cost|real||15|user|0|1.79769e+308||0.1
password_encryption|enum||5|user|||md5,scram-sha-256|scram-sha-256
plan_cache_mode|enum||14|user|||auto,force_generic_plan,force_custom_plan|auto
port|integer||6|postmaster|1|65535||5432
post_auth_delay|integer|s|8|backend|0|2147||0
pre_auth_delay|integer|s|8|sighup|0|60||0
primary_conninfo|string||19|sighup||||
primary_slot_name|string||19|sighup||||
promote_trigger_file|string||19|sighup||||
quote_all_identifiers|bool||34|user||||off
random_page_cost|real||15|user|0|1.79769e+308||4
recovery_end_command|string||35|sighup||||
recovery_init_sync_method|enum||9|sighup|||fsync,syncfs|fsync
recovery_min_apply_delay|integer|ms|19|sighup|0|2147483647||0
recovery_prefetch|enum||38|sighup|||off,on,try|try
recovery_target|string||39|postmaster||||
recovery_target_action|enum||39|postmaster|||pause,promote,shutdown|pause
recovery_target_inclusive|bool||39|postmaster||||on
recovery_target_lsn|string||39|postmaster||||
recovery_target_name|string||39|postmaster||||
recovery_target_time|string||39|postmaster||||
recovery_target_timeline|string||39|postmaster||||latest
recovery_target_xid|string||39|postmaster||||
recursive_worktable_factor|real||14|user|0.001|1e+06||10
remove_temp_files_after_crash|bool||8|sighup||||on
restart_after_crash|bool||9|sighup||||on
restore_command|string||35|sighup||||
restrict_nonsystem_relation_kind|string||4|user||||
row_security|bool||4|user||||on
search_path|string||4|user||||"$user", public
segment_size|integer|8kB|12|internal|131072|131072||1GB
seq_page_cost|real||15|user|0|1.79769e+308||1
server_encoding|string||12|internal||||UTF8
server_version|string||12|internal||||15.20 (Debian 15.20-0+deb12u1)
server_version_num|integer||12|internal|150020|150020||150020
session_preload_libraries|string||3|superuser||||
session_replication_role|enum||4|superuser|||origin,replica,local|origin
shared_buffers|integer|8kB|30|postmaster|16|1073741823||128MB
shared_memory_size|integer|MB|12|internal|0|2147483647||73MB
shared_memory_size_in_huge_pages|integer||12|internal|-1|2147483647||37
shared_memory_type|enum||30|postmaster|||sysv,mmap|mmap
shared_preload_libraries|string||3|postmaster||||
ssl|bool||7|sighup||||off
ssl_ca_file|string||7|sighup||||
ssl_cert_file|string||7|sighup||||server.crt
ssl_ciphers|string||7|sighup||||HIGH:MEDIUM:+3DES:!aNULL
ssl_crl_dir|string||7|sighup||||
ssl_crl_file|string||7|sighup||||
ssl_dh_params_file|string||7|sighup||||
ssl_ecdh_curve|string||7|sighup||||prime256v1
ssl_key_file|string||7|sighup||||server.key
ssl_library|string||12|internal||||OpenSSL
ssl_max_protocol_version|enum||7|sighup|||,TLSv1,TLSv1.1,TLSv1.2,TLSv1.3|
ssl_min_protocol_version|enum||7|sighup|||TLSv1,TLSv1.1,TLSv1.2,TLSv1.3|TLSv1.2
ssl_passphrase_command|string||7|sighup||||
ssl_passphrase_command_supports_reload|bool||7|sighup||||off
ssl_prefer_server_ciphers|bool||7|sighup||||on
standard_conforming_strings|bool||34|user||||on
statement_timeout|integer|ms|4|user|0|2147483647||0
stats_fetch_consistency|enum||31|user|||none,cache,snapshot|cache
superuser_reserved_connections|integer||6|postmaster|0|262143||3
synchronize_seqscans|bool||34|user||||on
synchronous_commit|enum||40|user|||local,remote_write,remote_apply,on,off|on
synchronous_standby_names|string||17|sighup||||
syslog_facility|enum||24|sighup|||local0,local1,local2,local3,local4,local5,local6,local7|local0
syslog_ident|string||24|sighup||||postgres
syslog_sequence_numbers|bool||24|sighup||||on
syslog_split_messages|bool||24|sighup||||on
tcp_keepalives_count|integer||6|user|0|2147483647||9
tcp_keepalives_idle|integer|s|6|user|0|2147483647||7200
tcp_keepalives_interval|integer|s|6|user|0|2147483647||75
tcp_user_timeout|integer|ms|6|user|0|2147483647||0
temp_buffers|integer|8kB|30|user|100|1073741823||8MB
temp_file_limit|integer|kB|28|superuser|-1|2147483647||-1
temp_tablespaces|string||4|user||||
TimeZone|string||1|user||||GMT
timezone_abbreviations|string||1|user||||Default
trace_notify|bool||8|user||||off
trace_recovery_messages|enum||8|sighup|||debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|log
trace_sort|bool||8|user||||off
track_activities|bool||31|superuser||||on
track_activity_query_size|integer|B|31|postmaster|100|1048576||1kB
track_commit_timestamp|bool||18|postmaster||||off
track_counts|bool||31|superuser||||on
track_functions|enum||31|superuser|||none,pl,all|none
track_io_timing|bool||31|superuser||||off
track_wal_io_timing|bool||31|superuser||||off
transaction_deferrable|bool||4|user||||off
transaction_isolation|enum||4|user|||serializable,repeatable read,read committed,read uncommitted|read committed
transaction_read_only|bool||4|user||||off
transform_null_equals|bool||33|user||||off
unix_socket_directories|string||6|postmaster||||/var/run/postgresql
unix_socket_group|string||6|postmaster||||
unix_socket_permissions|integer||6|postmaster|0|511||0777
update_process_title|bool||21|superuser||||on
vacuum_cost_delay|real|ms|27|user|0|100||0
vacuum_cost_limit|integer||27|user|1|10000||200
vacuum_cost_page_dirty|integer||27|user|0|10000||20
vacuum_cost_page_hit|integer||27|user|0|10000||1
vacuum_cost_page_miss|integer||27|user|0|10000||2
vacuum_defer_cleanup_age|integer||17|sighup|0|1000000||0
vacuum_failsafe_age|integer||4|user|0|2100000000||1600000000
vacuum_freeze_min_age|integer||4|user|0|1000000000||50000000
vacuum_freeze_table_age|integer||4|user|0|2000000000||150000000
vacuum_multixact_failsafe_age|integer||4|user|0|2100000000||1600000000
vacuum_multixact_freeze_min_age|integer||4|user|0|1000000000||5000000
vacuum_multixact_freeze_table_age|integer||4|user|0|2000000000||150000000
wal_block_size|integer||12|internal|8192|8192||8192
wal_buffers|integer|8kB|40|postmaster|-1|262143||2MB
wal_compression|enum||40|superuser|||pglz,lz4,zstd,on,off|off
wal_consistency_checking|string||8|superuser||||
wal_decode_buffer_size|integer|B|38|postmaster|65536|1073741823||512kB
wal_init_zero|bool||40|superuser||||on
wal_keep_size|integer|MB|18|sighup|0|2147483647||0
wal_level|enum||40|postmaster|||minimal,replica,logical|replica
wal_log_hints|bool||40|postmaster||||off
wal_receiver_create_temp_slot|bool||19|sighup||||off
wal_receiver_status_interval|integer|s|19|sighup|0|2147483||10s
wal_receiver_timeout|integer|ms|19|sighup|0|2147483647||1min
wal_recycle|bool||40|superuser||||on
wal_retrieve_retry_interval|integer|ms|19|sighup|1|2147483647||5s
wal_segment_size|integer|B|12|internal|1048576|1073741824||16MB
wal_sender_timeout|integer|ms|18|user|0|2147483647||1min
wal_skip_threshold|integer|kB|40|user|0|2147483647||2MB
wal_sync_method|enum||40|sighup|||fsync,fdatasync,open_sync,open_datasync|fdatasync
wal_writer_delay|integer|ms|40|sighup|1|10000||200ms
wal_writer_flush_after|integer|8kB|40|sighup|0|2147483647||1MB
work_mem|integer|kB|30|user|64|2147483647||4MB
xmlbinary|enum||4|user|||base64,hex|base64
xmloption|enum||4|user|||content,document|content
zero_damaged_pages|bool||8|superuser||||off
`;

function optional(field: string | undefined): string | undefined {
  return field === undefined || field === '' ? undefined : field;
}

export const settingFacts: ReadonlyMap<string, PostgresSetting> = new Map(
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', type, unit, category, context = '', low, high, choices, initial = ''] = line.split('|');
      const facts: PostgresSetting = {
        type: type as SettingFacts['type'],
        unit: optional(unit),
        category: categories[Number(category)] ?? '',
        context,
        low: optional(low),
        high: optional(high),
        choices: choices === undefined || choices === '' ? [] : choices.split(','),
        initial,
      };
      return [name, facts] as const;
    }),
);
