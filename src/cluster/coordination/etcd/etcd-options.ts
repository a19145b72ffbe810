/** Where etcd is and how we identify ourselves to it: `etcd://HOST:PORT[,HOST:PORT...]`. Called by cli and by tests. */
import { StoreError } from '../store.js';

export interface EtcdOptions {
  /** `host:port`; IPv6 addresses in brackets. Members of one etcd. */
  readonly endpoints: readonly string[];
  /** TLS, with certificates as PEM. */
  readonly tls?: {
    /** Authorities that the server's certificate may come from. */
    readonly ca: Buffer;
    /** Our own certificate, where etcd asks for one. */
    readonly client?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  };
  readonly user?: { readonly name: string; readonly password: string };
  /** Of every call. Default 1000. */
  readonly deadlineMs?: number;
  /** One line. */
  readonly log: (message: string) => void;
}

const defaultPort = 2379;

/** The endpoints of `etcd://HOST[:PORT][,HOST[:PORT]...]`. StoreError 'refused' when it is none. */
export function parseEtcdAddress(text: string): readonly string[] {
  const wrong = (): never => {
    throw new StoreError('refused', `"${text}" is no address of etcd: it looks like etcd://HOST:2379,HOST2:2379`);
  };
  const list = /^etcd:\/\/([^/]+)\/?$/.exec(text)?.[1] ?? wrong();
  return list.split(',').map((part) => {
    const match = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(part.trim()) ?? wrong();
    const port = match[2] === undefined ? defaultPort : Number(match[2]);
    if (port < 1 || port > 65535) wrong();
    return `${match[1] ?? ''}:${port}`;
  });
}
