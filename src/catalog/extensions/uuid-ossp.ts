/** uuid-ossp: UUIDs by time, name and chance (RFC 4122). */
import type { AvailableExtension } from './definition.js';

const constants = {
  uuid_nil: '00000000-0000-0000-0000-000000000000',
  uuid_ns_dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  uuid_ns_url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  uuid_ns_oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  uuid_ns_x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
} as const;

const named = Object.entries(constants).map(
  ([name, value]) => `CREATE FUNCTION ${name}() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT '${value}'::pg_catalog.uuid$$;`,
);

const script = `
${named.join('\n')}
CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_uuid_time(false)$$;
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_uuid_time(true)$$;
CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$SELECT pg_catalog.shoal_uuid_name(3, $1, $2)$$;
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.gen_random_uuid()$$;
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$SELECT pg_catalog.shoal_uuid_name(5, $1, $2)$$;
`;

export const uuidOssp: AvailableExtension = {
  name: 'uuid-ossp',
  version: '1.1',
  comment: 'generate universally unique identifiers (UUIDs)',
  relocatable: true,
  script,
};
