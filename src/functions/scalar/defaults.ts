/** The default values of built-in functions' trailing arguments (pg_proc.proargdefaults). Used by the registry. */
import type { KernelValue } from '../function.js';

const defaults: ReadonlyMap<string, readonly KernelValue[]> = new Map<string, readonly KernelValue[]>([
  ['jsonb_insert', [false]],
  ['jsonb_set', [true]],
  ['jsonb_set_lax', [true, 'use_json_null']],
  ['jsonb_path_query', ['{}', false]],
  ['jsonb_path_query_tz', ['{}', false]],
  ['jsonb_path_exists', ['{}', false]],
  ['jsonb_path_exists_tz', ['{}', false]],
  ['jsonb_path_match', ['{}', false]],
  ['jsonb_path_match_tz', ['{}', false]],
  ['jsonb_path_query_array', ['{}', false]],
  ['jsonb_path_query_array_tz', ['{}', false]],
  ['jsonb_path_query_first', ['{}', false]],
  ['jsonb_path_query_first_tz', ['{}', false]],
  ['is_normalized', ['NFC']],
  ['normalize', ['NFC']],
  ['parse_ident', [true]],
  ['pg_terminate_backend', [0n]],
  ['json_populate_record', [false]],
  ['json_populate_recordset', [false]],
  ['pg_logical_slot_peek_changes', ['{}']],
  ['pg_logical_slot_peek_binary_changes', ['{}']],
  ['pg_logical_slot_get_changes', ['{}']],
  ['pg_logical_slot_get_binary_changes', ['{}']],
  ['pg_create_logical_replication_slot', [false, false]],
  ['pg_create_physical_replication_slot', [false, false]],
  ['make_interval', [0, 0, 0, 0, 0, 0, 0]],
  ['pg_backup_start', [false]],
  ['pg_backup_stop', [true]],
  ['pg_promote', [true, 60]],
]);

/** The defaults of the last `count` arguments, as kernel values. */
export function functionDefaults(name: string, count: number): readonly KernelValue[] {
  const values = defaults.get(name);
  if (values?.length !== count) throw new Error(`defaults of ${name}`);
  return values;
}
