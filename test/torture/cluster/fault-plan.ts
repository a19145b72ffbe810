/**
 * What the rounds of a torture do to the cluster, as data: drawn from the seed, so that a seed is a schedule. Victims are named by what they are when the fault strikes,
 * since which node is primary is the cluster's own business. Pure; cluster-torture.ts inflicts it.
 */
import { assertNever } from '../../../src/common/errors.js';
import type { Random } from '../../support/random.js';

export const faultKinds = ['kill', 'stop', 'partition', 'etcd', 'clock'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A node by its part; `turn` chooses among several. */
export interface Victim {
  readonly part: 'primary' | 'follower' | 'any';
  readonly turn: number;
}

/** What is cut. Of a victim, or of halves of the cluster, the first of which has the primary. */
export type Partition =
  /** The victim and everybody else, etcd too. */
  | 'alone'
  /** The victim and all other nodes, but not etcd. */
  | 'from nodes'
  /** What the victim sends to the other nodes and etcd. */
  | 'mute'
  /** What the others and etcd send to the victim. */
  | 'deaf'
  /** What the victim sends to the other nodes only. */
  | 'mute to nodes'
  /** What the other nodes send to the victim only. */
  | 'deaf to nodes'
  /** The victim and etcd. */
  | 'from etcd'
  /** The victim and one other node. */
  | 'pair'
  /** What the victim sends to one other node. */
  | 'pair, one way';

export type Fault =
  | {
      readonly kind: 'kill';
      readonly victims: readonly Victim[];
      /** Once writes are back, the next primary is killed, too, and so on: so many, while copies allow. */
      readonly heirs: number;
      readonly downMs: number;
      /** Starts that are killed themselves, after so long. */
      readonly brokenStartsMs: readonly number[];
    }
  | { readonly kind: 'stop'; readonly victim: Victim; readonly forMs: number }
  | { readonly kind: 'partition'; readonly shape: Partition; readonly victim: Victim; readonly forMs: number }
  | {
      readonly kind: 'etcd';
      readonly downMs: number;
      /** Killed while etcd is away. */
      readonly victim: Victim | undefined;
    }
  | {
      readonly kind: 'clock';
      /** How far each clock is moved, by node; 0: not at all. */
      readonly offsetsMs: readonly number[];
      readonly victim: Victim | undefined;
    };

export interface FaultOptions {
  readonly kinds: readonly FaultKind[];
  readonly nodes: number;
  readonly copies: number;
  /** How long a process is stopped. */
  readonly stopMs: number;
  /** How long a partition lasts. */
  readonly partitionMs: number;
}

const minuteMs = 60_000;

function drawVictim(random: Random): Victim {
  const part = random.weighted([
    [6, 'primary'],
    [3, 'follower'],
    [1, 'any'],
  ] as const);
  return { part, turn: random.int(0, 1000) };
}

export function drawFault(random: Random, { kinds, nodes, copies, stopMs, partitionMs }: FaultOptions): Fault {
  const kind = random.pick(kinds);
  switch (kind) {
    case 'kill': {
      const victims = random.weighted([
        [8, 1],
        [1, 2],
        [0.5, nodes],
      ] as const);
      const broken = random.weighted([
        [6, 0],
        [2, 1],
        [1, 2],
      ] as const);
      return {
        kind,
        victims: Array.from({ length: victims }, () => drawVictim(random)),
        heirs: copies > 1 && victims === 1 && random.chance(0.25) ? 1 : 0,
        downMs: random.weighted([
          [4, 0],
          [4, random.int(200, 2000)],
          // (Long enough for the lease of its record to end.)
          [1, random.int(2000, 12_000)],
        ]),
        brokenStartsMs: Array.from({ length: broken }, () => random.int(100, 2500)),
      };
    }
    case 'stop':
      // (Shorter stops, too: about as long as leases and silences last.)
      return { kind, victim: drawVictim(random), forMs: random.chance(0.7) ? stopMs : random.int(500, Math.max(500, Math.min(stopMs, 6000))) };
    case 'partition': {
      const shape = random.weighted([
        [4, 'alone'],
        [3, 'from nodes'],
        [2, 'mute'],
        [2, 'deaf'],
        [2, 'mute to nodes'],
        [2, 'deaf to nodes'],
        [3, 'from etcd'],
        [2, 'pair'],
        [2, 'pair, one way'],
      ] as const);
      return { kind, shape, victim: drawVictim(random), forMs: random.int(Math.round(partitionMs / 3), partitionMs) };
    }
    case 'etcd':
      return { kind, downMs: random.int(200, 15_000), victim: random.chance(0.3) ? drawVictim(random) : undefined };
    case 'clock':
      return {
        kind,
        offsetsMs: Array.from({ length: nodes }, () => (random.chance(0.6) ? random.int(-30 * minuteMs, 30 * minuteMs) : 0)),
        victim: random.chance(0.5) ? drawVictim(random) : undefined,
      };
    default:
      return assertNever(kind);
  }
}
