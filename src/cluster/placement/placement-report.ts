/** Where databases are and shall be, as it is shown: shoal.placements, `shoal cluster status`, GET /cluster. Pure. */
import type { Inventory, PlacedDatabase } from './inventory.js';

export interface Placement {
  readonly node: string;
  /** What the node is for the database. 'none': its copy, if there is one, is not in sync. */
  readonly is: 'primary' | 'copy' | 'none';
  readonly wanted: 'primary' | 'copy' | 'none';
  /** away: the node is not a member at present. */
  readonly state: 'in place' | 'catching up' | 'away' | 'taking over' | 'handing over' | 'leaving';
  /** Why it is not to stay so; undefined: nobody wants anything else. */
  readonly reason: string | undefined;
}

export interface DatabaseReport {
  /** Its OID. */
  readonly id: number;
  readonly name: string;
  /** undefined: its primary has not told yet. */
  readonly bytes: number | undefined;
  readonly epoch: number;
  /** undefined: on every node. */
  readonly replicationFactor: number | undefined;
  /** In sync that a commit wants. */
  readonly copiesForCommit: number;
  readonly placements: readonly Placement[];
}

export function reportDatabases(inventory: Inventory): readonly DatabaseReport[] {
  return inventory.databases.map((database) => ({
    id: Number(database.id),
    name: database.name,
    bytes: database.facts?.bytes,
    epoch: database.configuration.epoch,
    replicationFactor: Number.isFinite(database.factor) ? database.factor : undefined,
    copiesForCommit: Math.max(1, Math.min(database.configuration.minIsr, database.configuration.replicas.length)),
    placements: placementsOf(inventory, database),
  }));
}

function placementsOf(inventory: Inventory, database: PlacedDatabase): readonly Placement[] {
  const { primary, isr, replicas } = database.configuration;
  return [...new Set([primary, ...replicas, ...isr])].map((node): Placement => {
    const is = node === primary ? 'primary' : isr.includes(node) ? 'copy' : 'none';
    const wanted = node === replicas[0] ? 'primary' : replicas.includes(node) ? 'copy' : 'none';
    return { node, is, wanted, state: stateOf(inventory, node, is, wanted), reason: reasonOf(inventory, database, node) };
  });
}

function stateOf({ nodes }: Inventory, node: string, is: Placement['is'], wanted: Placement['wanted']): Placement['state'] {
  if (!nodes.has(node)) return 'away';
  if (wanted === 'none') return 'leaving';
  if (is === 'none') return 'catching up';
  if (is === wanted) return 'in place';
  return wanted === 'primary' ? 'taking over' : 'handing over';
}

function reasonOf({ drains, nodes, isRebalancing }: Inventory, { wish, configuration: { replicas, isr } }: PlacedDatabase, node: string): string | undefined {
  const { copy, primary } = wish;
  if (copy?.from === node) return `an operator moves it to ${copy.to}`;
  if (copy?.to === node) return `an operator moves it from ${copy.from}`;
  if (drains.has(node) || nodes.get(node)?.state === 'draining') return 'the node is being drained';
  if (primary === node) return 'an operator wants the primary here';
  return isRebalancing && replicas.includes(node) !== isr.includes(node) ? 'loads are being made even' : undefined;
}
