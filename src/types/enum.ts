/**
 * Enums. The physical value is an INTEGER, the label's place in the type's order, with gaps for ADD VALUE BEFORE: pg_enum.enumsortorder times 2^32, which stays
 * exact through 32 insertions between the same neighbours. So SQLite's order is the enum's, and renaming a label changes no row.
 * Inside arrays and composites at rest (canonicalContext) stands the number, for the same reason.
 */
import { PgError } from '../common/errors.js';
import { decodeText, encodeText } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import { canonicalContext } from './value.js';

/** Distance of neighbouring labels that nothing was put between. */
export const enumGap = 4_294_967_296;

export interface EnumMember {
  readonly label: string;
  readonly position: number;
  /** Added by a transaction that has not committed. */
  readonly fresh?: true;
}

/** `nameOf`: the type as format_type shows it, for messages. */
export function enumCodec(members: readonly EnumMember[], nameOf: () => string): TypeCodec {
  const byLabel = new Map(members.map((member) => [member.label, member.position]));
  const fresh = new Set(members.flatMap((member) => (member.fresh === true ? [member.label] : [])));
  const byPosition = new Map(members.map((member) => [member.position, member.label]));
  const positionOf = (label: string): number => {
    const position = byLabel.get(label);
    if (position === undefined) throw new PgError('22P02', `invalid input value for enum ${nameOf()}: "${label}"`);
    if (fresh.has(label))
      throw new PgError('55P04', `unsafe use of new value "${label}" of enum type ${nameOf()}`, {
        hint: 'New enum values must be committed before they can be used.',
      });
    return position;
  };
  const labelOf = (value: unknown): string => {
    const label = byPosition.get(Number(value));
    if (label === undefined) throw new PgError('22P03', `invalid internal value for enum: ${String(value)}`);
    return label;
  };
  return {
    physical: 'integer',
    wide: false,
    contextual: true,
    parse: (text, _typmod, context) => (context === canonicalContext && byPosition.has(Number(text)) ? Number(text) : positionOf(text)),
    format: (value, _typmod, context) => (context === canonicalContext ? String(value) : labelOf(value)),
    decodeBinary: (bytes) => positionOf(decodeText(bytes)),
    encodeBinary: (value) => encodeText(labelOf(value)),
  };
}
