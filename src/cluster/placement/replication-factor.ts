/** How many copies of a database there shall be: shoal.replication_factor, of the cluster (ALTER SYSTEM) or of one database (ALTER DATABASE). Fewer nodes hold as many as there are. */
export const replicationFactorSetting = 'shoal.replication_factor';

export const defaultReplicationFactor = 3;
export const replicationFactorMax = 100;

/** undefined: the text is none. */
export function validReplicationFactor(text: string): number | undefined {
  const value = Number(text);
  return text !== '' && Number.isInteger(value) && value >= 1 && value <= replicationFactorMax ? value : undefined;
}
