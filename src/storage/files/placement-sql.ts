/** The shard of a row in SQL, over the columns as SQLite has them. Used where rows are looked at file by file: integrity/check-files, write/split-parts. */
import type { Column } from '../../catalog/table.js';
import { isDecimalTypmod } from '../../types/numeric-codec.js';
import { Oid } from '../../types/oid.js';
import { quoteName } from './layout.js';

/** The index of the range of hash values, among those that begin at `bounds`, to which a row belongs by its key. */
export function placementSql(bounds: readonly number[], key: readonly Column[]): string {
  return `shoal_shard('${bounds.join(',')}', '${key.map(({ typeOid }) => typeOid).join(',')}', ${key.map(keyText).join(', ')})`;
}

/** A column in the form of which the placement hash is taken: scaled integers as decimal text. */
function keyText(column: Column): string {
  const name = quoteName(column.physicalName);
  const decimal = column.typeOid === Oid.numeric ? isDecimalTypmod(column.typmod) : undefined;
  return decimal === undefined ? name : `shoal_decimal_text(${name}, ${String(decimal.scale)})`;
}
