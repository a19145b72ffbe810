-- What Elixir's Postgrex sends to learn the types, and Ecto's migrations.
\i schema.sql
SELECT t.oid, t.typname, t.typsend, t.typreceive, t.typoutput, t.typinput, coalesce(d.typelem, t.typelem), coalesce(r.rngsubtype, 0), ARRAY (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) FROM pg_type AS t LEFT JOIN pg_type AS d ON t.typbasetype = d.oid LEFT JOIN pg_range AS r ON r.rngtypid = t.oid OR r.rngmultitypid = t.oid OR (t.typbasetype <> 0 AND r.rngtypid = t.typbasetype) WHERE (t.typrelid = 0) AND (t.typelem = 0 OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type s WHERE s.typrelid != 0 AND s.oid = t.typelem)) AND (t.typnamespace <> 11 OR t.typname IN ('bool', 'int4', '_int4', 'text', '_text', 'timestamptz', 'uuid', 'jsonb', 'int4range', 'int4multirange', 'numeric', 'inet', 'interval', 'bytea', 'bpchar', 'varchar', 'name', 'oid', 'date', 'time', 'timetz', 'point', 'box', 'money', 'bit', 'varbit', 'tsvector', 'hstore', 'regclass')) AND t.typnamespace <> 13207 AND t.typname !~ '^_?pg_|information' ORDER BY t.typname;
SELECT t.oid, t.typname, ARRAY (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) FROM pg_type AS t WHERE t.typrelid <> 0 AND t.oid >= 16384 AND t.typname !~ 'toast' ORDER BY t.typname;
CREATE TABLE IF NOT EXISTS "schema_migrations" ("version" bigint, "inserted_at" timestamp(0), PRIMARY KEY ("version"));
LOCK TABLE "schema_migrations" IN SHARE UPDATE EXCLUSIVE MODE;
BEGIN;
LOCK TABLE "schema_migrations" IN SHARE UPDATE EXCLUSIVE MODE;
SELECT s0."version"::bigint FROM "schema_migrations" AS s0;
INSERT INTO "schema_migrations" ("version","inserted_at") VALUES (20240101000000, '2024-01-01 00:00:00');
COMMIT;
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'schema_migrations';
SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'public' ORDER BY 1;
SELECT column_name, data_type, udt_name, is_nullable, column_default, character_maximum_length, numeric_precision, numeric_scale FROM information_schema.columns WHERE table_name = 'customers' ORDER BY ordinal_position;
SELECT pg_try_advisory_xact_lock(1), pg_try_advisory_lock(1), pg_advisory_unlock(1);
