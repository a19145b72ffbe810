/**
 * An exchange on one node: the front end's thread takes the rows from the threads that make them and gives them to those that want them. Between threads that is a buffer moved
 * from port to port. Called by executor/execution.
 */
import { release } from '../common/release.js';
import type { Exchange } from '../plan/physical.js';
import type { CursorBatch, CursorOutput } from '../storage/ports.js';
import { openFragment } from './cursor-stream.js';
import type { ExchangeReport, ExecutionRequest } from './execution-request.js';
import { atEach, landingPlaces } from './landing-places.js';
import type { WorkingPlaces } from './working-places.js';

/** Runs the producer on all its shards and lands the rows; several shards at once. */
export async function relay(exchange: Exchange, request: ExecutionRequest, places: WorkingPlaces): Promise<ExchangeReport> {
  const { landing, kind, producer } = exchange;
  const landings = landingPlaces(exchange, request, places);
  let rows = 0;
  let bytesMoved = 0;
  const columns = landing.columns.length;
  const output: CursorOutput = kind === 'repartition' ? { kind: 'partitioned', partitions: landings.length, columns } : { kind: 'rows', columns };
  await atEach(exchange, places, landings, async ({ place: { service, snapshot }, table }) => {
    await service.createLanding({ snapshot, table: { ...landing, name: table } });
  });
  const land = async (bytes: Uint8Array, at: typeof landings): Promise<void> => {
    bytesMoved += bytes.byteLength;
    await atEach(exchange, places, at, async ({ place: { service, snapshot }, table }) => {
      await service.land({ snapshot, table, bytes });
    });
    release(bytes);
  };
  const take = async (batch: CursorBatch): Promise<void> => {
    rows += batch.rows;
    if (batch.rows === 0) return;
    if (kind !== 'repartition') {
      if (batch.bytes !== undefined) await land(batch.bytes, landings);
      return;
    }
    await Promise.all(
      (batch.partitions ?? []).map(async (bytes, index) => (bytes === undefined ? undefined : await land(bytes, landings.slice(index, index + 1)))),
    );
  };
  await places.pulled(producer, async (index, place) => {
    const stream = await openFragment(places, request, place, producer, index, output);
    for (;;) {
      const batch = await stream.pull(0);
      await take(batch);
      if (batch.done) return;
    }
  });
  await atEach(exchange, places, landings, async ({ place: { service, snapshot }, table }) => {
    await service.finishLanding({ snapshot, table });
  });
  return { id: exchange.id, route: 'relayed', rows, bytes: bytesMoved, bytesBetweenNodes: 0 };
}
