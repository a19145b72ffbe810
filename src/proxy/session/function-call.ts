/**
 * FunctionCall of the protocol (the "fast path"): a function by its OID, as the query that calls it. Called by session/shoal-session.ts.
 * Source: PostgreSQL 15, chapter 55.2.5 and fastpath.c.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { notSupported, PgError } from '../../common/errors.js';
import { functionByOid } from '../../functions/registry.js';
import { formatType } from '../../types/registry.js';
import type { CopyInput, ExecuteOutput } from './session.js';

export function functionCallText(catalog: CatalogSnapshot, oid: number, given: number): { readonly text: string; readonly argumentOids: readonly number[] } {
  const definition = catalog.functions.byOid(oid);
  const builtIn = functionByOid(oid);
  const entry = catalog.functions.entryByOid(oid) ?? builtIn;
  if (entry === undefined) throw new PgError('42883', `function with OID ${String(oid)} does not exist`);
  if (entry.kind !== 'scalar') throw new PgError('0A000', `cannot call function "${entry.name}" via fastpath interface`);
  if (entry.args.length !== given) {
    throw new PgError('08P01', `function call message contains ${String(given)} arguments but function requires ${String(entry.args.length)}`);
  }
  const schema = definition?.schema ?? 'pg_catalog';
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const args = entry.args.map((type, index) => `$${String(index + 1)}::${formatType(type)}`);
  return { text: `SELECT ${quote(schema)}.${quote(entry.name)}(${args.join(', ')})`, argumentOids: entry.args };
}

/** Takes the one field of the one row. */
export class SingleField implements ExecuteOutput {
  value: Uint8Array | null = null;

  /** DataRow: 'D', length, count of fields, then each field's length and bytes. */
  rows(bytes: Uint8Array): undefined {
    const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = row.readInt32BE(7);
    this.value = length < 0 ? null : Uint8Array.from(row.subarray(11, 11 + length));
    return undefined;
  }

  copyIn(): CopyInput {
    throw notSupported('COPY in a function call');
  }

  copyOut(): void {
    throw notSupported('COPY in a function call');
  }

  copyData(): undefined {
    throw notSupported('COPY in a function call');
  }
}
