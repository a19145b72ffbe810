/** What an index holds, column by column, as pg_attribute and pg_index tell of it. */
import { Oid } from '../../types/registry.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { Column, Index, IndexKey, Table } from '../table.js';
import { collationOid } from '../collation.js';
import { operatorClassNamed, operatorClassOf } from './pg-opclass.js';

/** OID of a column's collation: its own, its domain's, or its type's. */
export function collationOf(catalog: CatalogSnapshot, column: Pick<Column, 'domainOid' | 'collation' | 'typeOid'>): number {
  const domain = column.domainOid === undefined ? undefined : catalog.types.definition(column.domainOid);
  return collationOid(column.collation ?? (domain?.kind === 'domain' ? domain.collation : undefined), column.typeOid);
}

export interface IndexColumn {
  readonly name: string;
  /** Attribute number in the table; 0 for an expression. */
  readonly attribute: number;
  readonly typeOid: number;
  readonly typmod: number;
  readonly collation: number;
  /** OID of the operator class; 0 for included columns. */
  readonly operatorClass: number;
}

/** The keys, then the included columns. */
export function indexColumns(catalog: CatalogSnapshot, table: Pick<Table, 'columns'>, index: Index): readonly IndexColumn[] {
  const taken = new Set<string>();
  const keys = index.keys.map((key): IndexColumn => {
    const column = table.columns.find((candidate) => candidate.attribute === key.attribute);
    const name = column?.name ?? expressionName(key, taken);
    taken.add(name);
    const typeOid = column?.typeOid ?? key.typeOid ?? Oid.text;
    const collation = key.collation === undefined ? undefined : collationOid(key.collation, typeOid);
    const named = key.operatorClass === undefined ? undefined : operatorClassNamed(key.operatorClass, index.method, typeOid);
    const operatorClass = named ?? operatorClassOf(typeOid, index.method);
    // A hash index holds hash codes.
    const stored =
      index.method === 'hash'
        ? Oid.int4
        : operatorClass?.key === undefined || operatorClass.key === 0 || polymorphic.has(operatorClass.key)
          ? undefined
          : operatorClass.key;
    return {
      name,
      attribute: key.attribute,
      typeOid: stored ?? column?.domainOid ?? typeOid,
      typmod: column?.domainOid === undefined && stored === undefined ? (column?.typmod ?? -1) : -1,
      collation: collation ?? (column === undefined ? collationOid(key.expressionCollation, typeOid) : collationOf(catalog, column)),
      operatorClass: operatorClass?.oid ?? 0,
    };
  });
  const included = index.include.flatMap((attribute): readonly IndexColumn[] => {
    const column = table.columns.find((candidate) => candidate.attribute === attribute);
    if (column === undefined) return [];
    const { name, typmod, domainOid, typeOid } = column;
    return [{ name, attribute, typeOid: domainOid ?? typeOid, typmod: domainOid === undefined ? typmod : -1, collation: 0, operatorClass: 0 }];
  });
  return [...keys, ...included];
}

/** What GIN keeps of an array is an element of it, of whatever type. */
const polymorphic: ReadonlySet<number> = new Set([2283, 2277]);

/** As PostgreSQL names them: a call after its function, others `expr`, `expr1`, ... */
function expressionName(key: IndexKey, taken: ReadonlySet<string>): string {
  const base = /^(\w+)\(/.exec(key.expressionText ?? '')?.[1] ?? 'expr';
  if (!taken.has(base)) return base;
  for (let at = 1; ; at++) if (!taken.has(`${base}${String(at)}`)) return `${base}${String(at)}`;
}
