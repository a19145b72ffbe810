/**
 * The types that a database defines (enums, domains, composites, row types of tables) as the registry shows them. Built-in types are static; these belong to a
 * catalog: whoever is about to work says which one with `useTypes` (a connection before each task, a session before it binds or formats), and look-ups by OID go
 * there. A thread does one thing at a time, so one current source per thread is enough; it must be set anew after every await.
 *
 * What the registry answers for such an OID is one lasting object per OID that asks the current source at every use. So caches by OID (kernels of calls, element
 * codecs) stay right when ALTER TYPE changes the definition.
 */
import { PgError } from '../common/errors.js';
import type { PgType, PhysicalKind, TypeDefinition } from './pg-type.js';
import type { SqlValue, TypeContext } from './value.js';

/** PostgreSQL's FirstNormalObjectId: user objects have OIDs from here on. */
export const firstUserOid = 16_384;

/** The user types of one state of a catalog. */
export interface TypeSource {
  typeByOid(oid: number): PgType | undefined;
  /** format_type's name of a type that is no array: qualified unless the path finds it. */
  displayName(oid: number, searchPath: readonly string[]): string;
}

const nothing: TypeSource = { typeByOid: () => undefined, displayName: () => '???' };

let source: TypeSource = nothing;
let path: readonly string[] = [];

/** From here on user types are those of that catalog, and their names are shown as that search path demands. */
export function useTypes(types: TypeSource, searchPath: readonly string[]): void {
  source = types;
  path = searchPath;
}

const lasting = new Map<number, LastingType>();

export function userType(oid: number): PgType | undefined {
  if (source.typeByOid(oid) === undefined) return undefined;
  let type = lasting.get(oid);
  if (type === undefined) lasting.set(oid, (type = new LastingType(oid)));
  return type as PgType;
}

class LastingType {
  constructor(readonly oid: number) {}

  get #now(): PgType {
    const type = source.typeByOid(this.oid);
    if (type === undefined) throw new PgError('42704', `type with OID ${String(this.oid)} does not exist`);
    return type;
  }

  get name(): string {
    return this.#now.name;
  }
  get displayName(): string {
    return source.displayName(this.oid, path);
  }
  get length(): number {
    return this.#now.length;
  }
  get kind(): PgType['kind'] {
    return this.#now.kind;
  }
  get category(): string {
    return this.#now.category;
  }
  get preferred(): boolean {
    return this.#now.preferred;
  }
  get elementOid(): number | undefined {
    return this.#now.elementOid;
  }
  get arrayOid(): number | undefined {
    return this.#now.arrayOid;
  }
  get align(): PgType['align'] {
    return this.#now.align;
  }
  get byValue(): boolean {
    return this.#now.byValue;
  }
  get storage(): PgType['storage'] {
    return this.#now.storage;
  }
  get collationOid(): number {
    return this.#now.collationOid;
  }
  get delimiter(): string {
    return this.#now.delimiter;
  }
  get definition(): TypeDefinition | undefined {
    return this.#now.definition;
  }
  get physical(): PhysicalKind {
    return this.#now.physical;
  }
  get wide(): boolean {
    return this.#now.wide;
  }
  get contextual(): boolean {
    return this.#now.contextual === true;
  }
  parse(text: string, typmod: number, context: TypeContext): SqlValue {
    return this.#now.parse(text, typmod, context);
  }
  format(value: SqlValue, typmod: number, context: TypeContext): string {
    return this.#now.format(value, typmod, context);
  }
  decodeBinary(bytes: Uint8Array, typmod: number, context: TypeContext): SqlValue {
    return this.#now.decodeBinary(bytes, typmod, context);
  }
  encodeBinary(value: SqlValue, typmod: number, context: TypeContext): Uint8Array {
    return this.#now.encodeBinary(value, typmod, context);
  }
  get check(): PgType['check'] | undefined {
    return this.#now.check;
  }
  acceptNull(): void {
    this.#now.acceptNull?.();
  }
  get key(): ((value: SqlValue) => SqlValue) | undefined {
    return this.#now.key === undefined ? undefined : (value) => this.#now.key?.(value) ?? null;
  }
  get typmodIn(): ((args: readonly number[]) => number) | undefined {
    return this.#now.typmodIn;
  }
  get typmodOut(): ((typmod: number) => string) | undefined {
    return this.#now.typmodOut;
  }
  get coerceTypmod(): PgType['coerceTypmod'] | undefined {
    return this.#now.coerceTypmod;
  }
}
