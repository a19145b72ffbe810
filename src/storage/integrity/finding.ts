/** What a verification or a check has found wrong: one row of its answer. */
export interface Finding {
  /** Path of the file, when one is to blame. */
  readonly file: string | null;
  /** Page of a database file or frame of a `-wal`, from 1. */
  readonly page: number | null;
  /** The table, index or constraint, when known. */
  readonly object: string | null;
  readonly detail: string;
}

export function finding(detail: string, about: Partial<Omit<Finding, 'detail'>> = {}): Finding {
  return { file: about.file ?? null, page: about.page ?? null, object: about.object ?? null, detail };
}
