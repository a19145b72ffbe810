/** The options that say which cluster is meant and how its coordination store is reached. Called by cli/start.ts and cli/cluster.ts. */
import { readFileSync } from 'node:fs';
import { isClusterName } from '../cluster/membership/cluster-keys.js';
import { type Address, parseAddress } from './address.js';
import { CliError } from './cli-error.js';

export interface StoreCredentials {
  readonly tls: { readonly ca: Buffer; readonly client: { readonly cert: Buffer; readonly key: Buffer } | undefined } | undefined;
  readonly user: { readonly name: string; readonly password: string } | undefined;
}

export interface ClusterOptions {
  readonly location: /** `--cluster etcd://...`, as it was given. */
    | { readonly kind: 'store'; readonly url: string }
    /** `--join`: the HTTP address of a member, which tells where the store is. */
    | { readonly kind: 'member'; readonly address: Address };
  /** undefined: what the member says, or the default. */
  readonly name: string | undefined;
  readonly credentials: StoreCredentials;
}

export const defaultClusterName = 'main';

const option = { type: 'string' } as const;

/** For parseArgs. */
export const clusterOptions = {
  cluster: option,
  join: option,
  'cluster-name': option,
  'etcd-ca': option,
  'etcd-cert': option,
  'etcd-key': option,
  'etcd-user': option,
} as const;

export const clusterOptionsHelp = `  --cluster URL           etcd://HOST:2379[,HOST2:2379...]: the coordination store of the cluster
  --join HOST:PORT        or: the HTTP address of any member, which tells where the store is
  --cluster-name NAME     one store may serve several clusters (main)
  --etcd-ca FILE          authorities (PEM) of etcd's certificates: TLS
  --etcd-cert FILE        our certificate (PEM) for etcd, with --etcd-key FILE
  --etcd-user NAME        our user at etcd; its password is in the environment variable SHOAL_ETCD_PASSWORD
`;

type Values = { readonly [name in keyof typeof clusterOptions]?: string | undefined };

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError(`cannot read "${file}": ${(error as Error).message}`);
  }
}

function readCredentials(values: Values): StoreCredentials {
  const { 'etcd-ca': ca, 'etcd-cert': cert, 'etcd-key': key, 'etcd-user': name } = values;
  if ((cert === undefined) !== (key === undefined)) throw new CliError('--etcd-cert and --etcd-key go together', undefined, 2);
  if (cert !== undefined && ca === undefined) throw new CliError('--etcd-cert wants --etcd-ca', 'name the authorities of etcd’s own certificate', 2);
  const client = cert === undefined || key === undefined ? undefined : { cert: read(cert), key: read(key) };
  const { SHOAL_ETCD_PASSWORD: password } = process.env;
  if (name !== undefined && password === undefined) {
    throw new CliError('--etcd-user wants a password', 'give it in the environment variable SHOAL_ETCD_PASSWORD', 2);
  }
  return {
    tls: ca === undefined ? undefined : { ca: read(ca), client },
    user: name === undefined ? undefined : { name, password: password ?? '' },
  };
}

/** undefined: no cluster is named. */
export function readClusterOptions(values: Values): ClusterOptions | undefined {
  const { cluster: url, join, 'cluster-name': name } = values;
  if (name !== undefined && !isClusterName(name)) throw new CliError(`--cluster-name wants letters, digits, '.', '_' and '-', not "${name}"`, undefined, 2);
  if (url !== undefined && join !== undefined) throw new CliError('--cluster and --join exclude each other', undefined, 2);
  const credentials = readCredentials(values);
  if (url !== undefined) return { location: { kind: 'store', url }, name, credentials };
  if (join !== undefined) return { location: { kind: 'member', address: parseAddress(join, '--join') }, name, credentials };
  if (name !== undefined) throw new CliError('--cluster-name wants --cluster or --join', undefined, 2);
  return undefined;
}
