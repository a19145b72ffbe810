/**
 * Identifiers and literals as PostgreSQL writes them (quote_identifier and quote_literal of ruleutils.c and quote.c).
 * Used by deparse, by the catalog functions quote_ident / quote_literal / format and by messages.
 */

/** PostgreSQL 15's keywords that are not unreserved: an identifier that is one of them is quoted. */
const keywords: ReadonlySet<string> = new Set(
  `between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer interval least national nchar none
  normalize nullif numeric out overlay position precision real row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat
  xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
  authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left like natural notnull outer overlaps right similar
  tablesample verbose
  all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog current_date current_role
  current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign from grant group having in initially
  intersect into lateral leading limit localtime localtimestamp not null offset on only or order placing primary references returning select session_user some
  symmetric table then to trailing true union unique user using variadic when where window with`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

const plainIdentifier = /^[a-z_][a-z0-9_]*$/;

/** The identifier, in double quotes if it needs them. */
export function quoteIdentifier(name: string): string {
  return plainIdentifier.test(name) && !keywords.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** `schema.name` and longer, each part quoted if it needs it. */
export function quoteQualified(parts: readonly string[]): string {
  return parts.map(quoteIdentifier).join('.');
}

/** The text as a literal under standard_conforming_strings, as PostgreSQL writes stored expressions. */
export function quoteStoredLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The text as a literal as quote_literal() gives it: `'it''s'`, and `E'a\\b'` if it has a backslash, so that it reads the same under any standard_conforming_strings. */
export function quoteLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
