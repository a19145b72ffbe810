/** pg_database. */
import { aclText } from '../privileges.js';
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

/** The one database's OID. */
export const databaseOid = 5;

export const pgDatabase = relation('pg_catalog.pg_database', function* ({ catalog }) {
  const { isTemplate, allowsConnections, connectionLimit } = catalog.databaseAttributes;
  yield {
    oid: databaseOid,
    datname: catalog.data.database,
    datdba: roleOid(catalog, catalog.owner),
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
    datacl: aclText(catalog, catalog.aclOf('database', databaseOid)?.acl),
  };
});
