/**
 * The server's database as a front-end thread has it: its newest catalog (roles, the list of databases), which belongs to the catalog of every session, and its lane. One a
 * thread, made by cli/compose-front-end.ts.
 */
import { initialServerCatalog, type ServerCatalog } from '../../catalog/server-catalog.js';
import { Roles } from '../../catalog/role.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import { assert } from '../../common/errors.js';
import type { Client } from '../../common/rpc.js';
import type { BackupControl } from '../../storage/backup/backup-control.js';
import type { WriteService } from '../../storage/ports.js';
import type { CatalogFeed, ServicesOptions } from './services.js';
import { VersionWaiters } from './version-waiters.js';

export class ServerState {
  #catalog: ServerCatalog = initialServerCatalog;
  #feed: CatalogFeed = { version: 0, take: () => undefined };
  #lane: Client<WriteService> | undefined;
  #backup: Client<BackupControl> | undefined;
  #roles: Roles | undefined;
  readonly #waiters = new VersionWaiters();

  /** reach: resolves when `open` has been called for a node that can be reached. */
  constructor(private readonly reach: () => Promise<void> = async () => await Promise.resolve()) {}

  /** Where it is from now on: at the start, and when the node that had it is lost. */
  open({ catalog, catalogFeed, lane, backup }: Pick<ServicesOptions, 'catalog' | 'catalogFeed' | 'lane' | 'backup'>): void {
    this.#feed = catalogFeed;
    this.#lane = lane;
    this.#backup = backup;
    this.publish(catalog);
  }

  get backup(): Client<BackupControl> {
    assert(this.#backup !== undefined, "the server's database is open");
    return this.#backup;
  }

  /** For transactions, which keep it to their end. */
  async writer(): Promise<Client<WriteService>> {
    await this.reach();
    assert(this.#lane !== undefined, "the server's database is open");
    return this.#lane;
  }

  get catalog(): ServerCatalog {
    return this.#catalog;
  }

  /** All roles, for questions that no database matters to. */
  get roles(): Roles {
    return (this.#roles ??= new Roles(this.#catalog.roles, ''));
  }

  /** Takes over what was committed before now. */
  refresh(): void {
    while (this.#catalog.version < this.#feed.version) {
      const catalog = this.#feed.take();
      if (catalog === undefined) return;
      this.publish(catalog);
    }
  }

  publish({ server }: CatalogData): void {
    if (server.version <= this.#catalog.version) return;
    this.#catalog = server;
    this.#roles = undefined;
    this.#waiters.arrived(server.version);
  }

  /** Resolves once a catalog of at least that version is here, or after a while. */
  async reached(version: number, timeoutMs = 5000): Promise<void> {
    this.refresh();
    if (this.#catalog.version >= version) return;
    await this.#waiters.reached(version, timeoutMs);
  }
}
