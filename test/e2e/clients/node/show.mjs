/**
 * What the programs of this folder print with: values spelled so that a wrong JavaScript type shows (5n is no 5, a Date no text), failures by SQLSTATE and message.
 * Used by all of them.
 */
import { inspect } from 'node:util';

/** One line: a label and values. Prototypes of libraries' row classes are left out, names of scalars' classes are not. */
export function show(label, ...values) {
  console.log(
    label,
    ...values.map((value) => inspect(plain(value), { depth: 8, breakLength: Infinity, compact: true, maxArrayLength: 50, maxStringLength: 300 })),
  );
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  if (value instanceof Map) return plain(Object.fromEntries(value));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

/** Runs something that has to fail, and prints how. */
export async function fails(label, work) {
  try {
    show(`${label}: no failure`, await work());
  } catch (error) {
    const cause = error.code === undefined || error.severity === undefined ? (error.original ?? error.driverError ?? error.cause ?? error) : error;
    // (With a blank: five digits would be taken for an OID.)
    show(label, cause.code?.replace(/^(..)(...)$/, '$1 $2'), cause.message, {
      detail: cause.detail
        ?.replace(/contains \(\d+/, 'contains (N')
        .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
        .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00/g, 'NOW'),
      hint: cause.hint,
      constraint: cause.constraint_name ?? cause.constraint,
      position: cause.position,
    });
  }
}

/** Where the server is, from libpq's environment variables. */
export const server = {
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  user: process.env.PGUSER,
  database: process.env.PGDATABASE,
};
