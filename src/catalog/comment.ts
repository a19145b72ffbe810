/**
 * Comments on what has no place of its own in the catalog: large objects, and PostgreSQL's built-in objects, of which '' takes the comment away that they have by themselves.
 * Written by COMMENT ON, read by pg_description.
 */
export interface StoredComments {
  /** OID of the catalog relation that lists such objects. */
  readonly classOid: number;
  readonly oid: number;
  /** By part: 0 is the object itself, else the column's number. */
  readonly comments: readonly { readonly part: number; readonly text: string }[];
}

/** The catalog relations whose objects can have such comments; the order is that of the keys under which they are stored, so new ones come last. */
export const commentedClasses: readonly number[] = [
  2613, 1259, 1247, 1255, 2617, 2616, 2753, 2605, 2607, 2601, 2612, 3456, 2615, 3600, 3601, 3602, 3764, 1213, 3381,
];

export const largeObjectClass = 2613;

/** The comments with one more, or another, or one less (text undefined). */
export function withComment(all: readonly StoredComments[], classOid: number, oid: number, part: number, text: string | undefined): readonly StoredComments[] {
  const isMeant = (one: StoredComments): boolean => one.classOid === classOid && one.oid === oid;
  const kept = (all.find(isMeant)?.comments ?? []).filter((one) => one.part !== part);
  const comments = text === undefined ? kept : [...kept, { part, text }];
  const others = all.filter((one) => !isMeant(one));
  return comments.length === 0 ? others : [...others, { classOid, oid, comments }];
}
