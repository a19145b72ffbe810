/**
 * Judges a history (test/torture/history/history.ts) as Elle does (Kingsbury, Alvaro: Elle: Inferring Isolation Anomalies from Experimental Observations, 2020):
 * the order of each key's versions follows from what was read, so the dependencies between transactions are known and not guessed, and anomalies are cycles in them.
 *
 * ww: the next version of a key. wr: read what the other has written. rw: read what the other has then replaced. Forbidden are
 * - at every level: aborted and intermediate reads, cycles of ww and wr, lost writes, statements that see a transaction by half, reads older than an acknowledged commit;
 * - at REPEATABLE READ (snapshot isolation) also cycles in which no two rw follow one another: read skew, lost updates;
 * - at SERIALIZABLE all cycles, where "had ended before the other began" counts as well.
 */
import type { Anomaly, History, Operation, Transaction } from './history.js';

type EdgeKind = 'ww' | 'wr' | 'rw' | 'rt';

interface Edge {
  readonly to: Transaction;
  readonly kind: EdgeKind;
  readonly why: string;
}

class Graph {
  private readonly edges = new Map<Transaction, Edge[]>();

  add(from: Transaction, to: Transaction, kind: EdgeKind, why: string): void {
    if (from === to) return;
    const all = this.edges.get(from);
    if (all === undefined) this.edges.set(from, [{ to, kind, why }]);
    else if (!all.some((edge) => edge.to === to && edge.kind === kind)) all.push({ to, kind, why });
  }

  from(transaction: Transaction): readonly Edge[] {
    return this.edges.get(transaction) ?? [];
  }

  /**
   * A shortest cycle through edges of these kinds, or undefined. `apart`: no two rw in a row, also around the end; `first`: the kind that the cycle must have.
   */
  cycle(nodes: readonly Transaction[], kinds: ReadonlySet<EdgeKind>, first: EdgeKind, apart: boolean): string | undefined {
    let best: readonly (readonly [Transaction, Edge])[] | undefined;
    for (const start of nodes) {
      for (const begin of this.from(start)) {
        if (begin.kind !== first) continue;
        const path = this.path(begin.to, start, kinds, apart && begin.kind === 'rw');
        if (path === undefined) continue;
        const [firstStep] = path;
        const lastStep = path.at(-1);
        if (apart && first === 'rw' && (firstStep?.[1].kind === 'rw' || lastStep?.[1].kind === 'rw')) continue;
        if (best === undefined || path.length + 1 < best.length) best = [[start, begin], ...path];
      }
      if (best !== undefined && best.length <= 2) break;
    }
    return best?.map(([from, { to, kind, why }]) => `T${from.id} -${kind}-> T${to.id} (${why})`).join(', ');
  }

  /** Breadth first; a state is a transaction and whether it was reached by rw. `apart`: the path neither begins nor ends with rw, nor has two in a row. */
  private path(from: Transaction, target: Transaction, kinds: ReadonlySet<EdgeKind>, apart: boolean): readonly (readonly [Transaction, Edge])[] | undefined {
    interface State {
      readonly node: Transaction;
      readonly byRw: boolean;
      readonly before: State | undefined;
      readonly edge: Edge | undefined;
    }
    const seen = [new Set<Transaction>(), new Set<Transaction>()] as const;
    let frontier: State[] = [{ node: from, byRw: apart, before: undefined, edge: undefined }];
    while (frontier.length > 0) {
      const next: State[] = [];
      for (const state of frontier) {
        for (const edge of this.from(state.node)) {
          if (!kinds.has(edge.kind)) continue;
          const byRw = edge.kind === 'rw';
          if (apart && byRw && (state.byRw || edge.to === target)) continue;
          const reached: State = { node: edge.to, byRw: apart && byRw, before: state, edge };
          if (edge.to === target) return unwind(reached);
          const known = seen[reached.byRw ? 1 : 0];
          if (known.has(edge.to)) continue;
          known.add(edge.to);
          next.push(reached);
        }
      }
      frontier = next;
    }
    return undefined;

    function unwind(end: State): readonly (readonly [Transaction, Edge])[] {
      const steps: (readonly [Transaction, Edge])[] = [];
      for (let at: State | undefined = end; at?.edge !== undefined && at.before !== undefined; at = at.before) steps.unshift([at.before.node, at.edge]);
      return steps;
    }
  }

  /** Whether `to` depends on `from` by edges of these kinds. */
  reaches(from: Transaction, to: Transaction, kinds: ReadonlySet<EdgeKind>): boolean {
    return from === to || this.path(from, to, kinds, false) !== undefined;
  }
}

/** The committed versions of a key, in their order. */
interface Versions {
  readonly values: readonly number[];
  readonly at: ReadonlyMap<number, number>;
}

export function check(history: History): readonly Anomaly[] {
  return new Checker(history).run();
}

class Checker {
  private readonly anomalies: Anomaly[] = [];
  private readonly writers = new Map<number, Transaction>();
  private readonly undone = new Map<number, Transaction>();
  /** Values that their own transaction has followed with another one of the same key. */
  private readonly intermediate = new Set<number>();
  private readonly versions = new Map<number, Versions>();
  private readonly graph = new Graph();
  private readonly committed: readonly Transaction[];

  constructor(private readonly history: History) {
    this.committed = history.transactions.filter(({ committed }) => committed);
  }

  run(): readonly Anomaly[] {
    this.collectWriters();
    this.orderVersions();
    if (this.anomalies.length > 0) return this.anomalies; // without an order there are no dependencies
    for (const transaction of this.history.transactions) this.checkReads(transaction);
    for (const transaction of this.committed) this.addEdges(transaction);
    this.checkStatements();
    this.checkCycles();
    return this.anomalies;
  }

  private found(kind: Anomaly['kind'], text: string): void {
    this.anomalies.push({ kind, text });
  }

  private collectWriters(): void {
    for (const transaction of this.history.transactions) {
      const last = new Map<number, number>();
      for (const operation of transaction.operations) {
        if (operation.kind === 'read') continue;
        this.writers.set(operation.value, transaction);
        const before = last.get(operation.key);
        if (before !== undefined) this.intermediate.add(before);
        last.set(operation.key, operation.value);
      }
      for (const value of transaction.undone) this.undone.set(value, transaction);
    }
  }

  private orderVersions(): void {
    const keys = new Set([...this.history.final.keys()]);
    for (const { operations } of this.history.transactions) for (const operation of operations) if (operation.kind !== 'read') keys.add(operation.key);
    for (const key of keys) {
      const values = this.history.workload === 'list' ? this.listOrder(key) : this.registerOrder(key);
      this.versions.set(key, { values, at: new Map(values.map((value, at) => [value, at])) });
    }
  }

  private listOrder(key: number): readonly number[] {
    const values = this.history.final.get(key) ?? [];
    const present = new Set(values);
    if (present.size < values.length) this.found('incompatible', `key ${key} holds a value twice: ${values.join(' ')}`);
    for (const value of values) this.checkWriter(value, `key ${key} in the end`, undefined);
    for (const transaction of this.committed)
      for (const operation of transaction.operations)
        if (operation.kind === 'append' && operation.key === key && !present.has(operation.value))
          this.found('lost', `T${transaction.id} has appended ${operation.value} to key ${key} and committed; in the end it is not there`);
    return values;
  }

  private registerOrder(key: number): readonly number[] {
    const next = new Map<number, number>();
    for (const transaction of this.committed) {
      for (const operation of transaction.operations) {
        if (operation.kind !== 'write' || operation.key !== key) continue;
        const { previous, value } = operation;
        const other = next.get(previous);
        if (other !== undefined)
          this.found(
            'lost',
            `T${this.writers.get(other)?.id} and T${transaction.id} have both replaced ${previous} of key ${key}, with ${other} and ${value}: an update is lost`,
          );
        next.set(previous, value);
        if (previous !== 0) this.checkWriter(previous, `T${transaction.id}, replacing key ${key}`, transaction);
      }
    }
    const values: number[] = [];
    for (let value = next.get(0); value !== undefined && values.length <= next.size; value = next.get(value)) values.push(value);
    if (values.length !== next.size)
      this.found('incompatible', `the writes of key ${key} do not follow one another: ${[...next].map((pair) => pair.join('->')).join(' ')}`);
    const final = this.history.final.get(key)?.[0] ?? 0;
    if (final !== (values.at(-1) ?? 0)) this.found('lost', `key ${key} holds ${final} in the end, the last write was ${values.at(-1) ?? 0}`);
    return values;
  }

  /** Whoever sees a value must not see one of an aborted transaction, or one that was taken back. */
  private checkWriter(value: number, where: string, reader: Transaction | undefined): void {
    const taken = this.undone.get(value);
    if (taken !== undefined) this.found('G1a', `${where}: sees ${value}, which T${taken.id} has taken back`);
    const writer = this.writers.get(value);
    if (writer === undefined && taken === undefined) this.found('incompatible', `${where}: sees ${value}, which nobody has written`);
    else if (writer !== undefined && writer !== reader && !writer.committed)
      this.found('G1a', `${where}: sees ${value} of T${writer.id}, which was rolled back`);
  }

  /** What one statement has seen of one key: number of versions, those of the reader itself not counted when it was rolled back. */
  private position(key: number, seen: readonly number[], reader: Transaction): number {
    const foreign = reader.committed ? seen : seen.filter((value) => this.writers.get(value) !== reader);
    const last = foreign.at(-1);
    return last === undefined ? 0 : (this.versions.get(key)?.at.get(last) ?? -2) + 1;
  }

  private checkReads(transaction: Transaction): void {
    const own = new Map<number, number[]>();
    for (const operation of transaction.operations) {
      if (operation.kind !== 'read') {
        const values = own.get(operation.key);
        if (values === undefined) own.set(operation.key, [operation.value]);
        else values.push(operation.value);
        continue;
      }
      for (const [key, seen] of operation.seen) {
        const where = `T${transaction.id}, reading key ${key} as ${seen.join(' ')}`;
        for (const value of seen) this.checkWriter(value, where, transaction);
        const last = seen.at(-1);
        const mine = own.get(key);
        if (mine !== undefined) {
          const expected = this.history.workload === 'list' ? mine : mine.slice(-1);
          if (seen.slice(-expected.length).join() !== expected.join()) this.found('internal', `${where}, after having written ${mine.join(' ')}`);
        } else if (last !== undefined && this.writers.get(last) !== transaction && this.intermediate.has(last)) {
          this.found('G1b', `${where}: ${last} is not the last that T${this.writers.get(last)?.id} has written there`);
        }
        if (this.history.workload === 'list') {
          const { values } = this.versions.get(key) ?? { values: [] };
          const foreign = transaction.committed ? seen : seen.filter((value) => this.writers.get(value) !== transaction);
          if (foreign.some((value, at) => value !== values[at])) this.found('incompatible', `${where}: the versions are ${values.join(' ')}`);
        }
      }
    }
  }

  private addEdges(transaction: Transaction): void {
    for (const operation of transaction.operations) {
      if (operation.kind === 'read') {
        for (const [key, seen] of operation.seen) {
          const { writer, next } = this.neighbours(key, seen, transaction);
          if (writer !== undefined) this.graph.add(writer, transaction, 'wr', `key ${key}: ${seen.at(-1)}`);
          if (next !== undefined) this.graph.add(transaction, next.by, 'rw', `key ${key}: ${seen.at(-1) ?? 'nothing'}, then ${next.value}`);
        }
        continue;
      }
      const { values, at } = this.versions.get(operation.key) as Versions;
      const place = at.get(operation.value) ?? 0;
      const following = values[place + 1];
      const by = following === undefined ? undefined : this.writers.get(following);
      if (by !== undefined) this.graph.add(transaction, by, 'ww', `key ${operation.key}: ${operation.value}, then ${following}`);
    }
  }

  /** Who has written what was read, and who has written the version behind it. */
  private neighbours(
    key: number,
    seen: readonly number[],
    reader: Transaction,
  ): { writer: Transaction | undefined; next: { by: Transaction; value: number } | undefined } {
    const position = this.position(key, seen, reader);
    const { values } = this.versions.get(key) ?? { values: [] };
    const last = position > 0 ? values[position - 1] : undefined;
    const writer = last === undefined ? undefined : this.writers.get(last);
    const value = values[position];
    const by = value === undefined ? undefined : this.writers.get(value);
    return {
      writer: writer === reader ? undefined : writer,
      next: value === undefined || by === undefined || by === reader ? undefined : { by, value },
    };
  }

  /** One statement sees one state, whatever the level: not a transaction by half, and nothing older than what was acknowledged before it (its snapshot) was taken. */
  private checkStatements(): void {
    const dependencies = new Set<EdgeKind>(['ww', 'wr']);
    for (const transaction of this.committed) {
      for (const operation of transaction.operations) {
        if (operation.kind !== 'read') continue;
        this.checkFractured(transaction, operation, dependencies);
        const snapshot = this.history.level === 'read committed' ? operation.at.sent : transaction.at.sent;
        for (const [key, seen] of operation.seen) {
          const { next } = this.neighbours(key, seen, transaction);
          if (next !== undefined && next.by.at.answered < snapshot)
            this.found(
              'stale',
              `T${transaction.id} reads key ${key} as ${seen.join(' ')} although T${next.by.id}, which wrote ${next.value}, had been acknowledged before`,
            );
        }
      }
    }
  }

  private checkFractured(transaction: Transaction, operation: Extract<Operation, { kind: 'read' }>, dependencies: ReadonlySet<EdgeKind>): void {
    if (operation.seen.size < 2) return;
    const all = [...operation.seen].map(([key, seen]) => ({ key, ...this.neighbours(key, seen, transaction) }));
    for (const { key, next } of all) {
      if (next === undefined) continue;
      for (const { key: other, writer } of all) {
        if (writer === undefined || !this.graph.reaches(next.by, writer, dependencies)) continue;
        this.found(
          'fractured',
          `one statement of T${transaction.id} sees T${writer.id} in key ${other} but not T${next.by.id}, upon which that rests, in key ${key}`,
        );
        return;
      }
    }
  }

  private checkCycles(): void {
    const { level } = this.history;
    const look = (kind: Anomaly['kind'], kinds: readonly EdgeKind[], first: EdgeKind, apart = false): boolean => {
      const cycle = this.graph.cycle(this.committed, new Set(kinds), first, apart);
      if (cycle !== undefined) this.found(kind, cycle);
      return cycle !== undefined;
    };
    if (look('G0', ['ww'], 'ww')) return;
    if (look('G1c', ['ww', 'wr'], 'wr')) return;
    if (level === 'read committed') return;
    this.addRealTime();
    if (look('G-single', ['ww', 'wr', 'rw', 'rt'], 'rw', true)) return;
    if (level === 'serializable') look('G2', ['ww', 'wr', 'rw', 'rt'], 'rw');
  }

  /** Who had ended before another began comes before it. */
  private addRealTime(): void {
    const byStart = [...this.committed].sort((left, right) => left.at.sent - right.at.sent);
    for (const transaction of this.committed) {
      // Up to the first end of those that begin later: the rest follows through them.
      let horizon = Infinity;
      for (const later of byStart) {
        if (later.at.sent <= transaction.at.answered) continue;
        if (later.at.sent > horizon) break;
        horizon = Math.min(horizon, later.at.answered);
        this.graph.add(transaction, later, 'rt', 'had ended before');
      }
    }
  }
}
