/** A fragment's rows from a place, batch by batch. Used by executor/execute, execution and relayed-exchange. */
import { type Client, letGo } from '../common/rpc.js';
import type { Fragment } from '../plan/physical.js';
import type { CursorBatch, CursorOutput, ReadService } from '../storage/ports.js';
import type { OpenPlace } from './cut.js';
import type { ExecutionRequest } from './execution-request.js';
import type { BatchStream } from './merge-streams.js';
import type { WorkingPlaces } from './working-places.js';

/** A cursor whose first batch is here already. isAhead: the next batch is asked for when one has come. */
export function cursorStream(service: Client<ReadService>, cursor: number, first: CursorBatch, isAhead = false): BatchStream {
  let next: CursorBatch | Promise<CursorBatch> | undefined = first;
  let open = !first.done;
  const ask = async (maxRows: number): Promise<CursorBatch> => {
    try {
      const batch = await service.pull({ cursor, maxRows });
      if (batch.done) open = false;
      return batch;
    } catch (error) {
      open = false;
      throw error;
    }
  };
  return {
    async pull(maxRows: number): Promise<CursorBatch> {
      const batch = next ?? (open ? ask(maxRows) : { done: true, rows: 0, bytes: undefined });
      next = undefined;
      const given = await batch;
      if (isAhead && open) {
        next = ask(maxRows);
        next.catch(() => undefined); // Reported when it is pulled.
      }
      return given;
    },
    close(): void {
      if (open) letGo(service.close({ cursor }));
      open = false;
    },
  };
}

/** Of a place that works for the statement. */
export async function openFragment(
  places: WorkingPlaces,
  { context, plan }: ExecutionRequest,
  place: OpenPlace,
  fragment: Fragment,
  index: number,
  output: CursorOutput,
): Promise<BatchStream> {
  const { service, snapshot } = place;
  const cursor = { ...places.statement(fragment, index), output };
  const opened = await places.on(place, service.open({ snapshot, context, catalogVersion: plan.catalogVersion, cursor, maxRows: 0 }));
  return cursorStream(service, opened.cursor, opened.batch, places.isSpread);
}
