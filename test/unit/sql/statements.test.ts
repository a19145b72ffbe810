import assert from 'node:assert/strict';
import { initialiseParser } from '../../../src/sql/parser.js';
import { failure, has, statement } from './tree.js';

const column = (...parts: string[]): object => ({ kind: 'column', parts });
const integer = (value: number): object => ({ kind: 'integer', value });
const int4 = { names: ['pg_catalog', 'int4'] };
const t = { name: 't' };

/** Each statement with parts of its tree. */
const cases: readonly (readonly [string, object])[] = [
  // Data
  [
    'INSERT INTO s.t AS x (a, b.c, d[1]) OVERRIDING SYSTEM VALUE VALUES (1) RETURNING *, a AS z',
    {
      kind: 'insert',
      table: { name: { schema: 's', name: 't' }, alias: { name: 'x' } },
      columns: [{ name: 'a' }, { name: 'b', indirection: [{ kind: 'field', field: 'c' }] }, { name: 'd', indirection: [{ kind: 'index', index: integer(1) }] }],
      overriding: 'system',
      source: { body: { kind: 'values' } },
      returning: [{ expression: { kind: 'star' } }, { name: 'z' }],
    },
  ],
  ['INSERT INTO t DEFAULT VALUES', { kind: 'insert', source: undefined }],
  ['INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING', { kind: 'insert', onConflict: { action: 'nothing', target: undefined } }],
  [
    'INSERT INTO t VALUES (1) ON CONFLICT (a COLLATE "C" text_ops, (b + 1)) WHERE a > 1 DO UPDATE SET a = excluded.a, (b, c) = (1, 2) WHERE t.a > 1',
    {
      onConflict: {
        action: 'update',
        target: {
          kind: 'columns',
          elements: [{ column: 'a', collation: ['C'], operatorClass: ['text_ops'] }, { expression: { kind: 'binary' } }],
          where: { kind: 'binary' },
        },
        assignments: [
          { kind: 'single', target: { name: 'a' }, value: column('excluded', 'a') },
          { kind: 'multiple', targets: [{ name: 'b' }, { name: 'c' }], source: { kind: 'row' } },
        ],
        where: { kind: 'binary' },
      },
    },
  ],
  ['INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT k DO NOTHING', { onConflict: { target: { kind: 'constraint', name: 'k' } } }],
  [
    'WITH x AS (SELECT 1) UPDATE ONLY t u SET a = DEFAULT, b[1] = 2, (c, d) = (SELECT 1, 2), (e) = ROW(3) FROM v WHERE CURRENT OF cur RETURNING a',
    {
      kind: 'update',
      with: { tables: [{ name: 'x' }] },
      table: { only: true, alias: { name: 'u' } },
      assignments: [
        { kind: 'single', value: { kind: 'default' } },
        { kind: 'single', target: { name: 'b' } },
        { kind: 'multiple', targets: [{ name: 'c' }, { name: 'd' }], source: { kind: 'subquery' } },
        { kind: 'multiple', targets: [{ name: 'e' }], source: { kind: 'row' } },
      ],
      from: [{ kind: 'table' }],
      where: { kind: 'currentOf', cursor: 'cur' },
      returning: [{ expression: column('a') }],
    },
  ],
  [
    'DELETE FROM t USING u WHERE a RETURNING b',
    { kind: 'delete', table: { name: t }, using: [{ kind: 'table' }], where: column('a'), returning: [{ expression: column('b') }] },
  ],
  [
    'MERGE INTO t x USING s ON a = b WHEN MATCHED AND a > 1 THEN UPDATE SET a = 1 WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a) OVERRIDING USER VALUE VALUES (DEFAULT) WHEN NOT MATCHED THEN DO NOTHING',
    {
      kind: 'merge',
      table: { alias: { name: 'x' } },
      source: { kind: 'table' },
      on: { kind: 'binary' },
      whens: [
        { matched: true, condition: { kind: 'binary' }, action: { kind: 'update' } },
        { matched: true, action: { kind: 'delete' } },
        { action: { kind: 'insert', columns: [{ name: 'a' }], values: [{ kind: 'default' }], overriding: 'user' } },
        { action: { kind: 'nothing' } },
      ],
    },
  ],
  // CREATE TABLE
  [
    'CREATE TEMP TABLE IF NOT EXISTS s.t (a int NOT NULL DEFAULT 1, b text COLLATE "C" NULL, c serial)',
    {
      kind: 'createTable',
      persistence: 'temporary',
      ifNotExists: true,
      name: { schema: 's', name: 't' },
      elements: [
        { kind: 'column', name: 'a', type: int4, constraints: [{ kind: 'notNull' }, { kind: 'default', expression: integer(1) }] },
        { name: 'b', collation: ['C'], constraints: [{ kind: 'nullable' }] },
        { name: 'c', type: { names: ['serial'] } },
      ],
    },
  ],
  [
    'CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY, b int UNIQUE NULLS NOT DISTINCT WITH (fillfactor = 50) USING INDEX TABLESPACE x)',
    {
      elements: [
        { constraints: [{ kind: 'primaryKey', name: 'k' }] },
        {
          constraints: [{ kind: 'unique', nullsNotDistinct: true, options: [{ name: 'fillfactor', value: { kind: 'integer', value: 50 } }], tablespace: 'x' }],
        },
      ],
    },
  ],
  [
    'CREATE TABLE t (a int REFERENCES r (x) MATCH FULL ON DELETE SET NULL (a) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED)',
    {
      elements: [
        {
          constraints: [
            {
              kind: 'foreignKey',
              table: { name: 'r' },
              referencedColumns: ['x'],
              match: 'full',
              onDelete: 'setNull',
              onDeleteColumns: ['a'],
              onUpdate: 'cascade',
              deferrable: true,
              initiallyDeferred: true,
            },
          ],
        },
      ],
    },
  ],
  [
    'CREATE TABLE t (a int CHECK (a > 0) NO INHERIT, b int GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT -1 NO MAXVALUE), c int GENERATED ALWAYS AS (a + 1) STORED)',
    {
      elements: [
        { constraints: [{ kind: 'check', noInherit: true, expression: { kind: 'binary' } }] },
        { constraints: [{ kind: 'identity', always: true, sequence: { start: 5n, increment: -1n, maxValue: null } }] },
        { constraints: [{ kind: 'generated', expression: { kind: 'binary' } }] },
      ],
    },
  ],
  [
    'CREATE TABLE t (a int, CONSTRAINT k PRIMARY KEY (a) INCLUDE (b), UNIQUE (a, b) DEFERRABLE, FOREIGN KEY (a) REFERENCES r ON DELETE RESTRICT, CHECK (a > 0), EXCLUDE USING gist (a WITH =, (b || c) WITH OPERATOR(s.&&)) WHERE (a > 1))',
    {
      elements: [
        {},
        { kind: 'constraint', constraint: { kind: 'primaryKey', name: 'k', columns: ['a'], including: ['b'] } },
        { constraint: { kind: 'unique', columns: ['a', 'b'], deferrable: true } },
        { constraint: { kind: 'foreignKey', columns: ['a'], onDelete: 'restrict', onUpdate: 'noAction', match: 'simple' } },
        { constraint: { kind: 'check' } },
        {
          constraint: {
            kind: 'exclusion',
            accessMethod: 'gist',
            elements: [{ element: { column: 'a' }, operator: ['='] }, { operator: ['s', '&&'] }],
            where: { kind: 'binary' },
          },
        },
      ],
    },
  ],
  [
    'CREATE TABLE t (LIKE u INCLUDING ALL EXCLUDING INDEXES, LIKE v INCLUDING DEFAULTS INCLUDING COMMENTS)',
    {
      elements: [
        {
          kind: 'like',
          table: { name: 'u' },
          including: ['comments', 'compression', 'constraints', 'defaults', 'generated', 'identity', 'statistics', 'storage'],
        },
        { including: ['comments', 'defaults'] },
      ],
    },
  ],
  [
    'CREATE UNLOGGED TABLE t (a int) INHERITS (p, q) PARTITION BY RANGE (a, (b + 1) COLLATE "C" text_ops) USING heap WITH (fillfactor = 70, toast.x = off) TABLESPACE ts',
    {
      persistence: 'unlogged',
      inherits: [{ name: 'p' }, { name: 'q' }],
      partitionBy: { strategy: 'range', keys: [{ column: 'a' }, { expression: { kind: 'binary' }, collation: ['C'], operatorClass: ['text_ops'] }] },
      accessMethod: 'heap',
      options: [{ name: 'fillfactor' }, { namespace: 'toast', name: 'x', value: { kind: 'type', type: { names: ['off'] } } }],
      tablespace: 'ts',
    },
  ],
  ['CREATE TEMP TABLE t (a int) ON COMMIT DROP', { onCommit: 'drop' }],
  [
    'CREATE TABLE p PARTITION OF t (a PRIMARY KEY) FOR VALUES IN (1, NULL)',
    {
      inherits: undefined,
      partitionOf: { parent: t, bound: { kind: 'list', values: [integer(1), { kind: 'null' }] } },
      elements: [{ name: 'a', type: undefined }],
    },
  ],
  [
    "CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE, 1) TO (MAXVALUE, 'x') PARTITION BY LIST (b)",
    {
      partitionOf: {
        bound: { kind: 'range', lower: [{ kind: 'minValue' }, { kind: 'value', value: integer(1) }], upper: [{ kind: 'maxValue' }, { kind: 'value' }] },
      },
      partitionBy: { strategy: 'list' },
    },
  ],
  ['CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 4, REMAINDER 1)', { partitionOf: { bound: { kind: 'hash', modulus: 4, remainder: 1 } } }],
  ['CREATE TABLE p PARTITION OF t DEFAULT', { partitionOf: { bound: { kind: 'default' } } }],
  ['CREATE TABLE t OF ty (a WITH OPTIONS NOT NULL)', { ofType: { names: ['ty'] } }],
  [
    'CREATE TABLE t (a, b) AS SELECT 1, 2 WITH NO DATA',
    { kind: 'createTableAs', object: 'table', columns: ['a', 'b'], withData: undefined, source: { kind: 'select' } },
  ],
  ['CREATE TABLE IF NOT EXISTS t AS EXECUTE p(1)', { kind: 'createTableAs', ifNotExists: true, source: { kind: 'execute', name: 'p' } }],
  ['CREATE MATERIALIZED VIEW m AS SELECT 1', { kind: 'createTableAs', object: 'materializedView', withData: true }],
  ['REFRESH MATERIALIZED VIEW CONCURRENTLY m WITH DATA', { kind: 'refreshMaterializedView', name: { name: 'm' }, concurrently: true, withData: true }],
  // Other definitions
  [
    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t USING btree (a COLLATE "C" text_ops DESC NULLS LAST, lower(b), (a + b)) INCLUDE (c) NULLS NOT DISTINCT WITH (fillfactor = 3) TABLESPACE ts WHERE a > 1',
    {
      kind: 'createIndex',
      name: 'i',
      unique: true,
      concurrently: true,
      ifNotExists: true,
      only: true,
      elements: [
        { column: 'a', direction: 'desc', nulls: 'last', collation: ['C'], operatorClass: ['text_ops'] },
        { expression: { kind: 'function' } },
        { expression: { kind: 'binary' } },
      ],
      including: ['c'],
      nullsNotDistinct: true,
      tablespace: 'ts',
      where: { kind: 'binary' },
    },
  ],
  ['CREATE INDEX ON t (a)', { kind: 'createIndex', name: undefined, accessMethod: 'btree' }],
  [
    'CREATE OR REPLACE TEMP VIEW v (a) WITH (security_barrier) AS SELECT 1 WITH LOCAL CHECK OPTION',
    { kind: 'createView', replace: true, persistence: 'temporary', columns: ['a'], options: [{ name: 'security_barrier' }], checkOption: 'local' },
  ],
  ['CREATE RECURSIVE VIEW v (a) AS SELECT 1', { kind: 'createView', query: { with: { recursive: true } } }],
  [
    'CREATE SEQUENCE s AS bigint INCREMENT 2 MINVALUE -1 NO MAXVALUE START 9223372036854775807 CACHE 5 CYCLE OWNED BY t.a',
    {
      kind: 'createSequence',
      options: {
        dataType: { names: ['pg_catalog', 'int8'] },
        increment: 2n,
        minValue: -1n,
        maxValue: null,
        start: 9223372036854775807n,
        cache: 5n,
        cycle: true,
        ownedBy: ['t', 'a'],
      },
    },
  ],
  ['ALTER SEQUENCE IF EXISTS s RESTART OWNED BY NONE NO CYCLE', { kind: 'alterSequence', ifExists: true, options: { restart: 'start' } }],
  ['ALTER SEQUENCE s RESTART WITH 12345678901', { options: { restart: 12345678901n } }],
  [
    'CREATE SCHEMA s AUTHORIZATION r CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1',
    { kind: 'createSchema', name: 's', authorization: { kind: 'name', name: 'r' }, elements: [{ kind: 'createTable' }, { kind: 'createView' }] },
  ],
  ['CREATE SCHEMA IF NOT EXISTS s', { kind: 'createSchema', ifNotExists: true }],
  ["CREATE TYPE s.e AS ENUM ('a', '')", { kind: 'createEnum', name: ['s', 'e'], labels: ['a', ''] }],
  [
    "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'",
    { kind: 'alterEnum', action: { kind: 'addValue', label: 'x', ifNotExists: true, neighbour: { label: 'y', before: true } } },
  ],
  ["ALTER TYPE e RENAME VALUE 'x' TO 'y'", { kind: 'alterEnum', action: { kind: 'renameValue', from: 'x', to: 'y' } }],
  [
    'CREATE TYPE c AS (a int, b text COLLATE "C")',
    { kind: 'createCompositeType', name: { name: 'c' }, attributes: [{ name: 'a' }, { name: 'b', collation: ['C'] }] },
  ],
  [
    'CREATE TYPE r AS RANGE (subtype = float8)',
    { kind: 'createRangeType', name: ['r'], options: [{ name: 'subtype', value: { kind: 'type', type: { names: ['float8'] } } }] },
  ],
  [
    'CREATE DOMAIN d AS int DEFAULT 3 NOT NULL CONSTRAINT k CHECK (value > 0)',
    { kind: 'createDomain', type: int4, constraints: [{ kind: 'default' }, { kind: 'notNull' }, { kind: 'check', name: 'k' }] },
  ],
  ['ALTER DOMAIN d SET DEFAULT 3', { kind: 'alterDomain', action: { kind: 'setDefault', expression: integer(3) } }],
  ['ALTER DOMAIN d DROP DEFAULT', { action: { kind: 'dropDefault' } }],
  ['ALTER DOMAIN d SET NOT NULL', { action: { kind: 'setNotNull' } }],
  ['ALTER DOMAIN d DROP NOT NULL', { action: { kind: 'dropNotNull' } }],
  [
    'ALTER DOMAIN d ADD CONSTRAINT k CHECK (value > 1) NOT VALID',
    { action: { kind: 'addConstraint', constraint: { kind: 'check', name: 'k', notValid: true } } },
  ],
  ['ALTER DOMAIN d DROP CONSTRAINT IF EXISTS k CASCADE', { action: { kind: 'dropConstraint', name: 'k', ifExists: true, cascade: true } }],
  ['ALTER DOMAIN d VALIDATE CONSTRAINT k', { action: { kind: 'validateConstraint', name: 'k' } }],
  [
    "CREATE OR REPLACE FUNCTION s.f(a int DEFAULT 1, OUT b text, VARIADIC c int[]) RETURNS SETOF record LANGUAGE sql IMMUTABLE STRICT SECURITY DEFINER LEAKPROOF PARALLEL SAFE COST 3 ROWS 5 SET x TO y AS 'body'",
    {
      kind: 'createFunction',
      object: 'function',
      name: ['s', 'f'],
      replace: true,
      parameters: [{ name: 'a', mode: 'in', defaultValue: integer(1) }, { mode: 'out' }, { mode: 'variadic', type: { arrayBounds: [-1] } }],
      returns: { names: ['record'], setOf: true },
      language: 'sql',
      volatility: 'immutable',
      strict: true,
      securityDefiner: true,
      leakproof: true,
      parallel: 'safe',
      cost: 3,
      rows: 5,
      settings: [{ action: 'value', name: 'x' }],
      definition: ['body'],
    },
  ],
  [
    'CREATE FUNCTION f() RETURNS TABLE (a int) BEGIN ATOMIC SELECT 1; SELECT 2; END',
    { parameters: [{ mode: 'table', name: 'a' }], sqlBody: { kind: 'atomic', statements: [{ kind: 'select' }, { kind: 'select' }] } },
  ],
  ['CREATE FUNCTION f() RETURNS t.a%TYPE RETURN 1', { returns: { names: ['t', 'a'], percentType: true }, sqlBody: { kind: 'return', expression: integer(1) } }],
  ["CREATE PROCEDURE p(INOUT a int) LANGUAGE plpgsql AS 'x'", { kind: 'createFunction', object: 'procedure', parameters: [{ mode: 'inout' }] }],
  [
    "CREATE EXTENSION IF NOT EXISTS x WITH SCHEMA y VERSION '1' CASCADE",
    { kind: 'createExtension', name: 'x', ifNotExists: true, options: [{ name: 'schema' }, { name: 'new_version' }, { name: 'cascade' }] },
  ],
  // DROP and what names objects
  ['DROP TABLE IF EXISTS a.b, c CASCADE', { kind: 'drop', object: 'table', objects: [{ name: ['a', 'b'] }, { name: ['c'] }], ifExists: true, cascade: true }],
  ['DROP INDEX CONCURRENTLY i', { object: 'index', concurrently: true }],
  ['DROP VIEW v', { object: 'view' }],
  ['DROP MATERIALIZED VIEW v', { object: 'materializedView' }],
  ['DROP SEQUENCE s', { object: 'sequence' }],
  ['DROP SCHEMA a, b', { object: 'schema', objects: [{ name: ['a'] }, { name: ['b'] }] }],
  ['DROP TYPE a.b', { object: 'type', objects: [{ name: ['a', 'b'], types: [{ names: ['a', 'b'] }] }] }],
  ['DROP DOMAIN d', { object: 'domain' }],
  [
    'DROP FUNCTION f(int, text), g',
    {
      object: 'function',
      objects: [{ name: ['f'], signature: { arguments: [int4, { names: ['text'] }] } }, { signature: { name: ['g'], arguments: undefined } }],
    },
  ],
  ['DROP PROCEDURE p()', { object: 'procedure' }],
  ['DROP ROUTINE r', { object: 'routine' }],
  ['DROP AGGREGATE a(*)', { object: 'aggregate' }],
  ['DROP OPERATOR +(int, NONE)', { object: 'operator', objects: [{ name: ['+'] }] }],
  ['DROP CAST (int AS text)', { object: 'cast', objects: [{ types: [int4, { names: ['text'] }] }] }],
  ['DROP TRIGGER x ON a.b', { object: 'trigger', objects: [{ name: ['a', 'b', 'x'] }] }],
  ['DROP EXTENSION x', { object: 'extension' }],
  ["COMMENT ON TABLE a.b IS 'x'", { kind: 'comment', object: 'table', target: { name: ['a', 'b'] }, comment: 'x' }],
  ['COMMENT ON COLUMN a.b.c IS NULL', { object: 'column', target: { name: ['a', 'b', 'c'] }, comment: undefined }],
  ["COMMENT ON FUNCTION f(int) IS ''", { object: 'function', target: { signature: { arguments: [int4] } }, comment: '' }],
  ["COMMENT ON CONSTRAINT k ON DOMAIN d IS 'x'", { object: 'domainConstraint', target: { name: ['d', 'k'] } }],
  ["COMMENT ON CONSTRAINT k ON t IS 'x'", { object: 'tableConstraint', target: { name: ['t', 'k'] } }],
  ["COMMENT ON DATABASE d IS 'x'", { object: 'database', target: { name: ['d'] } }],
  ['ALTER TABLE IF EXISTS s.a RENAME TO b', { kind: 'rename', object: 'table', target: { name: ['s', 'a'] }, from: undefined, to: 'b', ifExists: true }],
  ['ALTER VIEW v RENAME COLUMN a TO b', { kind: 'rename', object: 'column', relationType: 'view', target: { name: ['v'] }, from: 'a', to: 'b' }],
  ['ALTER TABLE a RENAME CONSTRAINT b TO c', { kind: 'rename', object: 'tableConstraint', from: 'b', to: 'c', relationType: undefined }],
  ['ALTER TYPE a RENAME ATTRIBUTE x TO y CASCADE', { kind: 'rename', object: 'attribute', relationType: 'type', from: 'x', cascade: true }],
  ['ALTER SCHEMA a RENAME TO b', { kind: 'rename', object: 'schema', target: { name: ['a'] }, from: undefined }],
  ['ALTER ROLE a RENAME TO b', { kind: 'rename', object: 'role', target: { name: ['a'] } }],
  ['ALTER DATABASE a RENAME TO b', { kind: 'rename', object: 'database', target: { name: ['a'] } }],
  ['ALTER FUNCTION f(int) RENAME TO g', { kind: 'rename', object: 'function', target: { signature: { arguments: [int4] } } }],
  ['ALTER DOMAIN d RENAME CONSTRAINT a TO b', { kind: 'rename', object: 'domainConstraint', target: { name: ['d'] }, from: 'a' }],
  ['ALTER TYPE t OWNER TO r', { kind: 'alterOwner', object: 'type', owner: { name: 'r' } }],
  ['ALTER SCHEMA s OWNER TO CURRENT_USER', { kind: 'alterOwner', object: 'schema', owner: { kind: 'currentUser' } }],
  ['ALTER TABLE a.b SET SCHEMA c', { kind: 'alterSchema', object: 'table', target: { name: ['a', 'b'] }, schema: 'c' }],
  ['ALTER FUNCTION f SET SCHEMA c', { kind: 'alterSchema', object: 'function' }],
  [
    'TRUNCATE ONLY a, b RESTART IDENTITY CASCADE',
    { kind: 'truncate', tables: [{ only: true }, { name: { name: 'b' } }], restartIdentity: true, cascade: true },
  ],
  // Databases, roles, privileges
  [
    "CREATE DATABASE d OWNER x ENCODING 'utf8' CONNECTION LIMIT 3",
    {
      kind: 'createDatabase',
      options: [
        { name: 'owner' },
        { name: 'encoding', value: { kind: 'string', value: 'utf8' } },
        { name: 'connection_limit', value: { kind: 'integer', value: 3 } },
      ],
    },
  ],
  ['ALTER DATABASE d CONNECTION LIMIT 3', { kind: 'alterDatabase', name: 'd' }],
  ['ALTER DATABASE d SET x TO y', { kind: 'alterDatabaseSet', setting: { action: 'value', name: 'x' } }],
  ['DROP DATABASE IF EXISTS d WITH (FORCE)', { kind: 'dropDatabase', ifExists: true, force: true }],
  [
    "CREATE USER u LOGIN PASSWORD 'x' IN ROLE a, b NOSUPERUSER",
    {
      kind: 'createRole',
      statement: 'user',
      name: 'u',
      options: [
        { name: 'canlogin', value: { kind: 'boolean', value: true } },
        { name: 'password' },
        { name: 'addroleto', roles: [{ name: 'a' }, { name: 'b' }] },
        { name: 'superuser' },
      ],
    },
  ],
  ['ALTER ROLE u PASSWORD NULL', { kind: 'alterRole', role: { name: 'u' }, options: [{ name: 'password', value: undefined }], action: 'set' }],
  ['ALTER GROUP g ADD USER a', { kind: 'alterRole', action: 'add' }],
  ['ALTER GROUP g DROP USER a', { kind: 'alterRole', action: 'drop' }],
  ['ALTER ROLE ALL IN DATABASE d RESET ALL', { kind: 'alterRoleSet', role: undefined, database: 'd', setting: { action: 'resetAll' } }],
  ['DROP ROLE IF EXISTS a, b', { kind: 'dropRole', ifExists: true, roles: [{ name: 'a' }, { name: 'b' }] }],
  [
    'GRANT SELECT, UPDATE (a, b) ON t TO PUBLIC, x WITH GRANT OPTION GRANTED BY CURRENT_USER',
    {
      kind: 'grant',
      isGrant: true,
      privileges: [{ name: 'select' }, { name: 'update', columns: ['a', 'b'] }],
      object: 'table',
      objects: [{ name: ['t'] }],
      grantees: [{ kind: 'public' }, { name: 'x' }],
      grantOption: true,
      grantedBy: { kind: 'currentUser' },
    },
  ],
  ['GRANT ALL ON ALL TABLES IN SCHEMA s TO x', { privileges: undefined, allInSchema: true, objects: [{ name: ['s'] }] }],
  ['REVOKE GRANT OPTION FOR USAGE ON SCHEMA s FROM x CASCADE', { kind: 'grant', isGrant: undefined, object: 'schema', grantOption: true, cascade: true }],
  ['GRANT a, b TO c WITH ADMIN OPTION', { kind: 'grantRole', isGrant: true, roles: ['a', 'b'], adminOption: true }],
  ['REVOKE a FROM c', { kind: 'grantRole', isGrant: undefined }],
  [
    'ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC',
    { kind: 'alterDefaultPrivileges', roles: [{ name: 'a' }], schemas: ['s'], grant: { object: 'table' } },
  ],
  ['REASSIGN OWNED BY a TO b', { kind: 'reassignOwned', to: { name: 'b' } }],
  ['DROP OWNED BY a CASCADE', { kind: 'dropOwned', cascade: true }],
  // Transactions and settings
  [
    'BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY, NOT DEFERRABLE',
    { kind: 'transaction', action: { kind: 'begin', modes: { isolation: 'read committed', readOnly: true } } },
  ],
  ['START TRANSACTION READ WRITE', { action: { kind: 'begin', start: true } }],
  ['COMMIT AND CHAIN', { action: { kind: 'commit', chain: true } }],
  ['END', { action: { kind: 'commit' } }],
  ['ABORT', { action: { kind: 'rollback' } }],
  ['SAVEPOINT s', { action: { kind: 'savepoint', name: 's' } }],
  ['RELEASE s', { action: { kind: 'release', name: 's' } }],
  ['ROLLBACK TO SAVEPOINT s', { action: { kind: 'rollbackTo', name: 's' } }],
  ["PREPARE TRANSACTION 'x'", { action: { kind: 'prepare', gid: 'x' } }],
  ["COMMIT PREPARED 'x'", { action: { kind: 'commitPrepared', gid: 'x' } }],
  ["ROLLBACK PREPARED 'x'", { action: { kind: 'rollbackPrepared', gid: 'x' } }],
  [
    "SET x.y TO 'a', b, 1, -1.5, on",
    {
      kind: 'set',
      action: 'value',
      name: 'x.y',
      values: [
        { kind: 'string', value: 'a' },
        { kind: 'string', value: 'b' },
        { kind: 'integer', value: 1 },
        { kind: 'numeric', text: '-1.5' },
        { kind: 'string', value: 'on' },
      ],
    },
  ],
  ['SET LOCAL a = DEFAULT', { action: 'default', local: true }],
  ['SET TIME ZONE LOCAL', { action: 'default', name: 'timezone' }],
  ["SET TIME ZONE INTERVAL '1' HOUR TO MINUTE", { values: [{ kind: 'interval', value: '1 minute' }] }],
  ["SET TIME ZONE INTERVAL '1' HOUR", { values: [{ kind: 'interval', value: '1 hour' }] }],
  ["SET NAMES 'UTF8'", { name: 'client_encoding' }],
  ["SET SCHEMA 'x'", { name: 'search_path' }],
  ['SET ROLE NONE', { name: 'role', values: [{ value: 'none' }] }],
  ['SET a FROM CURRENT', { action: 'fromCurrent' }],
  ['RESET a', { action: 'reset', name: 'a' }],
  ['RESET ALL', { action: 'resetAll' }],
  [
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE',
    { kind: 'setTransaction', session: undefined, modes: { isolation: 'serializable', readOnly: true, deferrable: true } },
  ],
  ['SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE', { kind: 'setTransaction', session: true }],
  ["SET TRANSACTION SNAPSHOT 'x'", { kind: 'setTransaction', snapshot: 'x' }],
  ['SET CONSTRAINTS a.b, c DEFERRED', { kind: 'setConstraints', constraints: [{ schema: 'a', name: 'b' }, { name: 'c' }], deferred: true }],
  ['SET CONSTRAINTS ALL IMMEDIATE', { kind: 'setConstraints', constraints: undefined }],
  ['SHOW ALL', { kind: 'show', name: 'all' }],
  ['SHOW TIME ZONE', { kind: 'show', name: 'timezone' }],
  ['SHOW TRANSACTION ISOLATION LEVEL', { kind: 'show', name: 'transaction_isolation' }],
  // Everything else
  [
    'EXPLAIN (ANALYZE, COSTS off, FORMAT json) SELECT 1',
    {
      kind: 'explain',
      options: [
        { name: 'analyze', value: undefined },
        { name: 'costs', value: { kind: 'string', value: 'off' } },
        { name: 'format', value: { value: 'json' } },
      ],
      statement: { kind: 'select' },
    },
  ],
  ['EXPLAIN ANALYZE VERBOSE DELETE FROM t', { kind: 'explain', options: [{ name: 'analyze' }, { name: 'verbose' }], statement: { kind: 'delete' } }],
  ['PREPARE p(int, text) AS SELECT $1', { kind: 'prepare', name: 'p', types: [int4, { names: ['text'] }], statement: { kind: 'select' } }],
  ["EXECUTE p(1, 'a')", { kind: 'execute', name: 'p', arguments: [integer(1), { kind: 'string' }] }],
  ['DEALLOCATE ALL', { kind: 'deallocate', name: undefined }],
  ['DEALLOCATE PREPARE p', { kind: 'deallocate', name: 'p' }],
  ['DECLARE c BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1', { kind: 'declareCursor', binary: true, sensitivity: 'insensitive', hold: true }],
  ['DECLARE c SCROLL CURSOR FOR SELECT 1', { kind: 'declareCursor', scroll: true, hold: undefined }],
  ['FETCH c', { kind: 'fetch', direction: 'forward', count: 1 }],
  ['FETCH ALL c', { direction: 'forward', count: 'all' }],
  ['FETCH -3 FROM c', { direction: 'forward', count: -3 }],
  ['FETCH FIRST c', { direction: 'absolute', count: 1 }],
  ['FETCH LAST c', { direction: 'absolute', count: -1 }],
  ['FETCH PRIOR c', { direction: 'backward', count: 1 }],
  ['FETCH RELATIVE 0 c', { direction: 'relative', count: 0 }],
  ['MOVE BACKWARD ALL IN c', { kind: 'fetch', move: true, direction: 'backward', count: 'all' }],
  ['CLOSE ALL', { kind: 'closeCursor', name: undefined }],
  ['CLOSE c', { kind: 'closeCursor', name: 'c' }],
  [
    "COPY s.t (a, b) FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ',', FORCE_NOT_NULL (a)) WHERE a > 1",
    {
      kind: 'copy',
      direction: 'from',
      source: { kind: 'table', name: { schema: 's' }, columns: ['a', 'b'] },
      endpoint: { kind: 'standard' },
      options: [
        { name: 'format' },
        { name: 'header', value: undefined },
        { name: 'delimiter' },
        { name: 'force_not_null', value: { kind: 'list', items: [{ value: 'a' }] } },
      ],
      where: { kind: 'binary' },
    },
  ],
  [
    "COPY t TO '/x' CSV HEADER FORCE QUOTE *",
    {
      direction: 'to',
      endpoint: { kind: 'file', name: '/x' },
      options: [{ name: 'format' }, { name: 'header' }, { name: 'force_quote', value: { kind: 'star' } }],
    },
  ],
  ["COPY (SELECT 1) TO PROGRAM 'x'", { source: { kind: 'query', query: { kind: 'select' } }, endpoint: { kind: 'program', command: 'x' } }],
  ['COPY (INSERT INTO t VALUES (1) RETURNING a) TO STDOUT', { source: { query: { kind: 'insert' } } }],
  ['LISTEN x', { kind: 'listen', channel: 'x' }],
  ['UNLISTEN *', { kind: 'unlisten', channel: undefined }],
  ["NOTIFY x, 'y'", { kind: 'notify', channel: 'x', payload: 'y' }],
  ['LOCK TABLE ONLY a, b IN ROW EXCLUSIVE MODE NOWAIT', { kind: 'lock', tables: [{ only: true }, {}], mode: 'row exclusive', nowait: true }],
  ['LOCK a', { kind: 'lock', mode: 'access exclusive' }],
  [
    'VACUUM (FULL, PARALLEL 3) a (x, y), b',
    {
      kind: 'vacuum',
      vacuum: true,
      options: [{ name: 'full' }, { name: 'parallel', value: { kind: 'integer', value: 3 } }],
      tables: [{ name: { name: 'a' }, columns: ['x', 'y'] }, {}],
    },
  ],
  ['ANALYZE', { kind: 'vacuum', vacuum: undefined, tables: undefined }],
  ['REINDEX (VERBOSE) TABLE CONCURRENTLY t', { kind: 'reindex', object: 'table', name: t, options: [{ name: 'verbose' }, { name: 'concurrently' }] }],
  ['REINDEX DATABASE d', { object: 'database', name: { name: 'd' } }],
  ['CLUSTER t USING i', { kind: 'cluster', table: t, index: 'i' }],
  ['CHECKPOINT', { kind: 'checkpoint' }],
  ['DISCARD TEMP', { kind: 'discard', target: 'temporary' }],
  ['DISCARD ALL', { kind: 'discard', target: 'all' }],
  ['DO LANGUAGE plpgsql $$begin end$$', { kind: 'do', language: 'plpgsql', body: 'begin end' }],
  ['CALL p(1, a => 2)', { kind: 'call', call: { kind: 'function', name: ['p'], arguments: [integer(1), { kind: 'namedArgument' }] } }],
  [
    'CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()',
    { kind: 'createTrigger', name: 'x', table: t, timing: 'before', level: 'row', events: ['insert'], function: ['f'] },
  ],
  ['CREATE RULE r AS ON INSERT TO t DO NOTHING', { kind: 'createRule', name: 'r', event: 'insert' }],
  ['CREATE AGGREGATE a (int) (sfunc = f, stype = int)', { kind: 'createAggregate', name: ['a'], options: [{ name: 'sfunc' }, { name: 'stype' }] }],
  ['CREATE AGGREGATE a (float8 ORDER BY text) (sfunc = f, stype = int)', { kind: 'createAggregate', directArguments: 1 }],
  ['ALTER SYSTEM SET x = 1', { kind: 'alterSystem', setting: { name: 'x' } }],
  ["LOAD 'x'", { kind: 'other', tag: 'LOAD' }],
];

describe('statements', () => {
  before(initialiseParser);

  for (const [text, expected] of cases) {
    it(`reads ${text}`, () => has(text, expected));
  }

  it('tells OWNED BY NONE from its absence', () => {
    assert.deepEqual(statement('ALTER SEQUENCE s OWNED BY NONE', 'alterSequence').options.ownedBy, []);
    assert.equal(statement('ALTER SEQUENCE s NO CYCLE', 'alterSequence').options.ownedBy, undefined);
    assert.equal(statement('ALTER SEQUENCE s NO CYCLE', 'alterSequence').options.cycle, false);
  });

  it('tells whether a cursor said NO SCROLL', () => {
    assert.equal(statement('DECLARE c CURSOR FOR SELECT 1', 'declareCursor').scroll, undefined);
    assert.equal(statement('DECLARE c NO SCROLL CURSOR FOR SELECT 1', 'declareCursor').scroll, false);
  });

  it('checks the attributes of constraints as PostgreSQL does', () => {
    assert.deepEqual(failure('CREATE TABLE t (a int DEFERRABLE)'), { code: '42601', message: 'misplaced DEFERRABLE clause', position: 23 });
    assert.equal(failure('CREATE TABLE t (a int UNIQUE DEFERRABLE NOT DEFERRABLE)').message, 'multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed');
    assert.equal(
      failure('CREATE TABLE t (a int UNIQUE NOT DEFERRABLE INITIALLY DEFERRED)').message,
      'constraint declared INITIALLY DEFERRED must be DEFERRABLE',
    );
    assert.equal(failure('CREATE TABLE t (a int CHECK (a > 0) INITIALLY DEFERRED)').message, 'misplaced INITIALLY DEFERRED clause');
    assert.equal(failure('CREATE TABLE t (a int GENERATED BY DEFAULT AS (b) STORED)').message, 'for a generated column, GENERATED ALWAYS must be specified');
  });
});

const alterations: readonly (readonly [string, object])[] = [
  ['ADD COLUMN IF NOT EXISTS a int NOT NULL', { kind: 'addColumn', column: { name: 'a', constraints: [{ kind: 'notNull' }] }, ifNotExists: true }],
  ['DROP COLUMN IF EXISTS a CASCADE', { kind: 'dropColumn', column: 'a', ifExists: true, cascade: true }],
  [
    'ALTER a TYPE text COLLATE "C" USING a::text',
    { kind: 'alterColumnType', column: 'a', type: { names: ['text'] }, collation: ['C'], using: { kind: 'cast' } },
  ],
  ['ALTER a SET DEFAULT 1', { kind: 'setDefault', column: 'a', expression: integer(1) }],
  ['ALTER a DROP DEFAULT', { kind: 'dropDefault', column: 'a' }],
  ['ALTER a SET NOT NULL', { kind: 'setNotNull', column: 'a' }],
  ['ALTER a DROP NOT NULL', { kind: 'dropNotNull', column: 'a' }],
  ['ALTER a DROP EXPRESSION IF EXISTS', { kind: 'dropExpression', column: 'a', ifExists: true }],
  ['ALTER a SET STATISTICS 3', { kind: 'setStatistics', column: 'a', target: 3 }],
  ['ALTER a SET STORAGE plain', { kind: 'setStorage', column: 'a', storage: 'plain' }],
  ['ALTER a SET COMPRESSION lz4', { kind: 'setCompression', column: 'a', method: 'lz4' }],
  ['ALTER a SET (n_distinct = 1)', { kind: 'setColumnOptions', column: 'a', options: [{ name: 'n_distinct' }] }],
  ['ALTER a RESET (n_distinct)', { kind: 'resetColumnOptions', column: 'a' }],
  ['ALTER a ADD GENERATED BY DEFAULT AS IDENTITY (START 3)', { kind: 'addIdentity', column: 'a', sequence: { start: 3n } }],
  ['ALTER a SET GENERATED ALWAYS SET START 3 RESTART', { kind: 'setIdentity', column: 'a', always: true, sequence: { start: 3n, restart: 'start' } }],
  ['ALTER a DROP IDENTITY IF EXISTS', { kind: 'dropIdentity', column: 'a', ifExists: true }],
  ['ADD CONSTRAINT k UNIQUE USING INDEX i', { kind: 'addConstraint', constraint: { kind: 'unique', name: 'k', usingIndex: 'i' } }],
  ['ADD FOREIGN KEY (a) REFERENCES r NOT VALID', { kind: 'addConstraint', constraint: { kind: 'foreignKey', notValid: true } }],
  ['ALTER CONSTRAINT k DEFERRABLE', { kind: 'alterConstraint', name: 'k', deferrable: true }],
  ['VALIDATE CONSTRAINT k', { kind: 'validateConstraint', name: 'k' }],
  ['DROP CONSTRAINT IF EXISTS k CASCADE', { kind: 'dropConstraint', name: 'k', ifExists: true, cascade: true }],
  ['SET (fillfactor = 3)', { kind: 'setOptions', options: [{ name: 'fillfactor' }] }],
  ['RESET (fillfactor)', { kind: 'resetOptions' }],
  ['SET TABLESPACE x', { kind: 'setTablespace', tablespace: 'x' }],
  ['SET ACCESS METHOD heap', { kind: 'setAccessMethod', accessMethod: 'heap' }],
  ['SET LOGGED', { kind: 'setPersistence', persistence: 'permanent' }],
  ['SET UNLOGGED', { kind: 'setPersistence', persistence: 'unlogged' }],
  ['OWNER TO x', { kind: 'ownerTo', owner: { name: 'x' } }],
  ['CLUSTER ON i', { kind: 'clusterOn', index: 'i' }],
  ['SET WITHOUT CLUSTER', { kind: 'setWithoutCluster' }],
  ['SET WITHOUT OIDS', { kind: 'setWithoutOids' }],
  ['ENABLE TRIGGER x', { kind: 'triggers', action: 'enable', which: { kind: 'name', name: 'x' } }],
  ['DISABLE TRIGGER ALL', { kind: 'triggers', action: 'disable', which: { kind: 'all' } }],
  ['ENABLE REPLICA TRIGGER x', { kind: 'triggers', action: 'enableReplica' }],
  ['DISABLE TRIGGER USER', { kind: 'triggers', action: 'disable', which: { kind: 'user' } }],
  ['ENABLE ALWAYS RULE r', { kind: 'rules', action: 'enableAlways', rule: 'r' }],
  ['INHERIT p', { kind: 'inherit', parent: { name: 'p' } }],
  ['NO INHERIT p', { kind: 'noInherit' }],
  ['OF ty', { kind: 'ofType' }],
  ['NOT OF', { kind: 'notOf' }],
  ['REPLICA IDENTITY USING INDEX i', { kind: 'replicaIdentity', identity: 'index', index: 'i' }],
  ['REPLICA IDENTITY FULL', { kind: 'replicaIdentity', identity: 'full' }],
  ['ENABLE ROW LEVEL SECURITY', { kind: 'rowSecurity', action: 'enable' }],
  ['NO FORCE ROW LEVEL SECURITY', { kind: 'rowSecurity', action: 'noForce' }],
];

describe('ALTER TABLE', () => {
  before(initialiseParser);

  for (const [text, expected] of alterations) {
    it(`reads ${text}`, () => has(`ALTER TABLE ONLY t ${text}`, { kind: 'alterTable', object: 'table', name: t, only: true, actions: [expected] }));
  }

  it('reads several sub-commands in order', () => {
    has('ALTER TABLE IF EXISTS t ADD a int, DROP b', { ifExists: true, actions: [{ kind: 'addColumn' }, { kind: 'dropColumn' }] });
  });

  it('reads partitions coming and going', () => {
    has('ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)', { actions: [{ kind: 'attachPartition', partition: { name: 'p' }, bound: { kind: 'list' } }] });
    has('ALTER TABLE t DETACH PARTITION p CONCURRENTLY', { actions: [{ kind: 'detachPartition', mode: 'concurrently' }] });
    has('ALTER TABLE t DETACH PARTITION p FINALIZE', { actions: [{ kind: 'detachPartition', mode: 'finalize' }] });
    has('ALTER INDEX i ATTACH PARTITION j', { object: 'index', actions: [{ kind: 'attachPartition', bound: undefined }] });
  });

  it('knows which kind of relation is altered', () => {
    has('ALTER VIEW v ALTER a SET DEFAULT 1', { object: 'view' });
    has('ALTER INDEX i ALTER COLUMN 2 SET STATISTICS 3', { object: 'index', actions: [{ kind: 'setStatistics', columnNumber: 2 }] });
    has('ALTER SEQUENCE s OWNER TO x', { object: 'sequence', actions: [{ kind: 'ownerTo' }] });
    has('ALTER MATERIALIZED VIEW m SET (x = 1)', { object: 'materializedView' });
    has('ALTER TYPE c ADD ATTRIBUTE a int CASCADE, DROP ATTRIBUTE IF EXISTS b, ALTER ATTRIBUTE d TYPE text CASCADE', {
      object: 'type',
      actions: [
        { kind: 'addAttribute', cascade: true },
        { kind: 'dropAttribute', ifExists: true },
        { kind: 'alterAttributeType', column: 'd', cascade: true },
      ],
    });
  });
});
