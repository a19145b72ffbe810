/** Where the rows of an exchange land: which table at which place. Used by both ways of exchanging (relayed-exchange, shipped-exchange). */
import type { Exchange } from '../plan/physical.js';
import type { OpenPlace } from './cut.js';
import type { ExecutionRequest } from './execution-request.js';
import { NodeLostError } from './reading-nodes.js';
import type { WorkingPlaces } from './working-places.js';

export interface LandingPlace {
  readonly place: OpenPlace;
  readonly table: string;
}

/** gather: one; broadcast: every place that can work; repartition: one for each shard or partition, by its number. */
export function landingPlaces({ kind, landing, group = 0 }: Exchange, { plan, catalog }: ExecutionRequest, places: WorkingPlaces): readonly LandingPlace[] {
  switch (kind) {
    case 'gather':
      return [{ place: places.coordinator, table: landing.table }];
    case 'broadcast':
      return places.open.map((number) => ({ place: places.at(number), table: landing.table }));
    case 'repartition': {
      const count = group < 0 ? (plan.partitions.get(group) ?? 1) : catalog.group(group).bounds.length;
      return Array.from({ length: count }, (_, index) => ({
        place: places.at(places.placeOfPartition(index)),
        table: `${landing.table}_${places.schemaName(group, index)}`,
      }));
    }
  }
}

/** Does something at each of them. Of a broadcast a lost place needs nothing any more; of the others the statement does. */
export async function atEach(
  { kind }: Exchange,
  places: WorkingPlaces,
  landings: readonly LandingPlace[],
  work: (landing: LandingPlace) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    landings.map(async (landing) => {
      const { place } = landing;
      if (kind === 'broadcast' && places.isLost(place.node)) return;
      try {
        await places.on(place, work(landing));
      } catch (error) {
        if (kind !== 'broadcast' || !(error instanceof NodeLostError) || place.node === places.home) throw error;
      }
    }),
  );
}
