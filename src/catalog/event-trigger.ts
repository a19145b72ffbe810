/** Event triggers (CREATE EVENT TRIGGER), as catalog objects. Fired by the session around data-definition statements. */

export const eventNames = ['ddl_command_start', 'ddl_command_end', 'sql_drop'] as const;
export type EventName = (typeof eventNames)[number];

export interface EventTrigger {
  readonly oid: number;
  readonly name: string;
  readonly event: EventName;
  readonly owner: string;
  readonly functionOid: number;
  /** pg_event_trigger.evtenabled. */
  readonly enabled: 'O' | 'D' | 'R' | 'A';
  /** Command tags; absent: all. */
  readonly tags?: readonly string[];
  readonly comment?: string;
}

/** Those that fire for a command, in their order. */
export function firingEventTriggers(triggers: readonly EventTrigger[] | undefined, event: EventName, tag: string): readonly EventTrigger[] {
  return (triggers ?? [])
    .filter((one) => one.event === event && (one.enabled === 'O' || one.enabled === 'A') && (one.tags?.includes(tag) ?? true))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
