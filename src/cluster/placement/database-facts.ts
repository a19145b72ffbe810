/** What a database's primary tells placement of it, at `/shoal/<cluster>/facts/<id>`: a JSON object. */
export interface DatabaseFacts {
  /** For people. */
  readonly name: string;
  readonly bytes: number;
  /** shoal.replication_factor of the database; absent: the cluster's. */
  readonly replicationFactor?: number;
}

export function writeDatabaseFacts(facts: DatabaseFacts): string {
  return JSON.stringify(facts);
}

/** undefined when it is none. */
export function readDatabaseFacts(text: string): DatabaseFacts | undefined {
  let value: Partial<Record<keyof DatabaseFacts, unknown>> | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, bytes, replicationFactor } = value;
  if (typeof name !== 'string' || typeof bytes !== 'number') return undefined;
  return { name, bytes, ...(typeof replicationFactor === 'number' ? { replicationFactor } : {}) };
}
