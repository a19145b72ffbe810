-- What Grafana's PostgreSQL data source asks for its query editor, and the forms that its macros take.
\i schema.sql
SELECT current_setting('server_version_num')::int/100 as version;
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';
SELECT datname FROM pg_database WHERE datistemplate = false AND datname = current_database();
select quote_ident(table_name) as "table" from information_schema.tables
  where quote_ident(table_schema) not in ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog', '_timescaledb_internal', '_timescaledb_config', 'timescaledb_information', 'timescaledb_experimental')
    and table_type = 'BASE TABLE' and quote_ident(table_schema) IN (
      SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
      FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
        string_to_array(current_setting('search_path'),',') s)
  ORDER BY table_name;
select quote_ident(column_name) as "column", data_type as "type" from information_schema.columns where quote_ident(table_name) = 'customers';
select quote_ident(column_name) as "column", data_type as "type" from information_schema.columns where quote_ident(table_name) = '"Quoted ""Table"""';
SELECT CASE WHEN quote_ident(table_schema) IN ( SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series( array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1) ) as i, string_to_array(current_setting('search_path'),',') s ) THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache') ORDER BY 1 ASC;
SELECT quote_ident(table_name) as table_name, quote_ident(column_name) AS column_name, data_type FROM information_schema.columns WHERE quote_ident(table_schema) IN ('public') AND table_name = 'customers' AND data_type IN ('bigint', 'integer', 'double precision', 'real', 'numeric') ORDER BY 1, 2 ASC LIMIT 1;
SELECT floor(extract(epoch from placed)/86400)*86400 AS "time", avg(total) AS "value" FROM sales.orders WHERE placed BETWEEN '2024-01-01T00:00:00Z' AND '2024-02-01T00:00:00Z' GROUP BY 1 ORDER BY 1;
SELECT extract(epoch from placed) AS "time", note AS metric, total AS value FROM sales.orders WHERE extract(epoch from placed) >= 1704067200 AND extract(epoch from placed) <= 1706745600 ORDER BY 1, 2;
