import { deepEqual, equal } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogEditor } from '../../../src/catalog/edit.js';
import { compose, initialServerCatalog, type ServerCatalog, serverCatalogData, serverDatabaseOid } from '../../../src/catalog/server-catalog.js';
import { DatabaseLayout } from '../../../src/storage/files/layout.js';
import { createSharedBuffers } from '../../../src/storage/shared.js';
import { deliverOutbox } from '../../../src/storage/write/outbox.js';
import { WriterLane } from '../../../src/storage/write/writer-lane.js';
import { context, register } from './support.js';

/** What all databases share, with one more role, as the session of database 5 sends it. */
function withRole(server: ServerCatalog, own: WriterLane, name: string): ServerCatalog {
  const editor = new CatalogEditor(compose(own.catalog, server));
  editor.putRole({ oid: editor.freshServerOid(), name, superuser: false, login: false });
  const entry = editor.snapshot.database;
  editor.putDatabase({ ...entry, delivered: (entry.delivered ?? 0) + 1 });
  return editor.data.server;
}

describe('a transaction over a database and the server’s catalog', () => {
  let directory: string;
  let server: WriterLane;
  let own: WriterLane;

  function open(): void {
    const serverLayout = new DatabaseLayout(join(directory, 'server'), serverDatabaseOid);
    const parts = { register, onCatalog: () => undefined };
    server = WriterLane.open({
      ...parts,
      layout: serverLayout,
      database: 'server',
      shared: createSharedBuffers(8),
      initialCatalog: serverCatalogData(initialServerCatalog),
    });
    own = WriterLane.open({
      ...parts,
      layout: new DatabaseLayout(join(directory, 'postgres'), 5, serverLayout),
      database: 'postgres',
      shared: createSharedBuffers(8),
      serverCatalog: () => server.catalog.server,
    });
  }

  async function close(): Promise<void> {
    await own.shutdown();
    await server.shutdown();
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-outbox-'));
    open();
  });
  afterEach(async () => {
    await close();
    rmSync(directory, { recursive: true, force: true });
  });

  const roleNames = (): readonly string[] => server.catalog.server.roles.map(({ name }) => name);

  /** Changes both in one transaction of the database, of which the server’s catalog hears nothing. */
  async function changeBoth(name: string, options: { readonly rolledBack?: boolean } = {}): Promise<boolean> {
    const { transaction } = await own.begin({ isolation: 'read committed', readOnly: false, context });
    const schema = new CatalogEditor(own.catalog);
    schema.putSchema({ oid: schema.freshOid(), name: `schema_${name}`, owner: 'postgres' });
    await own.ddl({ transaction, context, baseVersion: own.catalog.version, catalog: schema.data, steps: [], lockTimeoutMs: 0 });
    await own.savepoint({ transaction, name: 's' });
    await own.changeServer({ transaction, server: withRole(server.catalog.server, own, name), lockTimeoutMs: 0 });
    if (options.rolledBack === true) await own.rollbackTo({ transaction, name: 's' });
    return (await own.commit({ transaction, synchronousCommit: true })).hasOutbox === true;
  }

  it('is finished by the next start when the process has ended between both commits, once', async () => {
    equal(await changeBoth('anna'), true);
    deepEqual(roleNames(), ['postgres']);
    await close();
    open();
    deepEqual(
      own.catalog.schemas.map(({ name }) => name).filter((name) => name.startsWith('schema_')),
      ['schema_anna'],
    );
    await deliverOutbox(own.catalog, server);
    deepEqual(roleNames(), ['postgres', 'anna']);
    const { version } = server.catalog;
    await deliverOutbox(own.catalog, server);
    equal(server.catalog.version, version);
    equal(server.catalog.server.databases.find(({ oid }) => oid === 5)?.delivered, 1);
  });

  it('lays its change over what others have made of the server’s catalog meanwhile', async () => {
    await changeBoth('anna');
    const { transaction } = await server.begin({ isolation: 'read committed', readOnly: false, context });
    const editor = new CatalogEditor(server.catalog);
    editor.putRole({ oid: 20_000, name: 'bert', superuser: false, login: true });
    const catalog = serverCatalogData(editor.data.server);
    await server.ddl({ transaction, context, baseVersion: server.catalog.version, catalog, steps: [], lockTimeoutMs: 0 });
    await server.commit({ transaction, synchronousCommit: true });
    await deliverOutbox(own.catalog, server);
    deepEqual([...roleNames()].sort(), ['anna', 'bert', 'postgres']);
  });

  it('carries nothing along that was rolled back to a savepoint', async () => {
    equal(await changeBoth('anna', { rolledBack: true }), false);
    equal(own.catalog.outbox, undefined);
    await deliverOutbox(own.catalog, server);
    deepEqual(roleNames(), ['postgres']);
  });

  it('has the catalog lock before it asks for the server’s', async () => {
    const first = await own.begin({ isolation: 'read committed', readOnly: false, context });
    await own.changeServer({ transaction: first.transaction, server: withRole(server.catalog.server, own, 'anna'), lockTimeoutMs: 0 });
    const second = await own.begin({ isolation: 'read committed', readOnly: false, context });
    const waiting = own.changeServer({ transaction: second.transaction, server: withRole(server.catalog.server, own, 'bert'), lockTimeoutMs: 50 });
    await waiting.then(
      () => {
        throw new Error('two have the lock');
      },
      (error: unknown) => equal((error as { code?: string }).code, '55P03'),
    );
    await own.rollback(first);
    await own.rollback(second);
  });
});
