/**
 * Rules of tables and views (CREATE RULE), as catalog objects: what is done instead of, or besides, a statement that writes the relation. Applied before such a statement is
 * bound (planner/bind/rewrite-rules).
 */
import type { Expression, Statement } from '../sql/ast.js';

export type RuleEvent = 'insert' | 'update' | 'delete';

export interface Rule {
  readonly oid: number;
  readonly name: string;
  readonly event: RuleEvent;
  /** The statement itself is left out, where the condition holds. */
  readonly instead: boolean;
  /** Over NEW and OLD. */
  readonly condition?: Expression;
  /** None: NOTHING. Relations with their schemas. */
  readonly actions: readonly Statement[];
  readonly disabled?: true;
  readonly comment?: string;
}

/** The rules for an event, in the order in which they apply. */
export function rulesFor(rules: readonly Rule[] | undefined, event: RuleEvent): readonly Rule[] {
  return (rules ?? []).filter((rule) => rule.event === event && rule.disabled !== true).sort((a, b) => (a.name < b.name ? -1 : 1));
}
