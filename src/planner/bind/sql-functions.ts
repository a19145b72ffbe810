/** Functions of pg_catalog that PostgreSQL itself defines in SQL: bound like those that CREATE FUNCTION makes. */
import type { UserFunction } from '../../catalog/user-function.js';
import { Oid } from '../../types/oid.js';

function defined(oid: number, name: string, args: readonly number[], text: string): readonly [number, UserFunction] {
  return [
    oid,
    {
      oid,
      schema: 'pg_catalog',
      name,
      owner: '',
      kind: 'function',
      args: args.map((typeOid) => ({ name: '', mode: 'in', typeOid })),
      result: Oid.text,
      returnsSet: false,
      volatility: 'stable',
      strict: true,
      securityDefiner: false,
      leakproof: false,
      parallel: 'safe',
      searchPath: [],
      body: { kind: 'string', text },
    },
  ];
}

const ofClass = 'classoid = (SELECT oid FROM pg_catalog.pg_class WHERE relname = $2 AND relnamespace = 11)';

/** By OID. */
export const sqlFunctions: ReadonlyMap<number, UserFunction> = new Map([
  defined(1215, 'obj_description', [Oid.oid, Oid.name], `SELECT description FROM pg_catalog.pg_description WHERE objoid = $1 AND ${ofClass} AND objsubid = 0`),
  defined(1348, 'obj_description', [Oid.oid], 'SELECT description FROM pg_catalog.pg_description WHERE objoid = $1 AND objsubid = 0'),
  defined(
    1216,
    'col_description',
    [Oid.oid, Oid.int4],
    'SELECT description FROM pg_catalog.pg_description WHERE objoid = $1 AND classoid = 1259 AND objsubid = $2',
  ),
  defined(1993, 'shobj_description', [Oid.oid, Oid.name], `SELECT description FROM pg_catalog.pg_shdescription WHERE objoid = $1 AND ${ofClass}`),
]);
