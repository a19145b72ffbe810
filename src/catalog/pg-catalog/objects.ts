/** Walks over the catalog's objects and values that several catalog relations share. */
import { systemRelations, type SystemRelation } from './system-relations.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { Sequence, Table, View } from '../table.js';

export function* tablesOf(catalog: CatalogSnapshot): Generator<Table> {
  for (const object of catalog.data.relations) if (object.kind === 'table') yield object;
}

export function* viewsOf(catalog: CatalogSnapshot): Generator<View> {
  for (const object of catalog.data.relations) if (object.kind === 'view') yield object;
}

export function* sequencesOf(catalog: CatalogSnapshot): Generator<Sequence> {
  for (const object of catalog.data.relations) if (object.kind === 'sequence') yield object;
}

/** System relations, those of schemas that the catalog does not list left out. */
export function systemRelationsOf(catalog: CatalogSnapshot): readonly SystemRelation[] {
  return systemRelations.filter((one) => catalog.schemaExists(one.schema));
}

/** A PostgreSQL array literal of numbers. */
export function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** A PostgreSQL array literal of texts. */
export function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => (/^[^\s{}",\\]+$/.test(text) && text.toLowerCase() !== 'null' ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)).join(',')}}`;
}

/** The sequence that an identity or serial column owns. */
export function ownedSequence(catalog: CatalogSnapshot, oid: number | undefined): Sequence | undefined {
  const found = oid === undefined ? undefined : catalog.relationByOid(oid);
  return found?.kind === 'sequence' ? found : undefined;
}
