/** The views of table privileges: nothing is granted to others, the owner has all. */
import { type CatalogEnvironment, type CatalogRow, relation } from '../relation.js';
import { yesOrNo } from './values.js';

const privileges = ['INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'];
const columnPrivileges = ['INSERT', 'SELECT', 'UPDATE', 'REFERENCES'];

function* tableRows({ catalog }: CatalogEnvironment): Generator<CatalogRow> {
  for (const object of catalog.data.relations) {
    if (object.kind === 'sequence') continue;
    for (const privilege of privileges) {
      yield {
        grantor: object.owner,
        grantee: object.owner,
        table_catalog: catalog.data.database,
        table_schema: object.schema,
        table_name: object.name,
        privilege_type: privilege,
        is_grantable: 'YES',
        with_hierarchy: yesOrNo(privilege === 'SELECT'),
      };
    }
  }
}

function* columnRows({ catalog }: CatalogEnvironment): Generator<CatalogRow> {
  for (const object of catalog.data.relations) {
    if (object.kind === 'sequence') continue;
    for (const column of object.columns) {
      for (const privilege of columnPrivileges) {
        yield {
          grantor: object.owner,
          grantee: object.owner,
          table_catalog: catalog.data.database,
          table_schema: object.schema,
          table_name: object.name,
          column_name: column.name,
          privilege_type: privilege,
          is_grantable: 'YES',
        };
      }
    }
  }
}

export const tablePrivileges = relation('information_schema.table_privileges', tableRows);
export const roleTableGrants = relation('information_schema.role_table_grants', tableRows);
export const columnPrivilegesView = relation('information_schema.column_privileges', columnRows);
export const roleColumnGrants = relation('information_schema.role_column_grants', columnRows);
