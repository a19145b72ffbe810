import assert from 'node:assert/strict';
import {
  defaultPlacementLimits,
  type DatabaseCopies,
  type NodeLoad,
  planPlacement,
  rebalancingLimits,
} from '../../../../src/cluster/placement/plan-placement.js';

const gigabyte = 1e9;

/** Nodes that copy what they are told to, in any order, as a seed has it. */
class Fleet {
  readonly nodes = new Map<string, { quotaBytes: number; state: NodeLoad['state'] }>();
  readonly databases = new Map<
    string,
    {
      bytes: number;
      factor: number;
      primary: string | undefined;
      inSync: string[];
      wanted: string[];
      wantedPrimary: string | undefined;
      home: string | undefined;
    }
  >();
  moves = 0;
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761 + 1;
  }

  random(below: number): number {
    this.#state = (Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return Math.floor((((this.#state ^ (this.#state >>> 13)) >>> 0) / 2 ** 32) * below);
  }

  loads(): NodeLoad[] {
    return [...this.nodes].map(([id, node]) => ({
      id,
      ...node,
      storedBytes: [...this.databases.values()].filter((database) => database.inSync.includes(id)).reduce((sum, { bytes }) => sum + bytes, 0),
    }));
  }

  copies(): DatabaseCopies[] {
    return [...this.databases].map(([id, database]) => ({ id, ...database }));
  }

  /** One decision, which must leave every database with a copy in sync. */
  decide(limits = defaultPlacementLimits): number {
    const changes = planPlacement(this.loads(), this.copies(), limits);
    for (const change of changes) {
      const database = this.databases.get(change.database);
      assert(database !== undefined);
      const given = database.wanted.filter((id) => !change.wanted.includes(id));
      for (const id of given) {
        assert.notEqual(id, database.primary, 'a primary is handed over before its copy goes');
        const left = database.inSync.filter((other) => other !== id && change.wanted.includes(other));
        assert(left.length > 0, 'something in sync is left');
        if (this.nodes.get(id)?.state === 'present') assert(left.length >= Math.min(database.factor, this.present().length), 'the wanted number is left');
      }
      this.moves += change.wanted.filter((id) => !database.wanted.includes(id)).length;
      database.wanted = [...change.wanted];
      database.wantedPrimary = change.wantedPrimary;
      database.home = change.home;
    }
    return changes.length;
  }

  present(): string[] {
    return [...this.nodes].filter(([, { state }]) => state === 'present').map(([id]) => id);
  }

  /** Every node does what is wanted of it. */
  obey(): void {
    for (const database of this.databases.values()) {
      const alive = (id: string): boolean => ['present', 'draining'].includes(this.nodes.get(id)?.state ?? 'gone');
      database.inSync = database.inSync.filter((id) => database.wanted.includes(id) && alive(id));
      if (database.inSync.length > 0) for (const id of database.wanted) if (alive(id) && !database.inSync.includes(id)) database.inSync.push(id);
      if (database.wantedPrimary !== undefined && database.inSync.includes(database.wantedPrimary)) database.primary = database.wantedPrimary;
      if (database.primary === undefined || !database.inSync.includes(database.primary)) database.primary = database.inSync[0];
    }
  }

  /** Decides and obeys until nothing changes. */
  settle(limits = defaultPlacementLimits): void {
    for (let round = 0; round < 200; round++) {
      const count = this.decide(limits);
      this.obey();
      if (count === 0) return;
    }
    assert.fail('the placement never comes to rest');
  }

  /** Where the databases' primaries are. */
  primaries(): readonly (string | undefined)[] {
    return [...this.databases.values()].map(({ primary }) => primary);
  }

  addNode(quotaBytes = 100 * gigabyte): string {
    const id = `n${String(this.nodes.size + 1).padStart(3, '0')}`;
    this.nodes.set(id, { quotaBytes, state: 'present' });
    return id;
  }

  addDatabase(bytes: number, factor: number, on: string): string {
    const id = `d${String(this.databases.size + 1).padStart(3, '0')}`;
    this.databases.set(id, { bytes, factor, primary: on, inSync: [on], wanted: [on], wantedPrimary: undefined, home: on });
    return id;
  }
}

function fleet(nodes: number, databases: number, factor = 3, seed = 1): Fleet {
  const made = new Fleet(seed);
  for (let at = 0; at < nodes; at++) made.addNode();
  for (let at = 0; at < databases; at++) made.addDatabase((1 + made.random(9)) * gigabyte, factor, 'n001');
  return made;
}

describe('planPlacement', () => {
  it('gives every database its copies, on different nodes', () => {
    const made = fleet(5, 12);
    made.settle();
    for (const { inSync } of made.databases.values()) assert.equal(new Set(inSync).size, 3);
  });

  it('wants no more copies than there are nodes', () => {
    const made = fleet(2, 3);
    made.settle();
    for (const { inSync } of made.databases.values()) assert.equal(inSync.length, 2);
  });

  it('copies few databases at a time', () => {
    const made = fleet(3, 20);
    assert.equal(made.decide(), defaultPlacementLimits.copiesUnderWayMax);
    assert.equal(made.decide(), 0);
  });

  it('spreads primaries over the nodes', () => {
    const made = fleet(4, 12);
    made.settle();
    const primaries = [...made.nodes.keys()].map((id) => [...made.databases.values()].filter(({ primary }) => primary === id).length);
    assert(Math.max(...primaries) - Math.min(...primaries) <= 1, `primaries ${primaries.join(', ')}`);
  });

  it('moves no primary because its node was away for a moment, until an operator asks for it', () => {
    const made = fleet(3, 9);
    made.settle();
    for (const id of ['n001', 'n002', 'n003']) {
      const node = made.nodes.get(id);
      assert(node !== undefined);
      node.state = 'absent';
      made.obey();
      made.settle();
      node.state = 'present';
      made.obey();
      const before = made.primaries();
      assert(!before.includes(id));
      made.settle();
      assert.deepEqual(made.primaries(), before);
    }
    made.settle(rebalancingLimits);
    const even = made.primaries();
    assert.deepEqual(
      ['n001', 'n002', 'n003'].map((id) => even.filter((primary) => primary === id).length),
      [3, 3, 3],
    );
    made.settle();
    assert.deepEqual(made.primaries(), even);
  });

  it('moves the primaries of the smallest databases first', () => {
    const made = new Fleet(1);
    for (let at = 0; at < 2; at++) made.addNode();
    for (const size of [8, 2, 4, 1, 16, 3]) made.addDatabase(size * gigabyte, 2, 'n001');
    made.settle();
    const moved = [...made.databases.values()].filter(({ primary }) => primary === 'n002').map(({ bytes }) => bytes / gigabyte);
    assert.deepEqual(
      moved.sort((a, b) => a - b),
      [1, 2, 3],
    );
  });

  it('levels the loads when a node joins, and then rests', () => {
    const made = fleet(3, 30, 1);
    made.settle();
    made.addNode();
    made.settle();
    const loads = made.loads().map(({ storedBytes, quotaBytes }) => storedBytes / quotaBytes);
    assert(Math.max(...loads) - Math.min(...loads) < defaultPlacementLimits.spreadMin, `loads ${loads.join(', ')}`);
    const before = made.moves;
    made.settle();
    assert.equal(made.moves, before);
  });

  it('fills larger nodes with more', () => {
    const made = new Fleet(7);
    made.addNode(50 * gigabyte);
    made.addNode(200 * gigabyte);
    for (let at = 0; at < 24; at++) made.addDatabase(2 * gigabyte, 1, 'n001');
    made.settle();
    const [small, large] = made.loads();
    assert((large?.storedBytes ?? 0) > 1.5 * (small?.storedBytes ?? 0));
  });

  it('leaves an absent node its copies, and replaces those of one that is gone', () => {
    const made = fleet(4, 6);
    made.settle();
    const before = made.moves;
    const away = made.nodes.get('n002');
    assert(away !== undefined);
    away.state = 'absent';
    made.settle();
    assert.equal(made.moves, before);
    away.state = 'gone';
    made.settle();
    for (const { inSync, wanted } of made.databases.values()) {
      assert.equal(inSync.length, 3);
      assert(!wanted.includes('n002'));
    }
  });

  it('drains a node: copies elsewhere first, then primaries, then its own go', () => {
    const made = fleet(4, 8);
    made.settle();
    const drained = made.nodes.get('n001');
    assert(drained !== undefined);
    drained.state = 'draining';
    made.settle();
    for (const { inSync, wanted, primary } of made.databases.values()) {
      assert.equal(inSync.length, 3);
      assert(!wanted.includes('n001'));
      assert.notEqual(primary, 'n001');
    }
  });

  it('keeps the last copies of a draining node when there is nowhere to go', () => {
    const made = fleet(1, 2);
    const only = made.nodes.get('n001');
    assert(only !== undefined);
    only.state = 'draining';
    made.settle();
    for (const { wanted } of made.databases.values()) assert.deepEqual(wanted, ['n001']);
  });

  it('does not fill a node beyond its quota', () => {
    const made = new Fleet(3);
    made.addNode(100 * gigabyte);
    made.addNode(5 * gigabyte);
    made.addDatabase(10 * gigabyte, 2, 'n001');
    made.settle();
    assert.deepEqual([...made.databases.values()][0]?.wanted, ['n001']);
  });

  it('follows a smaller and a greater number of copies', () => {
    const made = fleet(4, 5);
    made.settle();
    for (const database of made.databases.values()) database.factor = 2;
    made.settle();
    for (const { inSync } of made.databases.values()) assert.equal(inSync.length, 2);
    for (const database of made.databases.values()) database.factor = 4;
    made.settle();
    for (const { inSync } of made.databases.values()) assert.equal(inSync.length, 4);
  });

  for (let seed = 1; seed <= 200; seed++) {
    it(`comes to rest and loses nothing, whatever happens (seed ${String(seed)})`, () => {
      const made = fleet(2 + (seed % 6), 1 + (seed % 17), 1 + (seed % 4), seed);
      for (let round = 0; round < 30; round++) {
        const event = made.random(8);
        const ids = [...made.nodes.keys()];
        const node = made.nodes.get(ids[made.random(ids.length)] as string);
        assert(node !== undefined);
        if (event === 0) made.addNode((20 + made.random(200)) * gigabyte);
        else if (event === 1 && made.present().length > 1) node.state = 'draining';
        else if (event === 2 && made.present().length > 2) node.state = 'absent';
        else if (event === 3) node.state = 'present';
        else if (event === 4 && node.state === 'absent') node.state = 'gone';
        else if (event === 5) for (const database of made.databases.values()) database.bytes = (1 + made.random(12)) * gigabyte;
        else if (made.present()[0] !== undefined) made.addDatabase((1 + made.random(5)) * gigabyte, 1 + made.random(4), made.present()[0] as string);
        if (made.random(3) > 0) made.decide();
        if (made.random(3) > 0) made.obey();
      }
      for (const node of made.nodes.values()) if (node.state !== 'gone') node.state = 'present';
      made.obey();
      made.settle();
      const moves = made.moves;
      made.settle();
      assert.equal(made.moves, moves);
    });
  }
});
