/** What the leader would do, step by step, if every copy and hand-over came about at once: for `shoal cluster rebalance --dry-run`. Pure. */
import { type DatabaseCopies, type NodeLoad, type PlacementChange, type PlacementLimits, planPlacement } from './plan-placement.js';

/** More are never needed to come to rest. */
const stepsMax = 1000;

export function simulatePlacement(nodes: readonly NodeLoad[], databases: readonly DatabaseCopies[], limits: PlacementLimits): readonly PlacementChange[] {
  const done: PlacementChange[] = [];
  let loads = nodes;
  let copies = databases;
  for (let step = 0; step < stepsMax; step++) {
    const changes = planPlacement(loads, copies, limits);
    if (changes.length === 0) break;
    done.push(...changes);
    const before = copies;
    copies = copies.map((database) =>
      obeyed(
        database,
        changes.find((change) => change.database === database.id),
      ),
    );
    loads = loads.map((node) => ({ ...node, storedBytes: node.storedBytes + held(copies, node.id) - held(before, node.id) }));
  }
  return done;
}

function obeyed(database: DatabaseCopies, change: PlacementChange | undefined): DatabaseCopies {
  const { wanted, wantedPrimary, home } = change ?? database;
  const primary = wantedPrimary ?? database.primary;
  return { ...database, wanted, inSync: wanted, primary, wantedPrimary: undefined, home };
}

function held(databases: readonly DatabaseCopies[], node: string): number {
  return databases.reduce((bytes, database) => bytes + (database.inSync.includes(node) ? database.bytes : 0), 0);
}
