/** What goes wrong in a simulation. Each begins, and answers what ends it. */
import type { SimulatedNode } from './node.js';
import type { Simulation } from './run.js';

export interface Fault {
  readonly name: string;
  begin(world: Simulation, node: SimulatedNode): () => void;
}

const nothing = (): void => undefined;

const crash: Fault = {
  name: 'crash',
  begin: (_world, node) => {
    node.crash();
    return () => {
      if (!node.isAlive) node.start();
    };
  },
};

export const crashOfAll: Fault = {
  name: 'crash of all nodes',
  begin: (world) => {
    for (const node of world.nodes.values()) node.crash();
    return () => {
      for (const node of world.nodes.values()) if (!node.isAlive) node.start();
    };
  },
};

const primary = (world: Simulation, node: SimulatedNode): SimulatedNode => world.nodes.get(world.store.configuration.primary) ?? node;

const crashOfPrimary: Fault = { name: 'crash of the primary', begin: (world, node) => crash.begin(world, primary(world, node)) };

/** Crashes and is back before anybody has noticed. */
const restart: Fault = {
  name: 'restart',
  begin: (world, node) => {
    node.crash();
    world.events.after(world.random.int(1, 50), () => {
      if (!node.isAlive) node.start();
    });
    return nothing;
  },
};

const pause: Fault = {
  name: 'pause',
  begin: (_world, node) => {
    node.pause();
    return () => node.goOn();
  },
};

const pauseOfPrimary: Fault = { name: 'pause of the primary', begin: (world, node) => pause.begin(world, primary(world, node)) };

function cutting(world: Simulation, links: readonly string[]): () => void {
  for (const link of links) world.cut.add(link);
  return () => {
    for (const link of links) world.cut.delete(link);
  };
}

const partition: Fault = {
  name: 'partition',
  begin: (world, node) => {
    const inside = new Set([node.name, ...world.names.filter(() => world.random.chance(0.3))]);
    const crossing = world.names.flatMap((from) => world.names.filter((to) => inside.has(from) !== inside.has(to)).map((to) => `${from}>${to}`));
    return cutting(world, crossing);
  },
};

const oneWay: Fault = {
  name: 'one-way partition',
  begin: (world, node) => {
    const outward = world.random.chance(0.5);
    return cutting(
      world,
      world.names.map((other) => (outward ? `${node.name}>${other}` : `${other}>${node.name}`)),
    );
  },
};

const noStore: Fault = {
  name: 'node without store',
  begin: (_world, node) => {
    node.reachesStore = false;
    return () => {
      node.reachesStore = true;
    };
  },
};

/** A primary that reaches nobody, neither replicas nor store. */
const isolation: Fault = {
  name: 'isolated primary',
  begin: (world, node) => {
    const lonely = primary(world, node);
    lonely.reachesStore = false;
    const reconnect = cutting(
      world,
      world.names.flatMap((other) => [`${lonely.name}>${other}`, `${other}>${lonely.name}`]),
    );
    return () => {
      lonely.reachesStore = true;
      reconnect();
    };
  },
};

/** First the store, then one replica after the other. */
const isolationByAndBy: Fault = {
  name: 'primary isolated by and by',
  begin: (world, node) => {
    const lonely = primary(world, node);
    const { random } = world;
    const reconnects: (() => void)[] = [];
    let ended = false;
    lonely.reachesStore = false;
    let at = 0;
    for (const other of random.shuffle(world.names)) {
      world.events.after(at, () => {
        if (!ended) reconnects.push(cutting(world, [`${lonely.name}>${other}`, `${other}>${lonely.name}`]));
      });
      at += random.int(0, 3500);
    }
    return () => {
      ended = true;
      lonely.reachesStore = true;
      for (const reconnect of reconnects) reconnect();
    };
  },
};

/** Its replicas lose the primary and find it again, while the store is of little help. */
const flapping: Fault = {
  name: 'flapping primary',
  begin: (world, node) => {
    const { name } = primary(world, node);
    const { random } = world;
    let ended = false;
    let reconnect = nothing;
    const toggle = (): void => {
      reconnect();
      reconnect = nothing;
      if (ended) return;
      if (random.chance(0.6))
        reconnect = cutting(
          world,
          world.names.flatMap((other) => [`${name}>${other}`, ...(random.chance(0.6) ? [`${other}>${name}`] : [])]),
        );
      world.events.after(random.int(50, random.chance(0.5) ? 500 : 3200), toggle);
    };
    toggle();
    world.store.unreliability = 0.4;
    return () => {
      ended = true;
      reconnect();
      world.store.unreliability = 0;
    };
  },
};

const storeAway: Fault = {
  name: 'store away',
  begin: (world) => {
    world.store.isAway = true;
    return () => {
      world.store.isAway = false;
    };
  },
};

const storeUnreliable: Fault = {
  name: 'store unreliable',
  begin: (world) => {
    world.store.unreliability = 0.4;
    return () => {
      world.store.unreliability = 0;
    };
  },
};

const lossy: Fault = {
  name: 'messages lost, doubled, late',
  begin: (world) => {
    world.lossiness = 0.2;
    return () => {
      world.lossiness = 0;
    };
  },
};

const slowNetwork: Fault = {
  name: 'slow network',
  begin: (world) => {
    world.delayMsMax = 400;
    return () => {
      world.delayMsMax = 2;
    };
  },
};

const slowDisk: Fault = {
  name: 'slow disk',
  begin: (world, node) => {
    node.syncMs = world.random.pick([50, 500, 2500]);
    return () => {
      node.syncMs = 1;
    };
  },
};

const busy: Fault = {
  name: 'many clients',
  begin: (world) => {
    world.clientPauseMs = 4;
    return () => {
      world.clientPauseMs = 40;
    };
  },
};

const handOver: Fault = {
  name: 'hand-over',
  begin: (_world, node) => {
    node.replica?.handOver();
    return nothing;
  },
};

const placement: Fault = {
  name: 'other replicas',
  begin: (world, node) => {
    const { replicas } = world.store.configuration;
    const next = replicas.includes(node.name) ? replicas.filter((name) => name !== node.name) : [...replicas, node.name];
    if (next.length > 0) world.change((configuration) => ({ ...configuration, replicas: next }));
    return nothing;
  },
};

const quarantine: Fault = {
  name: 'a copy that holds something else',
  begin: (world, node) => {
    for (const other of world.names) world.nodes.get(other)?.replica?.quarantine(node.name, 'it differs');
    return nothing;
  },
};

/** One at a time: what all who are in sync have lost, nobody can bring back. */
const damage: Fault = {
  name: 'a damaged copy',
  begin: (world, node) => {
    const { isr } = world.store.configuration;
    const isOnly = isr.every((name) => name === node.name);
    if (isOnly || [...world.nodes.values()].some((other) => other.damage !== undefined)) return nothing;
    node.damage = { reason: 'a page', isTotal: world.random.chance(0.5) };
    return () => node.repair();
  },
};

export const faults: readonly (readonly [weight: number, Fault])[] = [
  [3, crash],
  [3, crashOfPrimary],
  [1, crashOfAll],
  [2, restart],
  [2, pause],
  [2, pauseOfPrimary],
  [3, partition],
  [2, oneWay],
  [2, noStore],
  [4, isolation],
  [4, flapping],
  [4, isolationByAndBy],
  [1, storeAway],
  [3, storeUnreliable],
  [3, lossy],
  [1, slowNetwork],
  [1, slowDisk],
  [1, busy],
  [1, handOver],
  [1, placement],
  [1, quarantine],
  [2, damage],
];

/** Nothing breaks, but nobody is sure of anybody: what leases are for. */
export const doubts: typeof faults = [
  [4, flapping],
  [4, isolationByAndBy],
  [2, pauseOfPrimary],
  [1, lossy],
];
