/**
 * The sample database of `shoal start --demo`: small, so that there is something to look at. Written through the wire like any client's data.
 */
import { createConnection } from 'node:net';
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
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: server.host === '0.0.0.0' ? '127.0.0.1' : server.host, port: server.port });
    let received = Buffer.alloc(0);
    let failure: string | undefined;
    let asked = false;
    socket.on('error', reject);
    socket.on('close', () => resolve(failure));
    socket.on('connect', () => {
      const body = Buffer.from('user\0postgres\0database\0postgres\0application_name\0shoal demo\0\0');
      const head = Buffer.alloc(8);
      head.writeInt32BE(8 + body.length, 0);
      head.writeInt32BE(196608, 4);
      socket.write(Buffer.concat([head, body]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 5) {
        const length = 1 + received.readInt32BE(1);
        if (received.length < length) return;
        const type = String.fromCharCode(received[0] as number);
        const body = received.subarray(5, length);
        received = received.subarray(length);
        if (type === 'E') failure = /\0M([^\0]*)/.exec(body.toString())?.[1] ?? 'failed';
        if (type === 'R' && body.readInt32BE(0) > 0) {
          failure = 'the demo needs a server that trusts local clients';
          socket.destroy();
        }
        if (type !== 'Z') continue;
        if (asked) socket.end(Buffer.from([0x58, 0, 0, 0, 4]));
        else {
          asked = true;
          const query = Buffer.from(`${text}\0`);
          const head = Buffer.alloc(5);
          head[0] = 0x51;
          head.writeInt32BE(4 + query.length, 1);
          socket.write(Buffer.concat([head, query]));
        }
      }
    });
  });
}
