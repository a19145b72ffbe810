/**
 * A database that another node hosts, as a front-end thread has it: the same clients as of a local one. On the front-end thread; its ports were opened by
 * cluster/remote/open-remote.
 */
import { once } from 'node:events';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { CatalogData } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import { type Client, connect } from '../../common/rpc.js';
import type { BackupControl } from '../../storage/backup/backup-control.js';
import type { CatalogPublication, CatalogReceipt, PositionService, ReadService, WriteService } from '../../storage/ports.js';
import type { RemoteControl } from './database-service.js';
import { type RemotePorts, remotePortsToTransfer } from './open-remote.js';
import { lostPrimary, PrimaryLane, primaryReads, through } from './primary-clients.js';
import { RemoteCancel } from './remote-cancel.js';

export class RemoteDatabase {
  /** The node that hosts it. */
  readonly node: string;
  /** See AttachmentFacts. */
  readonly epoch: number;
  readonly lane: Client<WriteService>;
  readonly position: Client<PositionService>;
  /** The scan threads of that node. */
  readonly places: readonly Client<ReadService>[];
  readonly backup: Client<BackupControl>;
  /** Resolves when the node is lost, or has closed the database. */
  readonly lost: Promise<void>;
  /** For the first front end that is there, once sessions can come. */
  readonly ready: () => void;
  readonly #cancel: RemoteCancel;
  readonly #primary: PrimaryLane;
  readonly #ports: RemotePorts;

  private constructor(
    ports: RemotePorts,
    /** As it was when the ports were opened. */
    readonly initialCatalog: CatalogData,
  ) {
    this.#ports = ports;
    this.node = ports.node;
    this.epoch = ports.facts.epoch;
    const lost = (): Error => lostPrimary(ports.node);
    const control = connect<RemoteControl>(ports.control, lost);
    const cancel = new RemoteCancel(ports.facts, async (slot, value) => {
      await control.setCancel({ slot, value });
    });
    this.#cancel = cancel;
    this.ready = () => {
      control.ready(undefined as never).catch(() => undefined);
    };
    this.lost = Promise.race([ports.control, ports.lane].map(async (port) => once(port, 'close'))).then(() => undefined);
    const lane = connect<WriteService & PositionService>(ports.lane, lost);
    this.position = lane;
    this.#primary = new PrimaryLane(lane);
    this.lane = through(this.#primary.client, async (method, request, transfer) => await method(cancel.translate(request), transfer));
    this.places = ports.scan.map((port) =>
      through(primaryReads(connect<ReadService>(port, lost)), async (method, request, transfer) => {
        const translated = cancel.translate(request);
        for (;;) {
          try {
            return await method(translated, transfer);
          } catch (error) {
            if (!(error instanceof PgError && error.code === 'SH003')) throw error;
            await lane.flushed(undefined);
          }
        }
      }),
    );
    this.backup = connect<BackupControl>(ports.backup, lost);
  }

  /** Resolves when the catalog is here. */
  static async connect(ports: RemotePorts): Promise<RemoteDatabase> {
    const [publication] = (await Promise.race([once(ports.catalog, 'message'), once(ports.catalog, 'close')])) as [CatalogPublication | undefined];
    if (publication === undefined) {
      for (const port of remotePortsToTransfer(ports)) port.close();
      throw lostPrimary(ports.node);
    }
    return new RemoteDatabase(ports, publication.catalog);
  }

  /** The next catalog that has come and was not taken yet. */
  takeCatalog(): CatalogData | undefined {
    const received = receiveMessageOnPort(this.#ports.catalog) as { readonly message: CatalogPublication } | undefined;
    return received === undefined ? undefined : this.#received(received.message);
  }

  /** Calls `publish` with catalogs that come while nobody takes them. */
  followCatalog(publish: (catalog: CatalogData) => void): void {
    this.#ports.catalog.on('message', (publication: CatalogPublication) => {
      publish(this.#received(publication));
    });
  }

  /** Whoever has committed it waits for this. */
  #received({ catalog }: CatalogPublication): CatalogData {
    this.#ports.catalog.postMessage({ version: catalog.version } satisfies CatalogReceipt);
    return catalog;
  }

  /** The word of a cancel slot of this thread is another one. */
  cancelChanged(slot: number, value: number): void {
    this.#cancel.changed(slot, value);
  }

  /** The node is not the primary any more: what was asked of it is answered yet, if it can be. */
  async leave(): Promise<void> {
    await this.#primary.leave();
    this.close();
  }

  close(): void {
    for (const port of remotePortsToTransfer(this.#ports)) port.close();
  }
}
