/**
 * etcd (3.4 and later) as the backend of the coordination store, through the package etcd3's plain calls. What that package does above them (random endpoints, retries, circuit
 * breakers, resumed watches, leases with timers of their own) is not used: see DESIGN.md. Made by cli and tests.
 */
import type { ILeaseKeepAliveRequest, ILeaseKeepAliveResponse, IDuplexStream } from 'etcd3';
import type { BackendWatch, BackendWatchSink, LeaseGrant, StoreBackend } from '../backend.js';
import { type LeaseId, type Listed, type Revision, StoreError, type Transaction, type TransactionResult } from '../store.js';
import { checkTransaction } from '../transaction-limits.js';
import { EtcdEndpoints } from './etcd-endpoints.js';
import { compareMessage, entryOf, operationMessage, prefixRange, resultOf } from './etcd-messages.js';
import type { EtcdOptions } from './etcd-options.js';
import { EtcdWatch } from './etcd-watch.js';

export class EtcdBackend implements StoreBackend {
  readonly #endpoints: EtcdEndpoints;
  readonly #watches = new Set<EtcdWatch>();

  constructor(options: EtcdOptions) {
    this.#endpoints = new EtcdEndpoints(options);
  }

  get description(): string {
    return this.#endpoints.description;
  }

  async list(range: { readonly key: string } | { readonly prefix: string }): Promise<Listed> {
    const keys = 'key' in range ? { key: Buffer.from(range.key) } : prefixRange(range.prefix);
    return await this.#endpoints.call('read', async ({ client, options }) => {
      const { header, kvs } = await client.kv.range(keys, options);
      return { revision: BigInt(header.revision), entries: kvs.map(entryOf) };
    });
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    checkTransaction(transaction);
    const { when, then, otherwise = [] } = transaction;
    const writes = [...then, ...otherwise].some(({ kind }) => kind !== 'get' && kind !== 'list');
    return await this.#endpoints.call(writes ? 'write' : 'read', async ({ client, options }) => {
      const message = { compare: when.map(compareMessage), success: then.map(operationMessage), failure: otherwise.map(operationMessage) };
      const { header, succeeded, responses } = await client.kv.txn(message, options);
      const done = succeeded ? then : otherwise;
      const results = done.map((operation, index) => {
        const response = responses[index];
        if (response === undefined) throw new Error('etcd has left out an answer of a transaction');
        return resultOf(operation, response);
      });
      return { succeeded, revision: BigInt(header.revision), results };
    });
  }

  async grantLease(ttlMs: number): Promise<LeaseGrant> {
    return await this.#endpoints.call('write', async ({ client, options }) => {
      const { ID, TTL } = await client.leaseClient.leaseGrant({ TTL: String(Math.ceil(ttlMs / 1000)), ID: '0' }, options);
      return { id: ID as LeaseId, ttlMs: Number(TTL) * 1000 };
    });
  }

  async renewLease(id: LeaseId): Promise<number> {
    return await this.#endpoints.call('read', async ({ client, options }) => {
      const { TTL } = await firstAnswer(await client.leaseClient.leaseKeepAlive(options), { ID: id });
      if (Number(TTL) <= 0) throw new StoreError('lease-not-found', `the lease ${id} has ended`);
      return Number(TTL) * 1000;
    });
  }

  async revokeLease(id: LeaseId): Promise<void> {
    try {
      await this.#endpoints.call('write', async ({ client, options }) => await client.leaseClient.leaseRevoke({ ID: id }, options));
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'lease-not-found')) throw error;
    }
  }

  watch(prefix: string, from: Revision, sink: BackendWatchSink): BackendWatch {
    const { url, client } = this.#endpoints.current;
    const watch = new EtcdWatch(client, prefix, from, sink, (error) => {
      this.#watches.delete(watch);
      if (error !== undefined) this.#endpoints.failed(url, error);
    });
    this.#watches.add(watch);
    return watch;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.cancel();
    this.#endpoints.close();
    await Promise.resolve();
  }
}

/** Renewal is a stream in etcd's protocol; used for one question it is a call like the others, with its deadline. */
async function firstAnswer(
  stream: IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>,
  request: ILeaseKeepAliveRequest,
): Promise<ILeaseKeepAliveResponse> {
  try {
    return await new Promise((resolve, reject) => {
      stream.on('data', resolve);
      stream.on('error', reject);
      stream.on('end', () => {
        reject(new Error('etcd has ended the renewal'));
      });
      stream.write(request);
    });
  } finally {
    stream.on('error', () => undefined);
    stream.cancel();
  }
}
