/**
 * The keys of a cluster in the coordination store: the one place where they are spelled. docs/cluster.md has them as a table, with who writes and who reads them.
 * Values are JSON, so that `etcdctl get --prefix /shoal/` reads well.
 */

/** Letters, digits, `.`, `_` and `-`: names of clusters and nodes stand in keys, file names and DNS names. */
const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

export function isClusterName(text: string): boolean {
  return namePattern.test(text);
}

export class ClusterKeys {
  readonly #root: string;

  constructor(readonly cluster: string) {
    this.#root = `/shoal/${cluster}`;
  }

  /** What all keys of the cluster begin with. */
  get root(): string {
    return `${this.#root}/`;
  }

  /** Node records, each under its node's lease. */
  get nodes(): string {
    return `${this.#root}/nodes/`;
  }

  node(id: string): string {
    return `${this.nodes}${id}`;
  }

  /** Who leads the cluster, under a lease. */
  get leader(): string {
    return `${this.#root}/leader`;
  }

  /** Which of several scalers acts, under a lease. */
  get scalerLeader(): string {
    return `${this.#root}/scaler/leader`;
  }

  /** How many nodes the queries of each node want, each under its node's lease. */
  get demand(): string {
    return `${this.#root}/scaler/demand/`;
  }

  demandOf(node: string): string {
    return `${this.demand}${node}`;
  }

  /** Everything that applies live. */
  get configuration(): string {
    return `${this.#root}/config/`;
  }

  /** Settings of all nodes. */
  get settings(): string {
    return `${this.configuration}settings/`;
  }

  setting(name: string): string {
    return `${this.settings}${name}`;
  }

  /** Settings of one node, which go before those of all. */
  nodeSettings(node: string): string {
    return `${this.configuration}nodes/${node}/settings/`;
  }

  /** Who is primary and who follows, of each database (docs/adr/0006). */
  get databases(): string {
    return `${this.#root}/databases/`;
  }

  database(id: string | number): string {
    return `${this.databases}${id}`;
  }

  /** Who has which number, by number: nodes of a cluster are numbered, for good. */
  get numbers(): string {
    return `${this.#root}/numbers/`;
  }

  number(number: number): string {
    return `${this.numbers}${String(number).padStart(3, '0')}`;
  }

  /** With which nodes prove to each other that they belong to the cluster. */
  get secret(): string {
    return `${this.#root}/secret`;
  }

  /** Of this cluster, and no other that may have had its name before. */
  get identity(): string {
    return `${this.root}identity`;
  }

  /** What placement weighs of each database (placement/database-facts), written by its primary. */
  get facts(): string {
    return `${this.#root}/facts/`;
  }

  databaseFacts(id: string | number): string {
    return `${this.facts}${id}`;
  }

  /** Nodes that shall give up all their copies, written by `shoal cluster drain`. */
  get drains(): string {
    return `${this.#root}/drains/`;
  }

  drain(node: string): string {
    return `${this.drains}${node}`;
  }

  /** What operators want of the placement of single databases (placement/operator-wish), written by `shoal cluster move`. */
  get wishes(): string {
    return `${this.#root}/wishes/`;
  }

  wish(database: string | number): string {
    return `${this.wishes}${database}`;
  }

  /** Where the logs of databases are archived continuously: `{"location": ...}`, written by `shoal backup --continuous` (replication/node/archive-places). */
  get archives(): string {
    return `${this.#root}/archives/`;
  }

  archive(database: string | number): string {
    return `${this.archives}${database}`;
  }

  /** There until loads are as even as they can be, written by `shoal cluster rebalance`. */
  get rebalance(): string {
    return `${this.#root}/rebalance`;
  }
}
