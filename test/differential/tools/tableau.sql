-- What Tableau sends over ODBC and JDBC: metadata of the connection dialog, its temporary tables, and the SQL that its drag and drop writes.
\i schema.sql
SET SEARCH_PATH TO public;
SET extra_float_digits = 2;
SELECT current_database() AS catalog_name;
select n.nspname from pg_catalog.pg_namespace n where n.nspname not like 'pg_temp_%' and n.nspname not like 'pg_toast%' order by nspname;
select relname, nspname, relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n where relkind in ('r', 'v', 'm', 'f', 'p') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1') and n.oid = relnamespace order by nspname, relname;
select n.nspname, c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull, c.relhasrules, c.relkind, c.oid, pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then t.typbasetype else 0 end, t.typtypmod, 0, attidentity, c.relhassubclass from (((pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace and c.relname = 'orders' and n.nspname = 'sales') inner join pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum > 0 and a.attrelid = c.oid) inner join pg_catalog.pg_type t on t.oid = a.atttypid) left outer join pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum order by n.nspname, c.relname, attnum;
SELECT "orders"."customer_id" AS "customer_id", SUM("orders"."total") AS "sum:total:ok" FROM "sales"."orders" "orders" GROUP BY 1 HAVING (COUNT(1) > 0) ORDER BY 1;
SELECT CAST(DATE_TRUNC('MONTH', CAST("orders"."placed" AS TIMESTAMP)) AS DATE) AS "tmn:placed:ok", SUM(1) AS "sum:n:ok", MIN("orders"."note") AS "min:note" FROM "sales"."orders" "orders" GROUP BY 1 ORDER BY 1;
SELECT "t0"."name" AS "name", AVG(CAST("t0"."balance" AS DOUBLE PRECISION)) AS "avg" FROM "public"."customers" "t0" INNER JOIN (SELECT "customers"."name" AS "name", COUNT(DISTINCT "customers"."id") AS "$__alias__0" FROM "public"."customers" "customers" GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1 LIMIT 10) "t1" ON ("t0"."name" IS NOT DISTINCT FROM "t1"."name") GROUP BY 1 ORDER BY 1;
CREATE LOCAL TEMPORARY TABLE "#Tableau_1_1_Connect" ("COL" INTEGER) ON COMMIT PRESERVE ROWS;
DROP TABLE "#Tableau_1_1_Connect";
CREATE LOCAL TEMPORARY TABLE "#Tableau_1_2_Group" ("name" TEXT, "X_grp" TEXT) ON COMMIT PRESERVE ROWS;
INSERT INTO "#Tableau_1_2_Group" ("name", "X_grp") VALUES ('Ada', 'first');
SELECT "t"."X_grp", COUNT(*) FROM "public"."customers" "c" LEFT JOIN "#Tableau_1_2_Group" "t" ON "c"."name" = "t"."name" GROUP BY 1 ORDER BY 1;
DROP TABLE "#Tableau_1_2_Group";
SELECT DISTINCT "orders"."note" AS "note" FROM "sales"."orders" "orders" ORDER BY 1 ASC LIMIT 5;
SELECT * FROM (SELECT 1 AS "COL") "CHECKTABLE" LIMIT 1;
SELECT (CASE WHEN ("orders"."total" >= 15) THEN 'high' WHEN NOT ("orders"."total" >= 15) THEN 'low' ELSE NULL END) AS "Calculation", (TO_CHAR("orders"."placed", 'YYYY') || '-' || LPAD(CAST(EXTRACT(MONTH FROM "orders"."placed") AS TEXT), 2, '0')) AS "m", COUNT(1) FROM "sales"."orders" "orders" GROUP BY 1, 2 ORDER BY 1, 2;
SELECT pg_catalog.pg_get_constraintdef(r.oid, true), r.conname FROM pg_catalog.pg_constraint r WHERE r.conrelid = 'sales.orders'::regclass AND r.contype = 'f';
