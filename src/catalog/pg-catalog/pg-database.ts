/** pg_database: the server's list of databases. */
import { aclText } from '../privileges.js';
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

export const pgDatabase = relation('pg_catalog.pg_database', function* ({ catalog }) {
  for (const { oid, name, owner, isTemplate, allowsConnections, connectionLimit } of catalog.databases)
    yield {
      oid,
      datname: name,
      datdba: roleOid(catalog, owner),
      encoding: 6,
      datlocprovider: 'c',
      datistemplate: isTemplate,
      datallowconn: allowsConnections,
      datconnlimit: connectionLimit,
      datfrozenxid: 3,
      datminmxid: 1,
      dattablespace: 1663,
      datcollate: 'C',
      datctype: 'C.UTF-8',
      datacl: aclText(catalog, catalog.aclOf('database', oid)?.acl),
    };
});
