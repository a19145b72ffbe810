/**
 * What the scaler needs of whoever runs the nodes' processes: Marathon, Kubernetes, or this very machine. One implementation a file in drivers/.
 * Every call returns as soon as the other side has answered; nothing waits for nodes to start or to end.
 */

/** A node's process as its orchestrator shows it. */
export interface DriverTask {
  readonly id: string;
  /** starting: not yet ready, or not known to be. unhealthy: it has failed its health checks. */
  readonly state: 'starting' | 'healthy' | 'unhealthy';
  /** Base address of the node's HTTP side, once known. */
  readonly url: string | undefined;
}

export interface DriverObservation {
  /** How many the orchestrator aims at. */
  readonly instances: number;
  /** Those that exist, first those that had best go first. */
  readonly tasks: readonly DriverTask[];
  /** Changes under way that lock the application: until they are over, another is refused. */
  readonly deployments: readonly string[];
  /** Why tasks that are wanted do not come to be, if the orchestrator knows. */
  readonly starved: string | undefined;
}

/** What became of a change. */
export type ChangeOutcome =
  | { readonly kind: 'done' }
  /** Nothing was changed, because things are no longer as they were when the scaler looked. */
  | { readonly kind: 'outdated' }
  /** Refused because of other changes under way. */
  | { readonly kind: 'locked'; readonly deployments: readonly string[] }
  /** May succeed later: no answer, no leader, overload. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** Somebody must change something first: rights, a name that is not there. */
  | { readonly kind: 'refused'; readonly reason: string };

/** An observation that failed, with the outcome that a change would have had. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  constructor(readonly outcome: Exclude<ChangeOutcome, { readonly kind: 'done' | 'outdated' | 'locked' }>) {
    super(outcome.reason);
  }
}

export interface ScalingDriver {
  readonly name: string;
  /** 'inOrder': only the first of the tasks can be taken away, as with a StatefulSet. */
  readonly removal: 'any' | 'inOrder';
  observe(): Promise<DriverObservation>;
  /** Aims at so many, without ending a task that runs (there are no more of them). force: break off what is under way. */
  setInstances(instances: number, force: boolean): Promise<ChangeOutcome>;
  /** Ends these tasks and aims at `instances`. Where one of them is gone already: outdated, and nothing is changed. */
  remove(tasks: readonly string[], instances: number, force: boolean): Promise<ChangeOutcome>;
  /** Calls back whenever the orchestrator says that something has changed. Calls may be missing, too many, or in any order: the scaler looks for itself from time to time. */
  watch(changed: () => void, log: (line: string) => void): DriverWatch;
  close(): Promise<void>;
}

export interface DriverWatch {
  close(): Promise<void>;
}
