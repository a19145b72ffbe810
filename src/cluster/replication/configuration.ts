/**
 * Who is what for a database: the value of its key in the coordination store, and the only changes of it that there are. Pure; replica, primary and follower call these
 * and bring the result to the store by compare-and-swap (configuration-key).
 */
export type NodeId = string;

export interface Configuration {
  /** Rises with every change of primary. */
  readonly epoch: number;
  readonly primary: NodeId;
  /** Names the primary's life: a process that has restarted does not know the token of the one before. */
  readonly token: string;
  /** In-sync replicas, the primary among them: each of them has every acknowledged commit on its disk. In the order in which they would take over. */
  readonly isr: readonly NodeId[];
  /** The nodes that shall host the database, the one that shall be primary first; the placement's wish. */
  readonly replicas: readonly NodeId[];
  /** Commits wait while fewer than this are in sync. */
  readonly minIsr: number;
  /** The last epoch that an operator began with a replica that may not have had everything; 0: none. Copies of before may have more than is valid now. */
  readonly uncleanEpoch: number;
  /** The node that was last chosen for the primary, by who made the database or by placement. One that takes over by itself is not chosen, so that a failure changes no plan. */
  readonly home: NodeId;
}

/** The configuration of a new database: whoever creates it has the only copy. Its replica raises the epoch when it starts. */
export function newConfiguration(creator: NodeId, replicas: readonly NodeId[], minIsr: number): Configuration {
  return { epoch: 0, primary: creator, token: '', isr: [creator], replicas, minIsr, uncleanEpoch: 0, home: creator };
}

/** How many copies must have a commit, by the number of copies wanted: with two, the lone survivor goes on. */
export function defaultMinIsr(copies: number): number {
  return copies >= 3 ? 2 : 1;
}

/** How many replicas must be in sync for a commit. */
export function inSyncNeeded({ minIsr, replicas }: Configuration): number {
  return Math.max(1, Math.min(minIsr, replicas.length));
}

/**
 * `node` takes over. The old primary is no longer in sync, unless there were too few for a commit without it: then it stays, and commits wait for it. Nobody hands back by itself:
 * of the wanted ones the new primary is first.
 */
export function promoted(configuration: Configuration, node: NodeId, token: string): Configuration {
  const others = configuration.isr.filter((member) => member !== node && member !== configuration.primary);
  const keepsOld = configuration.primary !== node && configuration.isr.includes(configuration.primary) && others.length + 1 < inSyncNeeded(configuration);
  const isr = [node, ...others, ...(keepsOld ? [configuration.primary] : [])];
  const replicas = [...configuration.replicas.filter((member) => member === node), ...configuration.replicas.filter((member) => member !== node)];
  return { ...configuration, epoch: configuration.epoch + 1, primary: node, token, isr, replicas };
}

/** An operator says that `node` takes over whether or not it has every commit. */
export function promotedUncleanly(configuration: Configuration, node: NodeId, token: string): Configuration {
  const epoch = configuration.epoch + 1;
  return { ...configuration, epoch, primary: node, token, isr: [node], uncleanEpoch: epoch };
}

export function withReplica(configuration: Configuration, node: NodeId): Configuration {
  return { ...configuration, isr: [...configuration.isr, node] };
}

export function withoutReplica(configuration: Configuration, node: NodeId): Configuration {
  return { ...configuration, isr: configuration.isr.filter((member) => member !== node) };
}

export function formatConfiguration(configuration: Configuration): string {
  return JSON.stringify(configuration);
}

/** Throws when the text is not a configuration: the key is not ours to repair. */
export function parseConfiguration(text: string): Configuration {
  const value = JSON.parse(text) as Partial<Configuration>;
  const { epoch, primary, token, isr, replicas, minIsr, uncleanEpoch, home } = value;
  if (
    typeof epoch !== 'number' ||
    typeof primary !== 'string' ||
    typeof token !== 'string' ||
    typeof minIsr !== 'number' ||
    !Array.isArray(isr) ||
    !Array.isArray(replicas)
  ) {
    throw new Error(`not a configuration of a database: ${text}`);
  }
  return { epoch, primary, token, isr, replicas, minIsr, uncleanEpoch: uncleanEpoch ?? 0, home: home ?? primary };
}
