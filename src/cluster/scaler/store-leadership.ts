/** One scaler of several leads: by an election in the coordination store. Made by cli/scaler.ts. */
import type { Clock } from '../../common/clock.js';
import type { CoordinationStore } from '../coordination/store.js';
import type { ClusterKeys } from '../membership/cluster-keys.js';
import { LeaderElection } from '../membership/leader-election.js';
import type { Leadership } from './leadership.js';

export interface StoreLeadershipOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  /** This scaler's name. */
  readonly candidate: string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export class StoreLeadership implements Leadership {
  readonly #election: LeaderElection;
  #changed: (isLeader: boolean) => void = () => undefined;

  constructor({ store, keys, candidate, clock, log }: StoreLeadershipOptions) {
    this.#election = new LeaderElection({
      ...{ store, candidate, clock, log },
      key: keys.scalerLeader,
      elected: (leadership) => {
        this.#changed(true);
        leadership.ended.addEventListener('abort', () => {
          this.#changed(this.#election.leadership !== undefined);
        });
      },
    });
  }

  follow(changed: (isLeader: boolean) => void): void {
    this.#changed = changed;
    this.#election.campaign();
  }

  async close(): Promise<void> {
    this.#changed = () => undefined;
    await this.#election.close();
  }
}
