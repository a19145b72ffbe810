/** What a node says of itself in the coordination store, at `/shoal/<cluster>/nodes/<id>`: a JSON object under the node's lease. Written by membership.ts, read by every node. */
import { StoreError } from '../coordination/store.js';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Of Vivaldi (Dabek et al., 2004): the distance of two nodes in milliseconds is |position - position'| + height + height'. */
export interface NetworkCoordinates {
  readonly position: readonly number[];
  readonly height: number;
  /** Relative, 0 to 1: how much to trust them. */
  readonly error: number;
}

export interface NodeRecord {
  readonly id: string;
  /** Greater for each start of the node's process: tells apart what the same node did before and after. */
  readonly incarnation: number;
  readonly version: string;
  readonly state: 'starting' | 'serving' | 'draining' | 'stopping';
  /** What it does: 'data' hosts databases; others are added by those who read them. */
  readonly roles: readonly string[];
  readonly postgres: NodeAddress;
  readonly http: NodeAddress;
  /** From 0 on, unique in the cluster: part of its sessions' process ids. Absent: none yet. */
  readonly number?: number;
  /** Node to node; absent: the node takes no connections of nodes. */
  readonly channel?: NodeAddress;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly storedBytes: number;
  /** What it may store. */
  readonly quotaBytes: number;
  readonly coordinates?: NetworkCoordinates;
  /** ISO 8601, by the node's own clock: for people. */
  readonly startedAt: string;
}

/** In the order in which people want to read it. */
export function writeNodeRecord({ id, incarnation, version, state, roles, postgres, http, channel, ...measures }: NodeRecord): string {
  return JSON.stringify({ id, incarnation, version, state, roles, postgres, http, channel, ...measures });
}

function isAddress(value: unknown): value is NodeAddress {
  const address = value as Partial<NodeAddress> | null | undefined;
  return typeof address === 'object' && address !== null && typeof address.host === 'string' && typeof address.port === 'number';
}

const numbers = ['incarnation', 'cores', 'memoryBytes', 'storedBytes', 'quotaBytes'] as const;
const texts = ['id', 'version', 'startedAt'] as const;
const states: readonly string[] = ['starting', 'serving', 'draining', 'stopping'] satisfies readonly NodeRecord['state'][];

/** StoreError 'refused' when it is none: somebody else has written the key. Fields that this version does not know are let be. */
export function readNodeRecord(text: string): NodeRecord {
  let value: Partial<Record<keyof NodeRecord, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw new StoreError('refused', 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new StoreError('refused', 'it is not an object');
  const wrong = [
    ...numbers.filter((field) => typeof value[field] !== 'number'),
    ...texts.filter((field) => typeof value[field] !== 'string'),
    ...(['postgres', 'http'] as const).filter((field) => !isAddress(value[field])),
    ...(states.includes(value.state as string) ? [] : ['state']),
    ...(Array.isArray(value.roles) ? [] : ['roles']),
    ...(value.channel === undefined || isAddress(value.channel) ? [] : ['channel']),
  ];
  if (wrong.length > 0) throw new StoreError('refused', `wrong: ${wrong.join(', ')}`);
  return value as NodeRecord;
}
