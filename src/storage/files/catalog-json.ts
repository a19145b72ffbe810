/**
 * JSON of catalog objects at rest: bigints (sequence limits) as `{"$bigint":"123"}`, because JSON has no integers beyond 2^53.
 * Used by the catalog store and by the node log's DDL records.
 */

interface BigintForm {
  readonly $bigint: string;
}

function isBigintForm(value: unknown): value is BigintForm {
  return typeof value === 'object' && value !== null && typeof (value as { readonly $bigint?: unknown }).$bigint === 'string';
}

export function toCatalogJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return { $bigint: part.toString() } satisfies BigintForm;
    if (part instanceof Map) return { $map: [...(part as Map<unknown, unknown>)] };
    return part;
  });
}

export function fromCatalogJson(text: string): unknown {
  return JSON.parse(text, (_key, part: unknown) => {
    if (isBigintForm(part)) return BigInt(part.$bigint);
    const map = typeof part === 'object' && part !== null ? (part as { readonly $map?: readonly (readonly [unknown, unknown])[] }).$map : undefined;
    return map === undefined ? part : new Map(map);
  });
}
