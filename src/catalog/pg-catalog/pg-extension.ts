/** pg_extension, pg_available_extensions and pg_available_extension_versions. */
import { extensionNamed, extensionsOf } from '../extension.js';
import { availableExtension, availableExtensions } from '../extensions/available.js';
import { relation } from './relation.js';
import { roleOid, schemaOid } from './role-oid.js';

export const pgExtension = relation('pg_catalog.pg_extension', function* ({ catalog }) {
  for (const one of extensionsOf(catalog)) {
    yield {
      oid: one.oid,
      extname: one.name,
      extowner: roleOid(catalog, one.owner),
      extnamespace: schemaOid(catalog, one.schema),
      extrelocatable: availableExtension(one.name)?.relocatable ?? false,
      extversion: one.version,
    };
  }
});

export const pgAvailableExtensions = relation('pg_catalog.pg_available_extensions', function* ({ catalog }) {
  for (const { name, version, comment } of availableExtensions)
    yield { name, default_version: version, installed_version: extensionNamed(catalog, name)?.version ?? null, comment };
});

export const pgAvailableExtensionVersions = relation('pg_catalog.pg_available_extension_versions', function* ({ catalog }) {
  for (const { name, version, relocatable, schema, comment } of availableExtensions) {
    const installed = extensionNamed(catalog, name) !== undefined;
    yield { name, version, installed, superuser: true, trusted: true, relocatable, schema: schema ?? null, comment };
  }
});
