/**
 * A network of their own for the processes of a test: each has an address behind a switch, and any direction between two of them can be cut, silently, as a broken cable or
 * switch would. Made of network namespaces, so on Linux only, with `ip`, `unshare` and `nsenter`, by root or where user namespaces are permitted.
 *
 * `runInNetwork` runs a program in namespaces in which `Network.open` may be called; all that it has started dies with it. Where that is not permitted, `loopback` places
 * have addresses but cannot be cut.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { tie } from './process.js';

/** Where a process of the test lives. */
export interface Place {
  readonly name: string;
  readonly host: string;
  /** The program as it is started there. */
  readonly command: (program: string, args: readonly string[]) => readonly [program: string, args: readonly string[]];
}

/** Set for the program in the namespaces. */
const insideVariable = 'SHOAL_TEST_NETWORK';
const subnet = '10.77.0';
/** Nobody has it: what is sent there is lost. */
const nobody = '02:00:00:00:00:01';

const isRoot = process.getuid?.() === 0;
const namespaces: readonly string[] = [...(isRoot ? [] : ['--user', '--map-root-user']), '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Whether this process is in namespaces of its own. */
export function isInNetwork(): boolean {
  return process.env[insideVariable] !== undefined;
}

/** Whether this machine lets us make namespaces, with a switch in them. */
export function networksArePermitted(): boolean {
  const probe = 'ip link add switch0 type bridge && ip link add end0 type veth peer name end1';
  return process.platform === 'linux' && spawnSync('unshare', [...namespaces, 'sh', '-c', probe], { stdio: 'ignore' }).status === 0;
}

/** Runs this program again, in namespaces; answers its exit status. */
export async function runInNetwork(args: readonly string[]): Promise<number> {
  const child = spawn('unshare', [...namespaces, process.execPath, ...process.execArgv, ...args], {
    env: { ...process.env, [insideVariable]: '1' },
    stdio: 'inherit',
  });
  tie(child);
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

export function loopback(name: string, number: number): Place {
  return { name, host: `127.0.0.${String(number)}`, command: (program, args) => [program, args] };
}

interface NamespacedPlace extends Place {
  readonly keeper: ChildProcess;
}

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

export class Network {
  readonly #places = new Map<string, NamespacedPlace>();
  readonly #cuts = new Map<string, { readonly from: NamespacedPlace; readonly to: Place }>();

  /** This process is a place of it, too, with the address `10.77.0.1`. */
  static open(): Network {
    if (!isInNetwork()) throw new Error('only a program that runInNetwork has started has a network of its own');
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'switch0', 'type', 'bridge');
    ip('address', 'add', `${subnet}.1/24`, 'dev', 'switch0');
    ip('link', 'set', 'switch0', 'up');
    return new Network();
  }

  private constructor() {}

  /** A new place, reached by all. number: from 2 to 254. */
  async place(name: string, number: number): Promise<Place> {
    // A process that does nothing but keep the namespace: it lives until its input ends.
    const keeper = spawn('unshare', ['--net', 'sh', '-c', 'echo there; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    tie(keeper);
    await once(keeper.stdout, 'data');
    const enter = ['-t', String(keeper.pid), '--net', '--'];
    const place: NamespacedPlace = { name, host: `${subnet}.${String(number)}`, keeper, command: (program, args) => ['nsenter', [...enter, program, ...args]] };
    const end = `end${String(number)}`;
    ip('link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(keeper.pid));
    ip('link', 'set', end, 'master', 'switch0', 'up');
    for (const args of [
      ['address', 'add', `${place.host}/24`, 'dev', 'eth0'],
      ['link', 'set', 'eth0', 'up'],
      ['link', 'set', 'lo', 'up'],
    ])
      this.#within(place, args);
    this.#places.set(name, place);
    return place;
  }

  /** What `from` sends to `to` is lost from now on. (It takes the other for one with a hardware address that nobody has.) */
  cut(from: Place, to: Place): void {
    const source = this.#placeOf(from);
    const key = `${from.name}>${to.name}`;
    if (this.#cuts.has(key)) return;
    this.#within(source, ['neighbour', 'replace', to.host, 'lladdr', nobody, 'dev', 'eth0', 'nud', 'permanent']);
    this.#cuts.set(key, { from: source, to });
  }

  isCut(from: Place, to: Place): boolean {
    return this.#cuts.has(`${from.name}>${to.name}`);
  }

  /** Everybody reaches everybody again. */
  heal(): void {
    for (const { from, to } of this.#cuts.values()) this.#within(from, ['neighbour', 'delete', to.host, 'dev', 'eth0']);
    this.#cuts.clear();
  }

  #placeOf({ name }: Place): NamespacedPlace {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`${name} is no place of this network`);
    return place;
  }

  #within(place: NamespacedPlace, args: readonly string[]): void {
    const [program, all] = place.command('ip', args);
    const { status, stderr } = spawnSync(program, all, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}, at ${place.name}: ${stderr}`);
  }
}
