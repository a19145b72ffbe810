/** pgcrypto: digests, keyed digests, random bytes and hashed passwords. Its ciphers and PGP functions are not there. */
import type { AvailableExtension } from './definition.js';

const script = `
CREATE FUNCTION digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$SELECT pg_catalog.shoal_digest(pg_catalog.convert_to($1, 'UTF8'), $2)$$;
CREATE FUNCTION digest(bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_digest($1, $2)$$;
CREATE FUNCTION hmac(text, text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$SELECT pg_catalog.shoal_hmac(pg_catalog.convert_to($1, 'UTF8'), pg_catalog.convert_to($2, 'UTF8'), $3)$$;
CREATE FUNCTION hmac(bytea, bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_hmac($1, $2, $3)$$;
CREATE FUNCTION gen_random_bytes(int4) RETURNS bytea LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_random_bytes($1)$$;
CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$SELECT pg_catalog.gen_random_uuid()$$;
CREATE FUNCTION crypt(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_crypt($1, $2)$$;
CREATE FUNCTION gen_salt(text) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_gen_salt($1, 0)$$;
CREATE FUNCTION gen_salt(text, int4) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$SELECT pg_catalog.shoal_gen_salt($1, $2)$$;
`;

export const pgcrypto: AvailableExtension = { name: 'pgcrypto', version: '1.3', comment: 'cryptographic functions', relocatable: true, script };
