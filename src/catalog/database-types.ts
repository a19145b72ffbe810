/**
 * The types of one catalog state as the type registry wants them: enums, domains, composites, row types of tables and views, and the arrays of all of these.
 * A snapshot makes it when it is first asked; sessions and connections put it in force with `useTypes`.
 */
import { arrayCodec } from '../types/array.js';
import { compositeCodec, type CompositeField } from '../types/composite.js';
import { checkedDomainCodec } from '../types/domain.js';
import { enumCodec, enumGap } from '../types/enum.js';
import type { PgType, TypeCodec, TypeDefinition, TypeRow } from '../types/pg-type.js';
import { multirangeCodec, rangeCodec } from '../types/range.js';
import { arrayRowOf, rangeSupportFor, requireType, typeByOid } from '../types/registry.js';
import type { TypeSource } from '../types/user-types.js';
import { quoteIdentifier } from '../sql/quote.js';
import type { CatalogData } from './snapshot.js';
import type { Relation } from './table.js';
import { type DomainType, type MultirangeType, type RangeType, rowArrayTypeOffset, rowTypeOffset, type UserType } from './user-type.js';

/** Where a type lives: the named object of pg_type. */
export interface NamedType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly arrayOid: number;
  readonly arrayName: string;
  /** The definition, for types that are not a relation's. */
  readonly type?: UserType;
  /** The relation whose rows it describes. */
  readonly relation?: Relation;
}

function namedRelation(relation: Relation): NamedType {
  const { oid, schema, name, owner } = relation;
  return { oid: oid + rowTypeOffset, schema, name, owner, arrayOid: oid + rowArrayTypeOffset, arrayName: `_${name}`, relation };
}

function fieldsOf(named: NamedType): readonly CompositeField[] {
  const { relation, type } = named;
  if (type?.kind === 'composite') return type.attributes;
  if (relation?.kind === 'table')
    return relation.columns.map(({ name, typeOid, domainOid, typmod, attribute }) => ({ name, typeOid: domainOid ?? typeOid, typmod, attribute }));
  if (relation?.kind === 'view') return relation.columns.map(({ name, typeOid, typmod }, at) => ({ name, typeOid, typmod, attribute: at + 1 }));
  return [];
}

export class DatabaseTypes implements TypeSource {
  readonly #byOid = new Map<number, NamedType>();
  readonly #byName = new Map<string, NamedType>();
  readonly #arrays = new Map<number, NamedType>();
  readonly #made = new Map<number, PgType>();
  readonly #constructors = new Map<string, RangeType | MultirangeType>();

  constructor(data: CatalogData) {
    for (const relation of data.relations) if (relation.kind !== 'sequence') this.#add(namedRelation(relation));
    for (const type of data.types ?? []) {
      this.#add({ ...type, type });
      if (type.kind === 'range' || type.kind === 'multirange') this.#constructors.set(`${type.constructors.schema}\u0000${type.constructors.name}`, type);
    }
  }

  #add(named: NamedType): void {
    this.#byOid.set(named.oid, named);
    this.#arrays.set(named.arrayOid, named);
    this.#byName.set(`${named.schema}\u0000${named.name}`, named);
    if (!this.#byName.has(`${named.schema}\u0000${named.arrayName}`)) this.#byName.set(`${named.schema}\u0000${named.arrayName}`, named);
  }

  /** Every type but the arrays. */
  all(): IterableIterator<NamedType> {
    return this.#byOid.values();
  }

  /** The type with that OID, or whose array type has it. */
  named(oid: number): NamedType | undefined {
    return this.#byOid.get(oid) ?? this.#arrays.get(oid);
  }

  /** The definition of a type of CREATE TYPE or CREATE DOMAIN. */
  definition(oid: number): UserType | undefined {
    return this.#byOid.get(oid)?.type;
  }

  get hasRanges(): boolean {
    return this.#constructors.size > 0;
  }

  /** The range or multirange type whose constructors have that name. */
  constructed(schema: string, name: string): RangeType | MultirangeType | undefined {
    return this.#constructors.get(`${schema}\u0000${name}`);
  }

  /** pg_class's OID of a composite type. */
  compositeClass(schema: string, name: string): number | undefined {
    const type = this.#byName.get(`${schema}\u0000${name}`)?.type;
    return type?.kind === 'composite' && type.name === name ? type.classOid : undefined;
  }

  /** The composite type that pg_class has under that OID. */
  classNamed(classOid: number): { readonly schema: string; readonly name: string } | undefined {
    for (const { type } of this.#byOid.values()) if (type?.kind === 'composite' && type.classOid === classOid) return type;
    return undefined;
  }

  /** OID of the type of that name in a schema. */
  oidOf(schema: string, name: string): number | undefined {
    const named = this.#byName.get(`${schema}\u0000${name}`);
    if (named === undefined) return undefined;
    return named.name === name ? named.oid : named.arrayOid;
  }

  /** First type of that name along the path. */
  find(searchPath: readonly string[], name: string): number | undefined {
    for (const schema of searchPath) {
      const oid = this.oidOf(schema, name);
      if (oid !== undefined) return oid;
    }
    return undefined;
  }

  displayName(oid: number, searchPath: readonly string[]): string {
    const named = this.named(oid);
    if (named === undefined) return '???';
    const name = quoteIdentifier(named.name);
    const visible = this.find(searchPath, named.name) === named.oid;
    const text = visible ? name : `${quoteIdentifier(named.schema)}.${name}`;
    return named.oid === oid ? text : `${text}[]`;
  }

  typeByOid(oid: number): PgType | undefined {
    const known = this.#made.get(oid);
    if (known !== undefined) return known;
    const named = this.#byOid.get(oid);
    const made = named === undefined ? this.#array(oid) : this.#make(named);
    if (made !== undefined) this.#made.set(oid, made);
    return made;
  }

  #array(oid: number): PgType | undefined {
    const named = this.#arrays.get(oid);
    const element = named === undefined ? undefined : this.typeByOid(named.oid);
    if (named === undefined || element === undefined) return undefined;
    return { ...arrayRowOf(element, oid), name: named.arrayName, ...arrayCodec(() => requireType(named.oid)), contextual: true };
  }

  #make(named: NamedType): PgType {
    const { type } = named;
    switch (type?.kind) {
      case 'enum': {
        const members = type.labels.map(({ label, sortOrder, fresh }) => ({ label, position: sortOrder * enumGap, ...(fresh === true ? { fresh } : {}) }));
        const codec = enumCodec(members, () => typeByOid(type.oid)?.displayName ?? type.name);
        return this.#type(named, { kind: 'e', category: 'E', length: 4, byValue: true, align: 'i', storage: 'p', collationOid: 0 }, codec, {
          kind: 'enum',
          members,
        });
      }
      case 'domain':
        return this.#domain(named, type);
      case 'range':
      case 'multirange': {
        const subtype = requireType(type.subtypeOid);
        const isRange = type.kind === 'range';
        const [rangeOid, multirangeOid] = isRange ? [type.oid, type.multirangeOid] : [type.rangeOid, type.oid];
        const definition = { kind: type.kind, rangeOid, subtypeOid: type.subtypeOid, multirangeOid };
        const support = rangeSupportFor(definition);
        const row = {
          kind: isRange ? 'r' : 'm',
          category: 'R',
          length: -1,
          byValue: false,
          align: subtype.align === 'd' ? 'd' : 'i',
          storage: 'x',
          collationOid: 0,
        } as const;
        return this.#type(named, row, isRange ? rangeCodec(support) : multirangeCodec(support), definition);
      }
      case 'composite':
      case undefined: {
        const fields = fieldsOf(named);
        const row = { kind: 'c', category: 'C', length: -1, byValue: false, align: 'd', storage: 'x', collationOid: 0 } as const;
        return this.#type(named, row, compositeCodec(fields, requireType), { kind: 'composite', fields });
      }
    }
  }

  #domain(named: NamedType, type: DomainType): PgType {
    const base = requireType(type.baseOid);
    const row = {
      kind: 'd',
      category: base.category,
      length: base.length,
      byValue: base.byValue,
      align: base.align,
      storage: base.storage,
      collationOid: base.collationOid,
    } as const;
    const codec = checkedDomainCodec(() => requireType(type.baseOid), {
      oid: type.oid,
      schema: type.schema,
      name: type.name,
      baseTypmod: type.baseTypmod,
      notNull: type.notNull,
      checks: type.checks,
    });
    return this.#type(named, row, codec, { kind: 'domain', baseOid: type.baseOid, baseTypmod: type.baseTypmod });
  }

  #type(
    named: NamedType,
    row: Pick<TypeRow, 'kind' | 'category' | 'length' | 'byValue' | 'align' | 'storage' | 'collationOid'>,
    codec: TypeCodec,
    definition: TypeDefinition,
  ): PgType {
    const { oid, name, arrayOid } = named;
    return { oid, name, displayName: name, preferred: false, arrayOid, delimiter: ',', ...row, ...codec, definition };
  }
}
