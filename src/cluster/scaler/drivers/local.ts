/**
 * Nodes as processes of this machine (`shoal start`): for trying out, and for tests of the whole loop. It does what an orchestrator does: keeps as many processes alive as were
 * asked for, starts those that have died again, asks whether they are alive.
 *
 * The processes do not depend on the scaler: they go on when it ends, and the next one finds them by what is kept in `directory`: nodes.json (names, pids), and for each node its
 * data directory and its log. A node's data stay when it goes, and are there when one of the same name comes back.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeOutcome, DriverObservation, DriverTask, DriverWatch, ScalingDriver } from '../driver.js';
import { numberOf, objectOf, objectsOf, textOf } from '../json.js';

export interface LocalOptions {
  readonly directory: string;
  /** Program and first arguments: what comes before `start`. */
  readonly program: readonly string[];
  /** Further arguments of `shoal start`. */
  readonly startArguments: readonly string[];
  readonly host: string;
  /** Of node-1; node-2 has the next, and so on. 0: any free one. */
  readonly firstPort: number;
  readonly firstHttpPort: number;
  readonly log: (line: string) => void;
}

interface LocalNode {
  readonly number: number;
  readonly pid: number;
  /** When the process began, as the system counts: another one may have the same pid later. */
  readonly began: string;
}

/** A process that does not end when it is asked to is ended after so long. */
const killAfterMs = 60_000;
const healthTimeoutMs = 2000;
/** A node that has died at once is not started again at once. */
const restartPauseMs = 2000;

/** Identifies a process that lives: its start time from /proc where there is one. */
function processBegan(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    if (existsSync('/proc/self/stat')) return undefined;
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch {
    return undefined;
  }
}

/** Addresses of a node from its log: the last line `ready: postgresql://... http://...`. */
function readyAddresses(logText: string): { readonly postgres: string; readonly http: string } | undefined {
  const found = [...logText.matchAll(/^ready: (postgresql:\/\/\S+) (http:\/\/\S+)$/gm)].at(-1);
  return found?.[1] === undefined || found[2] === undefined ? undefined : { postgres: found[1], http: found[2] };
}

export class LocalDriver implements ScalingDriver {
  readonly name = 'local';
  readonly removal = 'any';
  #instances: number;
  #nodes: LocalNode[];
  readonly #children = new Set<ChildProcess>();
  readonly #startedAt = new Map<number, number>();
  readonly #ending = new Set<Promise<void>>();
  #changed: () => void = () => undefined;

  constructor(private readonly options: LocalOptions) {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const kept = existsSync(this.#statePath) ? objectOf(JSON.parse(readFileSync(this.#statePath, 'utf8'))) : undefined;
    this.#nodes = objectsOf(kept?.['nodes']).flatMap((one) => {
      const [number, pid, began] = [numberOf(one['number']), numberOf(one['pid']), textOf(one['began'])];
      return number === undefined || pid === undefined || began === undefined ? [] : [{ number, pid, began }];
    });
    this.#instances = numberOf(kept?.['instances']) ?? 0;
  }

  get #statePath(): string {
    return join(this.options.directory, 'nodes.json');
  }

  #keep(): void {
    const temporary = `${this.#statePath}.new`;
    writeFileSync(temporary, `${JSON.stringify({ instances: this.#instances, nodes: this.#nodes }, null, 2)}\n`);
    renameSync(temporary, this.#statePath);
  }

  #logPath(number: number): string {
    return join(this.options.directory, `node-${String(number)}.log`);
  }

  #isAlive({ pid, began }: LocalNode): boolean {
    return processBegan(pid) === began;
  }

  /** Where clients connect, of the nodes that are ready. */
  addresses(): readonly string[] {
    return this.#nodes.flatMap((node) => (this.#isAlive(node) ? (this.#address(node)?.postgres ?? []) : []));
  }

  #address({ number }: LocalNode): { readonly postgres: string; readonly http: string } | undefined {
    const path = this.#logPath(number);
    return existsSync(path) ? readyAddresses(readFileSync(path, 'utf8')) : undefined;
  }

  async observe(): Promise<DriverObservation> {
    this.#tend();
    const tasks = await Promise.all(
      this.#nodes.map(async (node): Promise<DriverTask & { readonly number: number }> => {
        const url = this.#address(node)?.http;
        return { number: node.number, id: `node-${String(node.number)}`, state: url === undefined ? 'starting' : await health(url), url };
      }),
    );
    // (node-1 is what clients know: it goes last.)
    tasks.sort((a, b) => b.number - a.number);
    return { instances: this.#instances, tasks, deployments: [], starved: undefined };
  }

  /** Forgets the dead, and starts what is missing. */
  #tend(): void {
    const alive = this.#nodes.filter((node) => this.#isAlive(node));
    for (const node of this.#nodes) {
      if (!alive.includes(node)) this.options.log(`local: node-${String(node.number)} has ended by itself, see ${this.#logPath(node.number)}`);
    }
    this.#nodes = alive;
    for (let number = 1; this.#nodes.length < this.#instances; number++) {
      if (this.#nodes.some((node) => node.number === number)) continue;
      if (Date.now() - (this.#startedAt.get(number) ?? 0) < restartPauseMs) break;
      this.#start(number);
    }
    this.#keep();
  }

  #start(number: number): void {
    const { program, startArguments, host, firstPort, firstHttpPort, directory } = this.options;
    const [command = process.execPath, ...before] = program;
    const port = (first: number): string => `${host}:${String(first === 0 ? 0 : first + number - 1)}`;
    rmSync(this.#logPath(number), { force: true });
    const output = openSync(this.#logPath(number), 'a', 0o600);
    const child = spawn(
      command,
      [
        ...[...before, 'start', '--data-dir', join(directory, `node-${String(number)}`)],
        ...['--node-id', `node-${String(number)}`, '--listen', port(firstPort), '--http', port(firstHttpPort), ...startArguments],
      ],
      { detached: true, stdio: ['ignore', output, output] },
    );
    closeSync(output);
    child.on('error', (error) => {
      this.options.log(`local: node-${String(number)} cannot be started: ${error.message}`);
    });
    child.on('exit', () => {
      this.#children.delete(child);
      this.#changed();
    });
    child.unref();
    this.#children.add(child);
    this.#startedAt.set(number, Date.now());
    if (child.pid !== undefined) this.#nodes.push({ number, pid: child.pid, began: processBegan(child.pid) ?? '' });
  }

  async setInstances(instances: number): Promise<ChangeOutcome> {
    this.#instances = instances;
    this.#tend();
    return await Promise.resolve({ kind: 'done' });
  }

  async remove(tasks: readonly string[], instances: number): Promise<ChangeOutcome> {
    const leaving = this.#nodes.filter(({ number }) => tasks.includes(`node-${String(number)}`));
    if (leaving.length < tasks.length) return { kind: 'outdated' };
    this.#instances = instances;
    this.#nodes = this.#nodes.filter((node) => !leaving.includes(node));
    this.#keep();
    for (const node of leaving) {
      const ending = this.#end(node).finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
    return await Promise.resolve({ kind: 'done' });
  }

  async #end(node: LocalNode): Promise<void> {
    const signal = (name: NodeJS.Signals): void => {
      if (this.#isAlive(node)) process.kill(node.pid, name);
    };
    signal('SIGTERM');
    for (const deadline = performance.now() + killAfterMs; this.#isAlive(node) && performance.now() < deadline; ) await sleep(50);
    signal('SIGKILL');
  }

  /** Ends all nodes. */
  async stopAll(): Promise<number> {
    const all = this.#nodes.filter((node) => this.#isAlive(node));
    this.#instances = 0;
    await Promise.all(all.map(async (node) => await this.#end(node)));
    this.#nodes = [];
    this.#keep();
    return all.length;
  }

  watch(changed: () => void): DriverWatch {
    this.#changed = changed;
    return {
      close: async () => {
        this.#changed = () => undefined;
        await Promise.resolve();
      },
    };
  }

  /** Nodes that were asked to end are waited for; the others go on. */
  async close(): Promise<void> {
    await Promise.all(this.#ending);
    for (const child of this.#children) child.removeAllListeners();
  }
}

async function health(url: string): Promise<DriverTask['state']> {
  try {
    const response = await fetch(`${url}/alive`, { signal: AbortSignal.timeout(healthTimeoutMs) });
    const body = objectOf(await response.json());
    return response.ok ? 'healthy' : body?.['status'] === 'starting' ? 'starting' : 'unhealthy';
  } catch {
    return 'unhealthy';
  }
}
