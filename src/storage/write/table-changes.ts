/**
 * At which record of the log each table was changed last, as far as this lane has written it. So a statement that shows an older record may also read on a copy that has gone on
 * from there: what it reads is the same. Kept by storage/write/group-commit, asked through PositionService.
 */
export class TableChanges {
  readonly #last = new Map<string, number>();
  /** Up to this record any table may have been changed. */
  #anyUntil: number;

  constructor(
    /** The last record before the lane's first. */
    lsn: number,
  ) {
    this.#anyUntil = lsn;
  }

  /** tables: their physical names; undefined: any. lsn: of the last record that is on its way. */
  note(tables: Iterable<string> | undefined, lsn: number): void {
    if (tables === undefined) this.#anyUntil = lsn;
    else for (const table of tables) this.#last.set(table, lsn);
    // (What is forgotten counts as changed.)
    if (this.#last.size > tablesMax) {
      this.#last.clear();
      this.#anyUntil = lsn;
    }
  }

  /** Whether all tables are as they were at that record. */
  areAsAt(lsn: number, tables: readonly string[]): boolean {
    return lsn >= this.#anyUntil && tables.every((table) => (this.#last.get(table) ?? 0) <= lsn);
  }
}

const tablesMax = 10_000;
