/** What a node can say of itself: the machine, the data directory, its name. Called by cli/compose.ts. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import { availableParallelism, hostname, networkInterfaces, totalmem } from 'node:os';
import { join } from 'node:path';
import { isClusterName } from '../cluster/membership/cluster-keys.js';
import type { MemberFacts } from '../catalog/pg-catalog/node-view.js';
import type { NodeFacts } from '../cluster/membership/membership.js';
import type { NodeRecord } from '../cluster/membership/node-record.js';
import { writeFileDurably } from '../storage/files/durable.js';
import type { Address } from './address.js';
import { CliError } from './cli-error.js';

const idFile = 'node-id';
const clusterFile = 'cluster-id';
const postgresEpochMs = Date.UTC(2000, 0, 1);

/** The node's name in clusters, if its data directory has been in one. */
export function keptIdentity(directory: string): string | undefined {
  const path = join(directory, idFile);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** The node's name in clusters: belongs to the data directory, made up at its first start in a cluster unless it is given. */
export function nodeIdentity(directory: string, given: string | undefined): string {
  const kept = keptIdentity(directory);
  if (kept !== undefined) {
    if (given !== undefined && given !== kept)
      throw new CliError(`the data directory belongs to node "${kept}", not "${given}"`, 'leave --node-id out, or name another directory');
    return kept;
  }
  const host = hostname()
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  const id = given ?? `${host === '' ? 'node' : host}-${randomBytes(3).toString('hex')}`;
  if (!isClusterName(id)) throw new CliError(`--node-id wants letters, digits, '.', '_' and '-', not "${id}"`, undefined, 2);
  writeFileDurably(join(directory, idFile), `${id}\n`);
  return id;
}

/** The identity of the cluster that the databases of a data directory belong to; undefined: of none. */
export function keptCluster(directory: string): string | undefined {
  const path = join(directory, clusterFile);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

export function keepCluster(directory: string, identity: string): void {
  if (keptCluster(directory) !== identity) writeFileDurably(join(directory, clusterFile), `${identity}\n`);
}

/** Whether a data directory has databases in it. */
export function hasDatabases(directory: string): boolean {
  return readdirSync(directory, { withFileTypes: true }).some((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'global.sqlite')));
}

/** For shoal.nodes. */
export function memberFacts({ record, isLeader, isSelf }: { readonly record: NodeRecord; readonly isLeader: boolean; readonly isSelf: boolean }): MemberFacts {
  const started = Date.parse(record.startedAt);
  return {
    ...record,
    isLeader,
    isSelf,
    channel: record.channel,
    coordinates: record.coordinates === undefined ? undefined : JSON.stringify(record.coordinates),
    startedMicros: Number.isNaN(started) ? undefined : (started - postgresEpochMs) * 1000,
  };
}

/** Under which host others reach what listens on `host`. */
export function reachableHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address !== undefined && !address.internal && address.family === 'IPv4');
  return outside?.address ?? hostname();
}

/** Of all files under the directory; files that come and go meanwhile are left out. */
export async function directoryBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += await directoryBytes(path);
    else if (entry.isFile()) bytes += (await lstat(path).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

/** quotaBytes: undefined = what is stored and what is free on the file system. */
export async function measureStorage(directory: string, quotaBytes: number | undefined): Promise<Pick<NodeFacts, 'storedBytes' | 'quotaBytes'>> {
  const storedBytes = await directoryBytes(directory);
  if (quotaBytes !== undefined) return { storedBytes, quotaBytes };
  const { bavail, bsize } = await statfs(directory);
  return { storedBytes, quotaBytes: storedBytes + bavail * bsize };
}

export function machineFacts(
  version: string,
  postgres: Address,
  http: Address,
): Pick<NodeFacts, 'version' | 'roles' | 'postgres' | 'http' | 'cores' | 'memoryBytes' | 'startedAt'> {
  return {
    ...{ version, postgres, http, roles: ['data'] },
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    startedAt: new Date(Math.round(performance.timeOrigin)).toISOString(),
  };
}
