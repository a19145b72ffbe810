/** COPY FROM STDIN over a `pg` client, with all of the data at once: `pg` lets an object of the caller's speak the protocol. */
import type pg from 'pg';

interface WireConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

export async function copyIn(client: pg.Client, sql: string, data: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const speaker = {
      submit: (connection: WireConnection) => connection.query(sql),
      handleCopyInResponse: (connection: WireConnection) => {
        connection.sendCopyFromChunk(Buffer.from(data));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      // (`pg` forgets the speaker at an error; the client takes the next query once it is ready.)
      handleError: reject,
      handleReadyForQuery: () => resolve(),
    };
    client.query(speaker as unknown as pg.Submittable);
  });
}
