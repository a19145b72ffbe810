/** COPY FROM STDIN over a `pg` client: `pg` lets an object of the caller's speak the protocol. `between` runs after each portion but the last. */
import type pg from 'pg';

interface WireConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

export async function copyIn(client: pg.Client, sql: string, data: string | readonly string[], between?: () => Promise<void>): Promise<void> {
  const portions = typeof data === 'string' ? [data] : data;
  await new Promise<void>((resolve, reject) => {
    const speaker = {
      submit: (connection: WireConnection) => connection.query(sql),
      handleCopyInResponse: (connection: WireConnection) => {
        void (async () => {
          for (const [i, portion] of portions.entries()) {
            if (i > 0) await between?.();
            connection.sendCopyFromChunk(Buffer.from(portion));
          }
          connection.endCopyFrom();
        })().catch(reject);
      },
      handleCommandComplete: () => undefined,
      // (`pg` forgets the speaker at an error; the client takes the next query once it is ready.)
      handleError: reject,
      handleReadyForQuery: () => resolve(),
    };
    client.query(speaker as unknown as pg.Submittable);
  });
}
