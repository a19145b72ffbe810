/**
 * Brings what a database's transaction has made of the server's catalog to the server's database, wherever that is written, when whoever should have done it could not (docs/adr/0007).
 * Called by proxy/node-databases on the main thread of the node that writes the database.
 */
import { once } from 'node:events';
import type { CatalogData } from '../catalog/snapshot.js';
import type { RemotePorts } from '../cluster/remote/open-remote.js';
import { lostPrimary } from '../cluster/remote/primary-clients.js';
import { PgError } from '../common/errors.js';
import { type Client, connect } from '../common/rpc.js';
import type { FrontEndPorts } from '../storage/database-host.js';
import type { CatalogPublication, CatalogReceipt, WriteService } from '../storage/ports.js';
import { deliverOutbox } from '../storage/write/outbox.js';

const triesMax = 10;

/** New ports to the server's database, and all that is to be closed of them. */
export interface OpenedServer {
  readonly ports: FrontEndPorts | RemotePorts;
  readonly closing: readonly { close(): void }[];
}

export async function withServerOver<T>(open: () => Promise<OpenedServer>, use: (lane: Client<WriteService>, catalog: CatalogData) => Promise<T>): Promise<T> {
  const { ports, closing } = await open();
  return await withServer(ports, closing, use);
}

/** The server's database as it is right now, over ports that this closes. */
async function withServer<T>(
  ports: FrontEndPorts | RemotePorts,
  closing: readonly { close(): void }[],
  use: (lane: Client<WriteService>, catalog: CatalogData) => Promise<T>,
): Promise<T> {
  try {
    const { catalog: port } = ports;
    const [first] = (await Promise.race([once(port, 'message'), once(port, 'close')])) as [CatalogPublication | undefined];
    if (first === undefined) throw lostPrimary('the primary');
    // (Whoever commits there waits until every catalog has arrived here.)
    port.on('message', ({ catalog }: CatalogPublication) => {
      port.postMessage({ version: catalog.version } satisfies CatalogReceipt);
    });
    return await use(
      connect<WriteService>(ports.lane, () => lostPrimary('the primary')),
      first.catalog,
    );
  } finally {
    for (const port of closing) port.close();
  }
}

/** Answers the version of the server's catalog that has it; undefined: there is nothing to deliver. */
export async function deliverTo(open: () => Promise<OpenedServer>, own: CatalogData): Promise<number | undefined> {
  if (own.outbox === undefined) return undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await withServerOver(open, async (lane, catalog) => {
        const server = { ...methodsOf(lane), catalog };
        return (await deliverOutbox(own, server)) ?? catalog.server.version;
      });
    } catch (error) {
      // (Another change has come first: what is there now is looked at anew.)
      if (!(error instanceof PgError && error.code === 'SH001') || attempt === triesMax) throw error;
    }
  }
}

/** (A client is a proxy, of which a spread would take nothing.) */
export function methodsOf(lane: Client<WriteService>): Pick<Client<WriteService>, 'begin' | 'ddl' | 'commit' | 'rollback'> {
  return {
    begin: async (request) => await lane.begin(request),
    ddl: async (request) => await lane.ddl(request),
    commit: async (request) => await lane.commit(request),
    rollback: async (request) => await lane.rollback(request),
  };
}
