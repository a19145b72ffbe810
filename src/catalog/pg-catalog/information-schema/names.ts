/** Small views of the database's names: information_schema_catalog_name, character_sets, collations. */
import { builtInCollations } from '../../collation.js';
import type { CatalogSnapshot } from '../../snapshot.js';
import { relation } from '../relation.js';

export const catalogName = relation('information_schema.information_schema_catalog_name', function* ({ catalog }) {
  yield { catalog_name: catalog.database.name };
});

export const characterSets = relation('information_schema.character_sets', function* ({ catalog }) {
  yield { character_set_name: 'UTF8', character_repertoire: 'UCS', form_of_use: 'UTF8', default_collate_catalog: catalog.database.name };
});

/** All collations of the database's encoding. */
function collationNames(catalog: CatalogSnapshot): readonly { readonly schema: string; readonly name: string }[] {
  return [...builtInCollations.map(({ name }) => ({ schema: 'pg_catalog', name })), ...(catalog.data.collations ?? [])];
}

export const collationCharacterSets = relation('information_schema.collation_character_set_applicability', function* ({ catalog }) {
  for (const { schema, name } of collationNames(catalog))
    yield { collation_catalog: catalog.database.name, collation_schema: schema, collation_name: name, character_set_name: 'UTF8' };
});

export const collationViews = relation('information_schema.collations', function* ({ catalog }) {
  for (const { schema, name } of collationNames(catalog))
    yield { collation_catalog: catalog.database.name, collation_schema: schema, collation_name: name, pad_attribute: 'NO PAD' };
});
