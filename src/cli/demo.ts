/**
 * The sample database of `shoal start --demo`: small, so that there is something to look at. Written through the wire like any client's data.
 */
import { createConnection } from 'node:net';
import { parse, serialize } from 'pg-protocol';
import type { Address } from './address.js';

const statements = `
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL, population bigint);
INSERT INTO countries VALUES ('DE', 'Germany', 83200000), ('FR', 'France', 67750000), ('PT', 'Portugal', 10330000), ('SE', 'Sweden', 10420000), ('JP', 'Japan', 125700000);
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, country char(2) NOT NULL REFERENCES countries) PARTITION BY HASH (id) WITH (shards = 8);
CREATE TABLE orders (id bigint NOT NULL, customer_id bigint NOT NULL, ordered_on date NOT NULL, amount numeric(12,2) NOT NULL, PRIMARY KEY (customer_id, id))
  PARTITION BY HASH (customer_id) WITH (colocate_with = 'customers');
INSERT INTO customers SELECT n, 'customer ' || n, (ARRAY['DE','FR','PT','SE','JP'])[1 + n % 5] FROM generate_series(1, 500) AS n;
INSERT INTO orders SELECT n, 1 + n % 500, date '2024-01-01' + (n % 365), ((n * 37) % 9973) / 10.0 FROM generate_series(1, 5000) AS n;
CREATE VIEW sales_by_country AS
  SELECT countries.name AS country, count(*) AS orders, sum(orders.amount) AS amount
  FROM orders JOIN customers ON customers.id = orders.customer_id JOIN countries ON countries.code = customers.country GROUP BY countries.name;
`;

/** Fills the database unless it has the demo's tables already. */
export async function loadDemo(server: Address, log: (line: string) => void): Promise<void> {
  const failure = await simpleQuery(server, statements);
  if (failure === undefined) log('demo: made the tables countries, customers, orders and the view sales_by_country');
  else if (!failure.includes('already exists')) log(`demo: ${failure}`);
}

/** Sends one simple query; the message of its error, if any. */
async function simpleQuery(server: Address, text: string): Promise<string | undefined> {
  return await new Promise((resolve, reject) => {
    const host = server.host === '0.0.0.0' ? '127.0.0.1' : server.host === '::' ? '::1' : server.host;
    const socket = createConnection({ host, port: server.port });
    let failure: string | undefined;
    let isAsked = false;
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(failure);
    });
    socket.on('connect', () => {
      socket.write(serialize.startup({ user: 'postgres', database: 'postgres', application_name: 'shoal demo' }));
    });
    parse(socket, (message) => {
      switch (message.name) {
        case 'error':
          failure = (message as Error & typeof message).message;
          return;
        case 'authenticationSASL':
          failure = 'the demo needs a server that trusts local clients';
          socket.destroy();
          return;
        case 'readyForQuery':
          if (isAsked) socket.end(serialize.end());
          else socket.write(serialize.query(text));
          isAsked = true;
          return;
        default:
      }
    }).catch(reject);
  });
}
