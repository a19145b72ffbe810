/**
 * The parameters of PostgreSQL 15 as pg_settings describes them. settings.ts defines those that mean something here; the others can be shown and, where PostgreSQL lets
 * them be changed, set, without effect: clients ask for them.
 */
import type { SettingFacts } from '../../catalog/pg-catalog/pg-settings.js';
import { showCounted } from './setting-numbers.js';

export interface PostgresSetting extends SettingFacts {
  /** As SHOW tells it. */
  readonly initial: string;
  readonly description: string;
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

/**
 * Name, type, unit, category, context, lowest and highest value, choices, built-in value (in the unit; \\N: none), description, further description. As pg_settings
 * has them.
 */
const lines = `
allow_in_place_tablespaces|bool||8|superuser||||off|Allows tablespaces directly inside pg_tblspc, for testing.
allow_system_table_mods|bool||8|superuser||||off|Allows modifications of the structure of system tables.
application_name|string||22|user|||||Sets the application name to be reported in statistics and logs.
archive_cleanup_command|string||35|sighup|||||Sets the shell command that will be executed at every restart point.
archive_command|string||36|sighup|||||Sets the shell command that will be called to archive a WAL file.|This is used only if "archive_library" is not set.
archive_library|string||36|sighup|||||Sets the library that will be called to archive a WAL file.|An empty string indicates that "archive_command" should be used.
archive_mode|enum||36|postmaster|||always,on,off|off|Allows archiving of WAL files using archive_command.
archive_timeout|integer|s|36|sighup|0|1073741823||0|Sets the amount of time to wait before forcing a switch to the next WAL file.
array_nulls|bool||34|user||||on|Enable input of NULL elements in arrays.|When turned on, unquoted NULL in an array input value means a null value; otherwise it is taken literally.
authentication_timeout|integer|s|5|sighup|1|600||60|Sets the maximum allowed time to complete client authentication.
autovacuum|bool||0|sighup||||on|Starts the autovacuum subprocess.
autovacuum_analyze_scale_factor|real||0|sighup|0|100||0.1|Number of tuple inserts, updates, or deletes prior to analyze as a fraction of reltuples.
autovacuum_analyze_threshold|integer||0|sighup|0|2147483647||50|Minimum number of tuple inserts, updates, or deletes prior to analyze.
autovacuum_freeze_max_age|integer||0|postmaster|100000|2000000000||200000000|Age at which to autovacuum a table to prevent transaction ID wraparound.
autovacuum_max_workers|integer||0|postmaster|1|262143||3|Sets the maximum number of simultaneously running autovacuum worker processes.
autovacuum_multixact_freeze_max_age|integer||0|postmaster|10000|2000000000||400000000|Multixact age at which to autovacuum a table to prevent multixact wraparound.
autovacuum_naptime|integer|s|0|sighup|1|2147483||60|Time to sleep between autovacuum runs.
autovacuum_vacuum_cost_delay|real|ms|0|sighup|-1|100||2|Vacuum cost delay in milliseconds, for autovacuum.
autovacuum_vacuum_cost_limit|integer||0|sighup|-1|10000||-1|Vacuum cost amount available before napping, for autovacuum.
autovacuum_vacuum_insert_scale_factor|real||0|sighup|0|100||0.2|Number of tuple inserts prior to vacuum as a fraction of reltuples.
autovacuum_vacuum_insert_threshold|integer||0|sighup|-1|2147483647||1000|Minimum number of tuple inserts prior to vacuum, or -1 to disable insert vacuums.
autovacuum_vacuum_scale_factor|real||0|sighup|0|100||0.2|Number of tuple updates or deletes prior to vacuum as a fraction of reltuples.
autovacuum_vacuum_threshold|integer||0|sighup|0|2147483647||50|Minimum number of tuple updates or deletes prior to vacuum.
autovacuum_work_mem|integer|kB|30|sighup|-1|2147483647||-1|Sets the maximum memory to be used by each autovacuum worker process.
backend_flush_after|integer|8kB|25|user|0|256||0|Number of pages after which previously performed writes are flushed to disk.
backslash_quote|enum||34|user|||safe_encoding,on,off|safe_encoding|Sets whether "\\'" is allowed in string literals.
backtrace_functions|string||8|superuser|||||Log backtrace for errors in these functions.
bgwriter_delay|integer|ms|26|sighup|10|10000||200|Background writer sleep time between rounds.
bgwriter_flush_after|integer|8kB|26|sighup|0|256||64|Number of pages after which previously performed writes are flushed to disk.
bgwriter_lru_maxpages|integer||26|sighup|0|1073741823||100|Background writer maximum number of LRU pages to flush per round.
bgwriter_lru_multiplier|real||26|sighup|0|10||2|Multiple of the average buffer usage to free per round.
block_size|integer||12|internal|8192|8192||8192|Shows the size of a disk block.
bonjour|bool||6|postmaster||||off|Enables advertising the server via Bonjour.
bonjour_name|string||6|postmaster|||||Sets the Bonjour service name.
bytea_output|enum||4|user|||escape,hex|hex|Sets the output format for bytea.
check_function_bodies|bool||4|user||||on|Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE.
checkpoint_completion_target|real||37|sighup|0|1||0.9|Time spent flushing dirty buffers during checkpoint, as fraction of checkpoint interval.
checkpoint_flush_after|integer|8kB|37|sighup|0|256||32|Number of pages after which previously performed writes are flushed to disk.
checkpoint_timeout|integer|s|37|sighup|30|86400||300|Sets the maximum time between automatic WAL checkpoints.
checkpoint_warning|integer|s|37|sighup|0|2147483647||30|Sets the maximum time before warning if checkpoints triggered by WAL volume happen too frequently.|Write a message to the server log if checkpoints caused by the filling of WAL segment files happen more frequently than this amount of time. Zero turns off the warning.
client_connection_check_interval|integer|ms|6|user|0|2147483647||0|Sets the time interval between checks for disconnection while running queries.
client_encoding|string||1|user||||SQL_ASCII|Sets the client's character set encoding.
client_min_messages|enum||4|user|||debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|notice|Sets the message levels that are sent to the client.|Each level includes all the levels that follow it. The later the level, the fewer messages are sent.
cluster_name|string||21|postmaster|||||Sets the name of the cluster, which is included in the process title.
commit_delay|integer||40|superuser|0|100000||0|Sets the delay in microseconds between transaction commit and flushing WAL to disk.
commit_siblings|integer||40|user|0|1000||5|Sets the minimum number of concurrent open transactions required before performing commit_delay.
composite_type_mismatch|enum||8|superuser|||error,warn,disabled|error|Sets how version mismatches of composite values are handled.|Reading a composite value whose row type was altered incompatibly after the value was created normally causes PostgreSQL to report an error. This parameter controls that behavior. Anything other than "error", i.e. "warn" or "disabled", is not safe.
compute_query_id|enum||32|superuser|||auto,regress,on,off|auto|Enables in-core computation of query identifiers.
config_file|string||10|postmaster||||\\N|Sets the server's main configuration file.
constraint_exclusion|enum||14|user|||partition,on,off|partition|Enables the planner to use constraints to optimize queries.|Table scans will be skipped if their constraints guarantee that no rows match the query.
cpu_index_tuple_cost|real||15|user|0|1.79769e+308||0.005|Sets the planner's estimate of the cost of processing each index entry during an index scan.
cpu_operator_cost|real||15|user|0|1.79769e+308||0.0025|Sets the planner's estimate of the cost of processing each operator or function call.
cpu_tuple_cost|real||15|user|0|1.79769e+308||0.01|Sets the planner's estimate of the cost of processing each tuple (row).
cursor_tuple_fraction|real||14|user|0|1||0.1|Sets the planner's estimate of the fraction of a cursor's rows that will be retrieved.
data_checksums|bool||12|internal||||off|Shows whether data checksums are turned on for this cluster.
data_directory|string||10|postmaster||||\\N|Sets the server's data directory.
data_directory_mode|integer||12|internal|0|511||448|Shows the mode of the data directory.|The parameter value is a numeric mode specification in the form accepted by the chmod and umask system calls. (To use the customary octal format the number must start with a 0 (zero).)
data_sync_retry|bool||9|postmaster||||off|Whether to continue running after a failure to sync data files.
DateStyle|string||1|user||||ISO, MDY|Sets the display format for date and time values.|Also controls interpretation of ambiguous date inputs.
db_user_namespace|bool||5|sighup||||off|Enables per-database user names.
deadlock_timeout|integer|ms|11|superuser|1|2147483647||1000|Sets the time to wait on a lock before checking for deadlock.
debug_assertions|bool||12|internal||||off|Shows whether the running server has assertion checks enabled.
debug_discard_caches|integer||8|superuser|0|0||0|Aggressively flush system caches for debugging purposes.
debug_pretty_print|bool||22|user||||on|Indents parse and plan tree displays.
debug_print_parse|bool||22|user||||off|Logs each query's parse tree.
debug_print_plan|bool||22|user||||off|Logs each query's execution plan.
debug_print_rewritten|bool||22|user||||off|Logs each query's rewritten parse tree.
default_statistics_target|integer||14|user|1|10000||100|Sets the default statistics target.|This applies to table columns that have not had a column-specific target set via ALTER TABLE SET STATISTICS.
default_table_access_method|string||4|user||||heap|Sets the default table access method for new tables.
default_tablespace|string||4|user|||||Sets the default tablespace to create tables and indexes in.|An empty string selects the database's default tablespace.
default_text_search_config|string||1|user||||pg_catalog.simple|Sets default text search configuration.
default_toast_compression|enum||4|user|||pglz,lz4|pglz|Sets the default compression method for compressible values.
default_transaction_deferrable|bool||4|user||||off|Sets the default deferrable status of new transactions.
default_transaction_isolation|enum||4|user|||serializable,repeatable read,read committed,read uncommitted|read committed|Sets the transaction isolation level of each new transaction.
default_transaction_read_only|bool||4|user||||off|Sets the default read-only status of new transactions.
dynamic_library_path|string||2|superuser||||$libdir|Sets the path for dynamically loadable modules.|If a dynamically loadable module needs to be opened and the specified name does not have a directory component (i.e., the name does not contain a slash), the system will search this path for the specified file.
dynamic_shared_memory_type|enum||30|postmaster|||posix,sysv,mmap|posix|Selects the dynamic shared memory implementation used.
effective_cache_size|integer|8kB|15|user|1|2147483647||524288|Sets the planner's assumption about the total size of the data caches.|That is, the total size of the caches (kernel cache and shared buffers) used for PostgreSQL data files. This is measured in disk pages, which are normally 8 kB each.
effective_io_concurrency|integer||25|user|0|1000||1|Number of simultaneous requests that can be handled efficiently by the disk subsystem.
enable_async_append|bool||16|user||||on|Enables the planner's use of async append plans.
enable_bitmapscan|bool||16|user||||on|Enables the planner's use of bitmap-scan plans.
enable_gathermerge|bool||16|user||||on|Enables the planner's use of gather merge plans.
enable_hashagg|bool||16|user||||on|Enables the planner's use of hashed aggregation plans.
enable_hashjoin|bool||16|user||||on|Enables the planner's use of hash join plans.
enable_incremental_sort|bool||16|user||||on|Enables the planner's use of incremental sort steps.
enable_indexonlyscan|bool||16|user||||on|Enables the planner's use of index-only-scan plans.
enable_indexscan|bool||16|user||||on|Enables the planner's use of index-scan plans.
enable_material|bool||16|user||||on|Enables the planner's use of materialization.
enable_memoize|bool||16|user||||on|Enables the planner's use of memoization.
enable_mergejoin|bool||16|user||||on|Enables the planner's use of merge join plans.
enable_nestloop|bool||16|user||||on|Enables the planner's use of nested-loop join plans.
enable_parallel_append|bool||16|user||||on|Enables the planner's use of parallel append plans.
enable_parallel_hash|bool||16|user||||on|Enables the planner's use of parallel hash plans.
enable_partition_pruning|bool||16|user||||on|Enables plan-time and execution-time partition pruning.|Allows the query planner and executor to compare partition bounds to conditions in the query to determine which partitions must be scanned.
enable_partitionwise_aggregate|bool||16|user||||off|Enables partitionwise aggregation and grouping.
enable_partitionwise_join|bool||16|user||||off|Enables partitionwise join.
enable_seqscan|bool||16|user||||on|Enables the planner's use of sequential-scan plans.
enable_sort|bool||16|user||||on|Enables the planner's use of explicit sort steps.
enable_tidscan|bool||16|user||||on|Enables the planner's use of TID scan plans.
escape_string_warning|bool||34|user||||on|Warn about backslash escapes in ordinary string literals.
event_source|string||24|postmaster||||PostgreSQL|Sets the application name used to identify PostgreSQL messages in the event log.
exit_on_error|bool||9|user||||off|Terminate session on any error.
extension_destdir|string||10|superuser|||||Path to prepend for extension loading.|This directory is prepended to paths when loading extensions (control and SQL files), and to the '$libdir' directive when loading modules that back functions. The location is made configurable to allow build-time testing of extensions that do not have been installed to their proper location yet.
external_pid_file|string||10|postmaster||||\\N|Writes the postmaster PID to the specified file.
extra_float_digits|integer||1|user|-15|3||1|Sets the number of digits displayed for floating-point values.|This affects real, double precision, and geometric data types. A zero or negative parameter value is added to the standard number of digits (FLT_DIG or DBL_DIG as appropriate). Any value greater than zero selects precise output mode.
force_parallel_mode|enum||8|user|||off,on,regress|off|Forces use of parallel query facilities.|If possible, run query using a parallel worker and with parallel restrictions.
from_collapse_limit|integer||14|user|1|2147483647||8|Sets the FROM-list size beyond which subqueries are not collapsed.|The planner will merge subqueries into upper queries if the resulting FROM list would have no more than this many items.
fsync|bool||40|sighup||||on|Forces synchronization of updates to disk.|The server will use the fsync() system call in several places to make sure that updates are physically written to disk. This ensures that a database cluster will recover to a consistent state after an operating system or hardware crash.
full_page_writes|bool||40|sighup||||on|Writes full pages to WAL when first modified after a checkpoint.|A page write in process during an operating system crash might be only partially written to disk.  During recovery, the row changes stored in WAL are not enough to recover.  This option writes pages when first modified after a checkpoint to WAL so full recovery is possible.
geqo|bool||13|user||||on|Enables genetic query optimization.|This algorithm attempts to do planning without exhaustive searching.
geqo_effort|integer||13|user|1|10||5|GEQO: effort is used to set the default for other GEQO parameters.
geqo_generations|integer||13|user|0|2147483647||0|GEQO: number of iterations of the algorithm.|Zero selects a suitable default value.
geqo_pool_size|integer||13|user|0|2147483647||0|GEQO: number of individuals in the population.|Zero selects a suitable default value.
geqo_seed|real||13|user|0|1||0|GEQO: seed for random path selection.
geqo_selection_bias|real||13|user|1.5|2||2|GEQO: selective pressure within the population.
geqo_threshold|integer||13|user|2|2147483647||12|Sets the threshold of FROM items beyond which GEQO is used.
gin_fuzzy_search_limit|integer||2|user|0|2147483647||0|Sets the maximum allowed result for exact search by GIN.
gin_pending_list_limit|integer|kB|4|user|64|2147483647||4096|Sets the maximum size of the pending list for GIN index.
hash_mem_multiplier|real||30|user|1|1000||2|Multiple of work_mem to use for hash tables.
hba_file|string||10|postmaster||||\\N|Sets the server's "hba" configuration file.
hot_standby|bool||19|postmaster||||on|Allows connections and queries during recovery.
hot_standby_feedback|bool||19|sighup||||off|Allows feedback from a hot standby to the primary that will avoid query conflicts.
huge_page_size|integer|kB|30|postmaster|0|2147483647||0|The size of huge page that should be requested.
huge_pages|enum||30|postmaster|||off,on,try|try|Use of huge pages on Linux or Windows.
ident_file|string||10|postmaster||||\\N|Sets the server's "ident" configuration file.
idle_in_transaction_session_timeout|integer|ms|4|user|0|2147483647||0|Sets the maximum allowed idle time between queries, when in a transaction.|A value of 0 turns off the timeout.
idle_session_timeout|integer|ms|4|user|0|2147483647||0|Sets the maximum allowed idle time between queries, when not in a transaction.|A value of 0 turns off the timeout.
ignore_checksum_failure|bool||8|superuser||||off|Continues processing after a checksum failure.|Detection of a checksum failure normally causes PostgreSQL to report an error, aborting the current transaction. Setting ignore_checksum_failure to true causes the system to ignore the failure (but still report a warning), and continue processing. This behavior could cause crashes or other serious problems. Only has an effect if checksums are enabled.
ignore_invalid_pages|bool||8|postmaster||||off|Continues recovery after an invalid pages failure.|Detection of WAL records having references to invalid pages during recovery causes PostgreSQL to raise a PANIC-level error, aborting the recovery. Setting ignore_invalid_pages to true causes the system to ignore invalid page references in WAL records (but still report a warning), and continue recovery. This behavior may cause crashes, data loss, propagate or hide corruption, or other serious problems. Only has an effect during recovery or in standby mode.
ignore_system_indexes|bool||8|backend||||off|Disables reading from system indexes.|It does not prevent updating the indexes, so it is safe to use.  The worst consequence is slowness.
in_hot_standby|bool||12|internal||||off|Shows whether hot standby is currently active.
integer_datetimes|bool||12|internal||||on|Shows whether datetimes are integer based.
IntervalStyle|enum||1|user|||postgres,postgres_verbose,sql_standard,iso_8601|postgres|Sets the display format for interval values.
jit|bool||14|user||||on|Allow JIT compilation.
jit_above_cost|real||15|user|-1|1.79769e+308||100000|Perform JIT compilation if query is more expensive.|-1 disables JIT compilation.
jit_debugging_support|bool||8|superuser-backend||||off|Register JIT-compiled functions with debugger.
jit_dump_bitcode|bool||8|superuser||||off|Write out LLVM bitcode to facilitate JIT debugging.
jit_expressions|bool||8|user||||on|Allow JIT compilation of expressions.
jit_inline_above_cost|real||15|user|-1|1.79769e+308||500000|Perform JIT inlining if query is more expensive.|-1 disables inlining.
jit_optimize_above_cost|real||15|user|-1|1.79769e+308||500000|Optimize JIT-compiled functions if query is more expensive.|-1 disables optimization.
jit_profiling_support|bool||8|superuser-backend||||off|Register JIT-compiled functions with perf profiler.
jit_provider|string||3|postmaster||||llvmjit|JIT provider to use.
jit_tuple_deforming|bool||8|user||||on|Allow JIT compilation of tuple deforming.
join_collapse_limit|integer||14|user|1|2147483647||8|Sets the FROM-list size beyond which JOIN constructs are not flattened.|The planner will flatten explicit JOIN constructs into lists of FROM items whenever a list of no more than this many items would result.
krb_caseins_users|bool||5|sighup||||off|Sets whether Kerberos and GSSAPI user names should be treated as case-insensitive.
krb_server_keyfile|string||5|sighup||||FILE:/etc/postgresql-common/krb5.keytab|Sets the location of the Kerberos server key file.
lc_collate|string||12|internal||||C|Shows the collation order locale.
lc_ctype|string||12|internal||||C|Shows the character classification and case conversion locale.
lc_messages|string||1|superuser|||||Sets the language in which messages are displayed.
lc_monetary|string||1|user||||C|Sets the locale for formatting monetary amounts.
lc_numeric|string||1|user||||C|Sets the locale for formatting numbers.
lc_time|string||1|user||||C|Sets the locale for formatting date and time values.
listen_addresses|string||6|postmaster||||localhost|Sets the host name or IP address(es) to listen to.
lo_compat_privileges|bool||34|superuser||||off|Enables backward compatibility mode for privilege checks on large objects.|Skips privilege checks when reading or modifying large objects, for compatibility with PostgreSQL releases prior to 9.0.
local_preload_libraries|string||3|user|||||Lists unprivileged shared libraries to preload into each backend.
lock_timeout|integer|ms|4|user|0|2147483647||0|Sets the maximum allowed duration of any wait for a lock.|A value of 0 turns off the timeout.
log_autovacuum_min_duration|integer|ms|22|sighup|-1|2147483647||600000|Sets the minimum execution time above which autovacuum actions will be logged.|Zero prints all actions. -1 turns autovacuum logging off.
log_checkpoints|bool||22|sighup||||on|Logs each checkpoint.
log_connections|bool||22|superuser-backend||||off|Logs each successful connection.
log_destination|string||24|sighup||||stderr|Sets the destination for server log output.|Valid values are combinations of "stderr", "syslog", "csvlog", "jsonlog", and "eventlog", depending on the platform.
log_directory|string||24|sighup||||log|Sets the destination directory for log files.|Can be specified as relative to the data directory or as absolute path.
log_disconnections|bool||22|superuser-backend||||off|Logs end of a session, including duration.
log_duration|bool||22|superuser||||off|Logs the duration of each completed SQL statement.
log_error_verbosity|enum||22|superuser|||terse,default,verbose|default|Sets the verbosity of logged messages.
log_executor_stats|bool||32|superuser||||off|Writes executor performance statistics to the server log.
log_file_mode|integer||24|sighup|0|511||384|Sets the file permissions for log files.|The parameter value is expected to be a numeric mode specification in the form accepted by the chmod and umask system calls. (To use the customary octal format the number must start with a 0 (zero).)
log_filename|string||24|sighup||||postgresql-%Y-%m-%d_%H%M%S.log|Sets the file name pattern for log files.
log_hostname|bool||22|sighup||||off|Logs the host name in the connection logs.|By default, connection logs only show the IP address of the connecting host. If you want them to show the host name you can turn this on, but depending on your host name resolution setup it might impose a non-negligible performance penalty.
log_line_prefix|string||22|sighup||||%m [%p] |Controls information prefixed to each log line.|If blank, no prefix is used.
log_lock_waits|bool||22|superuser||||off|Logs long lock waits.
log_min_duration_sample|integer|ms|23|superuser|-1|2147483647||-1|Sets the minimum execution time above which a sample of statements will be logged. Sampling is determined by log_statement_sample_rate.|Zero logs a sample of all queries. -1 turns this feature off.
log_min_duration_statement|integer|ms|23|superuser|-1|2147483647||-1|Sets the minimum execution time above which all statements will be logged.|Zero prints all queries. -1 turns this feature off.
log_min_error_statement|enum||23|superuser|||debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|error|Causes all statements generating error at or above this level to be logged.|Each level includes all the levels that follow it. The later the level, the fewer messages are sent.
log_min_messages|enum||23|superuser|||debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|warning|Sets the message levels that are logged.|Each level includes all the levels that follow it. The later the level, the fewer messages are sent.
log_parameter_max_length|integer|B|22|superuser|-1|1073741823||-1|Sets the maximum length in bytes of data logged for bind parameter values when logging statements.|-1 to print values in full.
log_parameter_max_length_on_error|integer|B|22|user|-1|1073741823||0|Sets the maximum length in bytes of data logged for bind parameter values when logging statements, on error.|-1 to print values in full.
log_parser_stats|bool||32|superuser||||off|Writes parser performance statistics to the server log.
log_planner_stats|bool||32|superuser||||off|Writes planner performance statistics to the server log.
log_recovery_conflict_waits|bool||22|sighup||||off|Logs standby recovery conflict waits.
log_replication_commands|bool||22|superuser||||off|Logs each replication command.
log_rotation_age|integer|min|24|sighup|0|35791394||1440|Sets the amount of time to wait before forcing log file rotation.
log_rotation_size|integer|kB|24|sighup|0|2097151||10240|Sets the maximum size a log file can reach before being rotated.
log_startup_progress_interval|integer|ms|23|sighup|0|2147483647||10000|Time between progress updates for long-running startup operations.|0 turns this feature off.
log_statement|enum||22|superuser|||none,ddl,mod,all|none|Sets the type of statements logged.
log_statement_sample_rate|real||23|superuser|0|1||1|Fraction of statements exceeding log_min_duration_sample to be logged.|Use a value between 0.0 (never log) and 1.0 (always log).
log_statement_stats|bool||32|superuser||||off|Writes cumulative performance statistics to the server log.
log_temp_files|integer|kB|22|superuser|-1|2147483647||-1|Log the use of temporary files larger than this number of kilobytes.|Zero logs all files. The default is -1 (turning this feature off).
log_timezone|string||22|sighup||||GMT|Sets the time zone to use in log messages.
log_transaction_sample_rate|real||23|superuser|0|1||0|Sets the fraction of transactions from which to log all statements.|Use a value between 0.0 (never log) and 1.0 (log all statements for all transactions).
log_truncate_on_rotation|bool||24|sighup||||off|Truncate existing log files of same name during log rotation.
logging_collector|bool||24|postmaster||||off|Start a subprocess to capture stderr, csvlog and/or jsonlog into log files.
logical_decoding_work_mem|integer|kB|30|user|64|2147483647||65536|Sets the maximum memory to be used for logical decoding.|This much memory can be used by each internal reorder buffer before spilling to disk.
maintenance_io_concurrency|integer||25|user|0|1000||10|A variant of effective_io_concurrency that is used for maintenance work.
maintenance_work_mem|integer|kB|30|user|1024|2147483647||65536|Sets the maximum memory to be used for maintenance operations.|This includes operations such as VACUUM and CREATE INDEX.
max_connections|integer||6|postmaster|1|262143||100|Sets the maximum number of concurrent connections.
max_files_per_process|integer||29|postmaster|64|2147483647||1000|Sets the maximum number of simultaneously open files for each server process.
max_function_args|integer||12|internal|100|100||100|Shows the maximum number of function arguments.
max_identifier_length|integer||12|internal|63|63||63|Shows the maximum identifier length.
max_index_keys|integer||12|internal|32|32||32|Shows the maximum number of index keys.
max_locks_per_transaction|integer||11|postmaster|10|2147483647||64|Sets the maximum number of locks per transaction.|The shared lock table is sized on the assumption that at most max_locks_per_transaction * max_connections distinct objects will need to be locked at any one time.
max_logical_replication_workers|integer||20|postmaster|0|262143||4|Maximum number of logical replication worker processes.
max_parallel_maintenance_workers|integer||25|user|0|1024||2|Sets the maximum number of parallel processes per maintenance operation.
max_parallel_workers|integer||25|user|0|1024||8|Sets the maximum number of parallel workers that can be active at one time.
max_parallel_workers_per_gather|integer||25|user|0|1024||2|Sets the maximum number of parallel processes per executor node.
max_pred_locks_per_page|integer||11|sighup|0|2147483647||2|Sets the maximum number of predicate-locked tuples per page.|If more than this number of tuples on the same page are locked by a connection, those locks are replaced by a page-level lock.
max_pred_locks_per_relation|integer||11|sighup|-2147483648|2147483647||-2|Sets the maximum number of predicate-locked pages and tuples per relation.|If more than this total of pages and tuples in the same relation are locked by a connection, those locks are replaced by a relation-level lock.
max_pred_locks_per_transaction|integer||11|postmaster|10|2147483647||64|Sets the maximum number of predicate locks per transaction.|The shared predicate lock table is sized on the assumption that at most max_pred_locks_per_transaction * max_connections distinct objects will need to be locked at any one time.
max_prepared_transactions|integer||30|postmaster|0|262143||0|Sets the maximum number of simultaneously prepared transactions.
max_replication_slots|integer||18|postmaster|0|262143||10|Sets the maximum number of simultaneously defined replication slots.
max_slot_wal_keep_size|integer|MB|18|sighup|-1|2147483647||-1|Sets the maximum WAL size that can be reserved by replication slots.|Replication slots will be marked as failed, and segments released for deletion or recycling, if this much space is occupied by WAL on disk.
max_stack_depth|integer|kB|30|superuser|100|2147483647||100|Sets the maximum stack depth, in kilobytes.
max_standby_archive_delay|integer|ms|19|sighup|-1|2147483647||30000|Sets the maximum delay before canceling queries when a hot standby server is processing archived WAL data.
max_standby_streaming_delay|integer|ms|19|sighup|-1|2147483647||30000|Sets the maximum delay before canceling queries when a hot standby server is processing streamed WAL data.
max_sync_workers_per_subscription|integer||20|sighup|0|262143||2|Maximum number of table synchronization workers per subscription.
max_wal_senders|integer||18|postmaster|0|262143||10|Sets the maximum number of simultaneously running WAL sender processes.
max_wal_size|integer|MB|37|sighup|2|2147483647||1024|Sets the WAL size that triggers a checkpoint.
max_worker_processes|integer||25|postmaster|0|262143||8|Maximum number of concurrent worker processes.
min_dynamic_shared_memory|integer|MB|30|postmaster|0|2147483647||0|Amount of dynamic shared memory reserved at startup.
min_parallel_index_scan_size|integer|8kB|15|user|0|715827882||64|Sets the minimum amount of index data for a parallel scan.|If the planner estimates that it will read a number of index pages too small to reach this limit, a parallel scan will not be considered.
min_parallel_table_scan_size|integer|8kB|15|user|0|715827882||1024|Sets the minimum amount of table data for a parallel scan.|If the planner estimates that it will read a number of table pages too small to reach this limit, a parallel scan will not be considered.
min_wal_size|integer|MB|37|sighup|2|2147483647||80|Sets the minimum size to shrink the WAL to.
old_snapshot_threshold|integer|min|25|postmaster|-1|86400||-1|Time before a snapshot is too old to read pages changed after the snapshot was taken.|A value of -1 disables this feature.
output_plugin_libraries|string||18|superuser||||pgoutput, test_decoding|Lists libraries that may be named as logical decoding output plugins.|Users with REPLICATION privileges may only use plugins in this list when creating logical replication slots.
parallel_leader_participation|bool||25|user||||on|Controls whether Gather and Gather Merge also run subplans.|Should gather nodes also run subplans or just gather tuples?
parallel_setup_cost|real||15|user|0|1.79769e+308||1000|Sets the planner's estimate of the cost of starting up worker processes for parallel query.
parallel_tuple_cost|real||15|user|0|1.79769e+308||0.1|Sets the planner's estimate of the cost of passing each tuple (row) from worker to leader backend.
password_encryption|enum||5|user|||md5,scram-sha-256|scram-sha-256|Chooses the algorithm for encrypting passwords.
plan_cache_mode|enum||14|user|||auto,force_generic_plan,force_custom_plan|auto|Controls the planner's selection of custom or generic plan.|Prepared statements can have custom and generic plans, and the planner will attempt to choose which is better.  This can be set to override the default behavior.
port|integer||6|postmaster|1|65535||5432|Sets the TCP port the server listens on.
post_auth_delay|integer|s|8|backend|0|2147||0|Sets the amount of time to wait after authentication on connection startup.|This allows attaching a debugger to the process.
pre_auth_delay|integer|s|8|sighup|0|60||0|Sets the amount of time to wait before authentication on connection startup.|This allows attaching a debugger to the process.
primary_conninfo|string||19|sighup|||||Sets the connection string to be used to connect to the sending server.
primary_slot_name|string||19|sighup|||||Sets the name of the replication slot to use on the sending server.
promote_trigger_file|string||19|sighup|||||Specifies a file name whose presence ends recovery in the standby.
quote_all_identifiers|bool||34|user||||off|When generating SQL fragments, quote all identifiers.
random_page_cost|real||15|user|0|1.79769e+308||4|Sets the planner's estimate of the cost of a nonsequentially fetched disk page.
recovery_end_command|string||35|sighup|||||Sets the shell command that will be executed once at the end of recovery.
recovery_init_sync_method|enum||9|sighup|||fsync,syncfs|fsync|Sets the method for synchronizing the data directory before crash recovery.
recovery_min_apply_delay|integer|ms|19|sighup|0|2147483647||0|Sets the minimum delay for applying changes during recovery.
recovery_prefetch|enum||38|sighup|||off,on,try|try|Prefetch referenced blocks during recovery.|Look ahead in the WAL to find references to uncached data.
recovery_target|string||39|postmaster|||||Set to "immediate" to end recovery as soon as a consistent state is reached.
recovery_target_action|enum||39|postmaster|||pause,promote,shutdown|pause|Sets the action to perform upon reaching the recovery target.
recovery_target_inclusive|bool||39|postmaster||||on|Sets whether to include or exclude transaction with recovery target.
recovery_target_lsn|string||39|postmaster|||||Sets the LSN of the write-ahead log location up to which recovery will proceed.
recovery_target_name|string||39|postmaster|||||Sets the named restore point up to which recovery will proceed.
recovery_target_time|string||39|postmaster|||||Sets the time stamp up to which recovery will proceed.
recovery_target_timeline|string||39|postmaster||||latest|Specifies the timeline to recover into.
recovery_target_xid|string||39|postmaster|||||Sets the transaction ID up to which recovery will proceed.
recursive_worktable_factor|real||14|user|0.001|1e+06||10|Sets the planner's estimate of the average size of a recursive query's working table.
remove_temp_files_after_crash|bool||8|sighup||||on|Remove temporary files after backend crash.
restart_after_crash|bool||9|sighup||||on|Reinitialize server after backend crash.
restore_command|string||35|sighup|||||Sets the shell command that will be called to retrieve an archived WAL file.
restrict_nonsystem_relation_kind|string||4|user|||||Prohibits access to non-system relations of specified kinds.
row_security|bool||4|user||||on|Enable row security.|When enabled, row security will be applied to all users.
search_path|string||4|user||||"$user", public|Sets the schema search order for names that are not schema-qualified.
segment_size|integer|8kB|12|internal|131072|131072||131072|Shows the number of pages per disk file.
seq_page_cost|real||15|user|0|1.79769e+308||1|Sets the planner's estimate of the cost of a sequentially fetched disk page.
server_encoding|string||12|internal||||SQL_ASCII|Shows the server (database) character set encoding.
server_version|string||12|internal||||15.20 (Debian 15.20-0+deb12u1)|Shows the server version.
server_version_num|integer||12|internal|150020|150020||150020|Shows the server version as an integer.
session_preload_libraries|string||3|superuser|||||Lists shared libraries to preload into each backend.
session_replication_role|enum||4|superuser|||origin,replica,local|origin|Sets the session's behavior for triggers and rewrite rules.
shared_buffers|integer|8kB|30|postmaster|16|1073741823||16384|Sets the number of shared memory buffers used by the server.
shared_memory_size|integer|MB|12|internal|0|2147483647||0|Shows the size of the server's main shared memory area (rounded up to the nearest MB).
shared_memory_size_in_huge_pages|integer||12|internal|-1|2147483647||-1|Shows the number of huge pages needed for the main shared memory area.|-1 indicates that the value could not be determined.
shared_memory_type|enum||30|postmaster|||sysv,mmap|mmap|Selects the shared memory implementation used for the main shared memory region.
shared_preload_libraries|string||3|postmaster|||||Lists shared libraries to preload into server.
ssl|bool||7|sighup||||off|Enables SSL connections.
ssl_ca_file|string||7|sighup|||||Location of the SSL certificate authority file.
ssl_cert_file|string||7|sighup||||server.crt|Location of the SSL server certificate file.
ssl_ciphers|string||7|sighup||||HIGH:MEDIUM:+3DES:!aNULL|Sets the list of allowed SSL ciphers.
ssl_crl_dir|string||7|sighup|||||Location of the SSL certificate revocation list directory.
ssl_crl_file|string||7|sighup|||||Location of the SSL certificate revocation list file.
ssl_dh_params_file|string||7|sighup|||||Location of the SSL DH parameters file.
ssl_ecdh_curve|string||7|sighup||||prime256v1|Sets the curve to use for ECDH.
ssl_key_file|string||7|sighup||||server.key|Location of the SSL server private key file.
ssl_library|string||12|internal||||OpenSSL|Shows the name of the SSL library.
ssl_max_protocol_version|enum||7|sighup|||,TLSv1,TLSv1.1,TLSv1.2,TLSv1.3||Sets the maximum SSL/TLS protocol version to use.
ssl_min_protocol_version|enum||7|sighup|||TLSv1,TLSv1.1,TLSv1.2,TLSv1.3|TLSv1.2|Sets the minimum SSL/TLS protocol version to use.
ssl_passphrase_command|string||7|sighup|||||Command to obtain passphrases for SSL.
ssl_passphrase_command_supports_reload|bool||7|sighup||||off|Controls whether ssl_passphrase_command is called during server reload.
ssl_prefer_server_ciphers|bool||7|sighup||||on|Give priority to server ciphersuite order.
standard_conforming_strings|bool||34|user||||on|Causes '...' strings to treat backslashes literally.
statement_timeout|integer|ms|4|user|0|2147483647||0|Sets the maximum allowed duration of any statement.|A value of 0 turns off the timeout.
stats_fetch_consistency|enum||31|user|||none,cache,snapshot|cache|Sets the consistency of accesses to statistics data.
superuser_reserved_connections|integer||6|postmaster|0|262143||3|Sets the number of connection slots reserved for superusers.
synchronize_seqscans|bool||34|user||||on|Enable synchronized sequential scans.
synchronous_commit|enum||40|user|||local,remote_write,remote_apply,on,off|on|Sets the current transaction's synchronization level.
synchronous_standby_names|string||17|sighup|||||Number of synchronous standbys and list of names of potential synchronous ones.
syslog_facility|enum||24|sighup|||local0,local1,local2,local3,local4,local5,local6,local7|local0|Sets the syslog "facility" to be used when syslog enabled.
syslog_ident|string||24|sighup||||postgres|Sets the program name used to identify PostgreSQL messages in syslog.
syslog_sequence_numbers|bool||24|sighup||||on|Add sequence number to syslog messages to avoid duplicate suppression.
syslog_split_messages|bool||24|sighup||||on|Split messages sent to syslog by lines and to fit into 1024 bytes.
tcp_keepalives_count|integer||6|user|0|2147483647||0|Maximum number of TCP keepalive retransmits.|Number of consecutive keepalive retransmits that can be lost before a connection is considered dead. A value of 0 uses the system default.
tcp_keepalives_idle|integer|s|6|user|0|2147483647||0|Time between issuing TCP keepalives.|A value of 0 uses the system default.
tcp_keepalives_interval|integer|s|6|user|0|2147483647||0|Time between TCP keepalive retransmits.|A value of 0 uses the system default.
tcp_user_timeout|integer|ms|6|user|0|2147483647||0|TCP user timeout.|A value of 0 uses the system default.
temp_buffers|integer|8kB|30|user|100|1073741823||1024|Sets the maximum number of temporary buffers used by each session.
temp_file_limit|integer|kB|28|superuser|-1|2147483647||-1|Limits the total size of all temporary files used by each process.|-1 means no limit.
temp_tablespaces|string||4|user|||||Sets the tablespace(s) to use for temporary tables and sort files.
TimeZone|string||1|user||||GMT|Sets the time zone for displaying and interpreting time stamps.
timezone_abbreviations|string||1|user||||\\N|Selects a file of time zone abbreviations.
trace_notify|bool||8|user||||off|Generates debugging output for LISTEN and NOTIFY.
trace_recovery_messages|enum||8|sighup|||debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|log|Enables logging of recovery-related debugging information.|Each level includes all the levels that follow it. The later the level, the fewer messages are sent.
trace_sort|bool||8|user||||off|Emit information about resource usage in sorting.
track_activities|bool||31|superuser||||on|Collects information about executing commands.|Enables the collection of information on the currently executing command of each session, along with the time at which that command began execution.
track_activity_query_size|integer|B|31|postmaster|100|1048576||1024|Sets the size reserved for pg_stat_activity.query, in bytes.
track_commit_timestamp|bool||18|postmaster||||off|Collects transaction commit time.
track_counts|bool||31|superuser||||on|Collects statistics on database activity.
track_functions|enum||31|superuser|||none,pl,all|none|Collects function-level statistics on database activity.
track_io_timing|bool||31|superuser||||off|Collects timing statistics for database I/O activity.
track_wal_io_timing|bool||31|superuser||||off|Collects timing statistics for WAL I/O activity.
transaction_deferrable|bool||4|user||||off|Whether to defer a read-only serializable transaction until it can be executed with no possible serialization failures.
transaction_isolation|enum||4|user|||serializable,repeatable read,read committed,read uncommitted|read committed|Sets the current transaction's isolation level.
transaction_read_only|bool||4|user||||off|Sets the current transaction's read-only status.
transform_null_equals|bool||33|user||||off|Treats "expr=NULL" as "expr IS NULL".|When turned on, expressions of the form expr = NULL (or NULL = expr) are treated as expr IS NULL, that is, they return true if expr evaluates to the null value, and false otherwise. The correct behavior of expr = NULL is to always return null (unknown).
unix_socket_directories|string||6|postmaster||||/var/run/postgresql|Sets the directories where Unix-domain sockets will be created.
unix_socket_group|string||6|postmaster|||||Sets the owning group of the Unix-domain socket.|The owning user of the socket is always the user that starts the server.
unix_socket_permissions|integer||6|postmaster|0|511||511|Sets the access permissions of the Unix-domain socket.|Unix-domain sockets use the usual Unix file system permission set. The parameter value is expected to be a numeric mode specification in the form accepted by the chmod and umask system calls. (To use the customary octal format the number must start with a 0 (zero).)
update_process_title|bool||21|superuser||||on|Updates the process title to show the active SQL command.|Enables updating of the process title every time a new SQL command is received by the server.
vacuum_cost_delay|real|ms|27|user|0|100||0|Vacuum cost delay in milliseconds.
vacuum_cost_limit|integer||27|user|1|10000||200|Vacuum cost amount available before napping.
vacuum_cost_page_dirty|integer||27|user|0|10000||20|Vacuum cost for a page dirtied by vacuum.
vacuum_cost_page_hit|integer||27|user|0|10000||1|Vacuum cost for a page found in the buffer cache.
vacuum_cost_page_miss|integer||27|user|0|10000||2|Vacuum cost for a page not found in the buffer cache.
vacuum_defer_cleanup_age|integer||17|sighup|0|1000000||0|Number of transactions by which VACUUM and HOT cleanup should be deferred, if any.
vacuum_failsafe_age|integer||4|user|0|2100000000||1600000000|Age at which VACUUM should trigger failsafe to avoid a wraparound outage.
vacuum_freeze_min_age|integer||4|user|0|1000000000||50000000|Minimum age at which VACUUM should freeze a table row.
vacuum_freeze_table_age|integer||4|user|0|2000000000||150000000|Age at which VACUUM should scan whole table to freeze tuples.
vacuum_multixact_failsafe_age|integer||4|user|0|2100000000||1600000000|Multixact age at which VACUUM should trigger failsafe to avoid a wraparound outage.
vacuum_multixact_freeze_min_age|integer||4|user|0|1000000000||5000000|Minimum age at which VACUUM should freeze a MultiXactId in a table row.
vacuum_multixact_freeze_table_age|integer||4|user|0|2000000000||150000000|Multixact age at which VACUUM should scan whole table to freeze tuples.
wal_block_size|integer||12|internal|8192|8192||8192|Shows the block size in the write ahead log.
wal_buffers|integer|8kB|40|postmaster|-1|262143||-1|Sets the number of disk-page buffers in shared memory for WAL.
wal_compression|enum||40|superuser|||pglz,lz4,zstd,on,off|off|Compresses full-page writes written in WAL file with specified method.
wal_consistency_checking|string||8|superuser|||||Sets the WAL resource managers for which WAL consistency checks are done.|Full-page images will be logged for all data blocks and cross-checked against the results of WAL replay.
wal_decode_buffer_size|integer|B|38|postmaster|65536|1073741823||524288|Buffer size for reading ahead in the WAL during recovery.|Maximum distance to read ahead in the WAL to prefetch referenced data blocks.
wal_init_zero|bool||40|superuser||||on|Writes zeroes to new WAL files before first use.
wal_keep_size|integer|MB|18|sighup|0|2147483647||0|Sets the size of WAL files held for standby servers.
wal_level|enum||40|postmaster|||minimal,replica,logical|replica|Sets the level of information written to the WAL.
wal_log_hints|bool||40|postmaster||||off|Writes full pages to WAL when first modified after a checkpoint, even for a non-critical modification.
wal_receiver_create_temp_slot|bool||19|sighup||||off|Sets whether a WAL receiver should create a temporary replication slot if no permanent slot is configured.
wal_receiver_status_interval|integer|s|19|sighup|0|2147483||10|Sets the maximum interval between WAL receiver status reports to the sending server.
wal_receiver_timeout|integer|ms|19|sighup|0|2147483647||60000|Sets the maximum wait time to receive data from the sending server.
wal_recycle|bool||40|superuser||||on|Recycles WAL files by renaming them.
wal_retrieve_retry_interval|integer|ms|19|sighup|1|2147483647||5000|Sets the time to wait before retrying to retrieve WAL after a failed attempt.
wal_segment_size|integer|B|12|internal|1048576|1073741824||16777216|Shows the size of write ahead log segments.
wal_sender_timeout|integer|ms|18|user|0|2147483647||60000|Sets the maximum time to wait for WAL replication.
wal_skip_threshold|integer|kB|40|user|0|2147483647||2048|Minimum size of new file to fsync instead of writing WAL.
wal_sync_method|enum||40|sighup|||fsync,fdatasync,open_sync,open_datasync|fdatasync|Selects the method used for forcing WAL updates to disk.
wal_writer_delay|integer|ms|40|sighup|1|10000||200|Time between WAL flushes performed in the WAL writer.
wal_writer_flush_after|integer|8kB|40|sighup|0|2147483647||128|Amount of WAL written out by WAL writer that triggers a flush.
work_mem|integer|kB|30|user|64|2147483647||4096|Sets the maximum memory to be used for query workspaces.|This much memory can be used by each internal sort operation and hash table before switching to temporary disk files.
xmlbinary|enum||4|user|||base64,hex|base64|Sets how binary values are to be encoded in XML.
xmloption|enum||4|user|||content,document|content|Sets whether XML data in implicit parsing and serialization operations is to be considered as documents or content fragments.
zero_damaged_pages|bool||8|superuser||||off|Continues processing past damaged page headers.|Detection of a damaged page header normally causes PostgreSQL to report an error, aborting the current transaction. Setting zero_damaged_pages to true causes the system to instead report a warning, zero out the damaged page, and continue processing. This behavior will destroy data, namely all the rows on the damaged page.
`;

const noValue = '\\N';

function optional(field: string | undefined): string | undefined {
  return field === undefined || field === '' ? undefined : field;
}

export const settingFacts: ReadonlyMap<string, PostgresSetting> = new Map(
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', type, unit, category, context = '', low, high, choices, boot = '', description = '', more] = line.split('|');
      const facts: SettingFacts = {
        type: type as SettingFacts['type'],
        unit: optional(unit),
        category: categories[Number(category)] ?? '',
        context,
        low: optional(low),
        high: optional(high),
        choices: choices === undefined || choices === '' ? [] : choices.split(','),
        ...(more === undefined ? {} : { more }),
        boot: boot === noValue ? null : boot,
      };
      return [name, { ...facts, description, initial: initialText(boot, facts) }] as const;
    }),
);

function initialText(boot: string, { type, unit }: SettingFacts): string {
  if (boot === noValue) return '';
  return type === 'integer' || type === 'real' ? showCounted(Number(boot), { type, unit }) : boot;
}
