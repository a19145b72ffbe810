/**
 * The catalog's objects as immutable, structured-cloneable data. Snapshots of them are published to every front-end thread and stored as JSON rows in
 * global.sqlite (relation `_shoal_object`). DDL makes a new snapshot from an old one (catalog/ddl).
 */
import type { CollationRef } from './collation.js';
import type { ExtendedStatistics } from './extended-statistics.js';
import type { Rule } from './rule.js';
import type { Trigger } from './trigger.js';
import type { Partition, Partitioning } from './partition.js';

export interface Column {
  /** Attribute number, 1-based, never reused; dropped columns leave a hole in `Table.columns`. */
  readonly attribute: number;
  readonly name: string;
  /** Name of the column in the SQLite file: fixed when the column is made, so a rename is metadata only. */
  readonly physicalName: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** The domain that the column was declared with; `typeOid` and `typmod` are then what the domain is over in the end. */
  readonly domainOid?: number;
  readonly notNull: boolean;
  /** SQL text of the DEFAULT (or of the generation expression), deparsed. */
  readonly defaultText?: string;
  readonly generated?: 'stored';
  readonly identity?: 'always' | 'default';
  /** OID of the sequence owned by a serial or identity column. */
  readonly sequenceOid?: number;
  /** Where it is not the type's own. */
  readonly collation?: CollationRef;
  /** Of an array column: how many it was declared with, when it is not one. */
  readonly dimensions?: number;
  /** ALTER COLUMN ... SET STATISTICS. */
  readonly statisticsTarget?: number;
  /** How many parents of the table have the column (catalog/inheritance). */
  readonly inheritCount?: number;
  /** False: it is there only because a parent has it. */
  readonly isLocal?: false;
  readonly comment?: string;
}

export interface IndexKey {
  /** Attribute number, or 0 for an expression. */
  readonly attribute: number;
  readonly expressionText?: string;
  /** Of an expression. */
  readonly typeOid?: number;
  readonly expressionCollation?: CollationRef;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** COLLATE and the operator class, where they are not the column's and the type's own. */
  readonly collation?: CollationRef;
  readonly operatorClass?: string;
}
/** EXCLUDE: no two rows of which the operators of all keys answer true. */
export interface Exclusion {
  /** One for each key. */
  readonly operators: readonly { readonly name: string; readonly oid: number }[];
  /** As SQLite spells it over the columns of the file: the keys in general form, and the condition of another row with the keys `?1`, `?2`, ... Made with the index's files. */
  readonly sql?: { readonly keys: readonly string[]; readonly predicate?: string; readonly condition: string };
}

export interface Index {
  readonly oid: number;
  readonly name: string;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly nullsNotDistinct: boolean;
  readonly keys: readonly IndexKey[];
  readonly include: readonly number[];
  readonly predicateText?: string;
  /** Name of the constraint that owns the index (same as the index's). */
  readonly constraint: boolean;
  readonly method: string;
  /** WITH (...) as pg_class shows it: `fillfactor=70`. */
  readonly options?: readonly string[];
  /** Of the constraint: uniqueness is looked at when a statement, or the transaction, has ended. The SQLite index is not a unique one. */
  readonly deferral?: 'deferrable' | 'initiallyDeferred';
  /** Of an exclusion constraint, whose index is not unique. */
  readonly exclusion?: Exclusion;
  /** Made with ONLY: partitions have none of it until theirs are attached. */
  readonly only?: true;
  /** The index of one partition alone: the predicate holds the partition's condition, and what the partition's index has of its own stands here.
   * `parentOid`: the index of the partition above that it is attached to, which is not attached itself yet. */
  readonly ofPartition?: {
    readonly oid: number;
    readonly primary: boolean;
    readonly constraint: boolean;
    readonly predicateText?: string;
    readonly parentOid?: number;
  };
  readonly comment?: string;
  /** Of the constraint. */
  readonly constraintComment?: string;
}

/** Whether no two rows have one key at any moment: a deferrable constraint lets them meanwhile, a partial index where it does not look. */
export function neverRepeats(index: Index): boolean {
  return index.unique && index.deferral === undefined && index.predicateText === undefined;
}

export interface CheckConstraint {
  readonly oid: number;
  readonly name: string;
  readonly expressionText: string;
  /** Added NOT VALID and not validated since: older rows may violate it. */
  readonly notValid?: true;
  /** Children do not get it. */
  readonly noInherit?: true;
  /** As of a column. */
  readonly inheritCount?: number;
  readonly isLocal?: false;
  readonly comment?: string;
}
export type ReferentialAction = 'noAction' | 'restrict' | 'cascade' | 'setNull' | 'setDefault';
export interface ForeignKey {
  readonly oid: number;
  readonly name: string;
  readonly columns: readonly number[];
  readonly targetOid: number;
  readonly targetColumns: readonly number[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  readonly matchFull: boolean;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  /** Of ON DELETE SET NULL and SET DEFAULT: the columns that are set, when it is not all. */
  readonly onDeleteColumns?: readonly number[];
  /** Added NOT VALID and not validated since. */
  readonly notValid?: true;
  readonly comment?: string;
}

/** reference: whole in global.sqlite. distributed: over the shards of a colocation group by the hash of `columns` (attribute numbers). */
export type Distribution = { readonly kind: 'reference' } | { readonly kind: 'distributed'; readonly columns: readonly number[]; readonly group: number };

/** CREATE POLICY. */
export interface Policy {
  readonly oid: number;
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  readonly permissive: boolean;
  /** OIDs of roles; 0: PUBLIC. */
  readonly roles: readonly number[];
  readonly usingText?: string;
  readonly checkText?: string;
  readonly comment?: string;
}

export interface RowSecurity {
  readonly enabled: boolean;
  /** Policies bind the owner, too. */
  readonly forced: boolean;
  readonly policies: readonly Policy[];
}

export interface Table {
  readonly kind: 'table';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  /** Of a materialized view: its definition as a view keeps it; what it holds is like a table's. */
  readonly materialized?: { readonly queryText: string; readonly populated: boolean };
  /** WITH (...) as pg_class shows it. */
  readonly options?: readonly string[];
  /** Of a temporary table: what the end of a transaction does to it. */
  readonly onCommit?: 'deleteRows' | 'drop';
  /** Live columns in attribute order. */
  readonly columns: readonly Column[];
  /** Highest attribute number ever given. */
  readonly lastAttribute: number;
  readonly indexes: readonly Index[];
  readonly checks: readonly CheckConstraint[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly triggers?: readonly Trigger[];
  readonly rules?: readonly Rule[];
  /** CREATE STATISTICS. */
  readonly statistics?: readonly ExtendedStatistics[];
  readonly distribution: Distribution;
  /** Name of the table in its SQLite files: unique in the database and fixed for its life, e.g. `t16385_orders` — readable and rename-proof. */
  readonly physicalName: string;
  /** Its rows belong to partitions, which are relations of their own (catalog/partition). */
  readonly partitioning?: Partitioning;
  readonly rowSecurity?: RowSecurity;
  /** OIDs of the tables that it inherits from, in the order in which they were named. */
  readonly parents?: readonly number[];
  /** OF: the composite type whose attributes are its columns. */
  readonly ofType?: number;
  readonly comment?: string;
}

export interface View {
  readonly kind: 'view';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly columns: readonly {
    readonly name: string;
    readonly typeOid: number;
    readonly typmod: number;
    /** Where it is not the type's own. */
    readonly collation?: CollationRef;
    /** ALTER VIEW ... ALTER COLUMN ... SET DEFAULT: for rows inserted through the view. */
    readonly defaultText?: string;
    readonly comment?: string;
  }[];
  /** Deparsed SELECT, names qualified by what they meant at creation. */
  readonly queryText: string;
  readonly triggers?: readonly Trigger[];
  readonly rules?: readonly Rule[];
  readonly checkOption?: 'local' | 'cascaded';
  /** WITH (security_barrier, ...) as pg_class shows it, the check option left out: `security_barrier=true`. */
  readonly options?: readonly string[];
  readonly comment?: string;
}

export interface Sequence {
  readonly kind: 'sequence';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly typeOid: number;
  readonly start: bigint;
  readonly increment: bigint;
  readonly minValue: bigint;
  readonly maxValue: bigint;
  readonly cache: bigint;
  readonly cycle: boolean;
  readonly ownedBy?: { readonly tableOid: number; readonly attribute: number };
  readonly comment?: string;
}

export type Relation = Table | Partition | View | Sequence;

export interface Schema {
  readonly oid: number;
  readonly name: string;
  readonly owner: string;
  /** '' takes away the one that schema public has by itself. */
  readonly comment?: string;
}

/**
 * Shards of a colocation group: files `<group name>/<nnnn>.sqlite`, schema name on connections `<group name>_<nnnn>`; shard i owns [bounds[i], bounds[i+1]) of the top 32 hash bits.
 * catalog/shard-group knows which file a shard has.
 */
export interface ShardGroup {
  readonly id: number;
  readonly name: string;
  /** First top-32-bit hash value of each shard; bounds[0] = 0, ascending. */
  readonly bounds: readonly number[];
  /** Number of each shard's file. Absent: no shard was ever split, and each file has its shard's number. */
  readonly files?: readonly number[];
  /** Number of the next file: none is used twice. Absent: as many as there are shards. */
  readonly nextFile?: number;
  /** A shard that is being split (storage/write/shard-splitter). */
  readonly split?: ShardSplit;
  /** Type family of the key (tables colocate only within a family). */
  readonly family: string;
}

/** The parts that a shard is to be made of, while they are filled. */
export interface ShardSplit {
  readonly shard: number;
  /** First hash value of each part; that of the first is the shard's. */
  readonly bounds: readonly number[];
  /** Numbers of the parts' files. */
  readonly files: readonly number[];
}

/** The name of the SQLite index: fixed for the index's life. */
export function physicalIndexName(index: { readonly oid: number }): string {
  return `i${String(index.oid)}`;
}
