/**
 * The server under test: a Shoal of its own for each suite, or, to prove the tests themselves, PostgreSQL (`SHOAL_TEST_SUBJECT=postgres`),
 * or any running server (`SHOAL_TEST_SUBJECT=HOST:PORT`).
 */
import pg from 'pg';
import type { Connection } from './connection.js';
import { sharedPostgres } from './postgres.js';
import { Shoal, type ShoalOptions } from './shoal.js';

export interface Subject {
  readonly connection: Connection;
  /** PostgreSQL itself knows no distribution clauses. */
  readonly isPostgres: boolean;
  /** Undefined when the subject is not a Shoal that this process has started. */
  readonly shoal: Shoal | undefined;
  stop(): Promise<void>;
}

let databases = 0;

export async function startSubject(context: Mocha.Context, options: ShoalOptions = {}): Promise<Subject> {
  const wanted = process.env['SHOAL_TEST_SUBJECT'];
  if (wanted === 'postgres') {
    const connection = await (await sharedPostgres(context)).createDatabase(`subject_${++databases}`);
    return { connection, isPostgres: true, shoal: undefined, stop: async () => await Promise.resolve() };
  }
  if (wanted !== undefined) {
    const [host, port] = wanted.split(':') as [string, string];
    return {
      connection: { host, port: Number(port), user: 'postgres', database: 'postgres' },
      isPostgres: false,
      shoal: undefined,
      stop: async () => await Promise.resolve(),
    };
  }
  const shoal = await Shoal.start(options);
  return { connection: shoal.connection, isPostgres: false, shoal, stop: async () => await shoal.stop() };
}

/** Every value as the server's text. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (value: string | Buffer) => (typeof value === 'string' ? value : value.toString('utf8')) };

/** A connected client whose rows are arrays of text. After `queryTimeoutMs` without an answer a query rejects, and so does this. */
export async function connect(connection: Connection, queryTimeoutMs?: number): Promise<pg.Client> {
  const client = new pg.Client({
    ...connection,
    types: asText,
    ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs, connectionTimeoutMillis: queryTimeoutMs }),
  });
  client.on('error', () => undefined); // a killed server closes its connections; the next query rejects
  await client.connect();
  return client;
}

export interface TextResult {
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
  readonly rowCount: number | null;
}

/** Runs one statement by the simple protocol, or by the extended one when there are `parameters`. */
export async function textQuery(client: pg.Client, sql: string, parameters?: readonly (string | null)[]): Promise<TextResult> {
  const result = await client.query<(string | null)[]>({ text: sql, rowMode: 'array', ...(parameters === undefined ? {} : { values: [...parameters] }) });
  return {
    columns: result.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID })),
    rows: result.rows,
    command: result.command,
    rowCount: result.rowCount,
  };
}
