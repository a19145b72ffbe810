/** pg_stat_activity, pg_stat_ssl, pg_stat_gssapi: all sessions of the node, whatever their front-end thread and database. */
import type { CatalogEnvironment } from './relation.js';
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

/** What others run is shown to superusers, to members of pg_read_all_stats, and to those who have the privileges of its role. */
function maySee({ catalog, user }: CatalogEnvironment, other: string): boolean {
  const [own, role, reader] = [catalog.role(user), catalog.role(other), catalog.role('pg_read_all_stats')];
  if (own === undefined || user === other) return true;
  return [role, reader].some((one) => one !== undefined && catalog.roles.hasPrivilegesOf(own.oid, one.oid));
}

const optional = (micros: number | undefined): bigint | null => (micros === undefined ? null : BigInt(micros));

export const pgStatActivity = relation(
  'pg_catalog.pg_stat_activity',
  function* (environment) {
    const { catalog, nodeView } = environment;
    for (const session of nodeView?.sessions ?? []) {
      const common = {
        datid: session.databaseOid,
        datname: session.database,
        pid: session.processId,
        usesysid: roleOid(catalog, session.user),
        usename: session.user,
        application_name: session.applicationName,
        backend_type: 'client backend',
      };
      if (!maySee(environment, session.user)) {
        yield { ...common, query: '<insufficient privilege>', backend_type: null };
        continue;
      }
      const waits = nodeView?.locks.find((lock) => lock.session === session.processId && !lock.granted);
      yield {
        ...common,
        client_addr: session.clientAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null,
        client_port: session.clientPort ?? -1,
        backend_start: BigInt(session.startedMicros),
        xact_start: optional(session.transactionMicros),
        query_start: optional(session.queryMicros),
        state_change: BigInt(session.stateMicros),
        wait_event_type: waits !== undefined ? 'Lock' : session.state === 'active' ? null : 'Client',
        wait_event:
          waits === undefined
            ? session.state === 'active'
              ? null
              : 'ClientRead'
            : waits.target.kind === 'table'
              ? 'relation'
              : waits.target.kind === 'transaction'
                ? 'transactionid'
                : 'advisory',
        state: session.state,
        backend_xid: session.laneTransaction ?? null,
        query: session.query,
      };
    }
  },
  'node',
);

export const pgStatSsl = relation(
  'pg_catalog.pg_stat_ssl',
  function* (environment) {
    for (const { processId, user, encryption } of environment.nodeView?.sessions ?? []) {
      if (encryption === undefined || !maySee(environment, user)) {
        yield { pid: processId, ssl: maySee(environment, user) ? false : null };
        continue;
      }
      const { version, cipher, bits, certificate } = encryption;
      yield {
        pid: processId,
        ssl: true,
        version,
        cipher,
        bits,
        client_dn: certificate?.subject ?? null,
        client_serial: certificate?.serial ?? null,
        issuer_dn: certificate?.issuer ?? null,
      };
    }
  },
  'node',
);

export const pgStatGssapi = relation(
  'pg_catalog.pg_stat_gssapi',
  function* ({ nodeView }) {
    for (const { processId } of nodeView?.sessions ?? []) yield { pid: processId, gss_authenticated: false, encrypted: false };
  },
  'node',
);
