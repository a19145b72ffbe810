/** Private etcd servers in temporary directories, for tests of the coordination store: one, or several as one cluster; killed, paused and restarted on the same ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peerBinary, peerEnvironment } from '../../scripts/peers.mjs';
import { loopback, type Place } from './network.js';
import { freePort } from './ports.js';
import { run, stop, tie } from './process.js';

/** PEM files: etcd's own certificate, and the authority from which its clients' must come. */
export interface EtcdTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

interface Member {
  readonly name: string;
  readonly port: number;
  readonly peerPort: number;
  readonly peers: string;
  readonly place: Place;
  readonly tls: EtcdTls | undefined;
}

const directories = new Set<string>();
process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export class Etcd {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly member: Member,
    private readonly directory: string,
  ) {
    directories.add(directory);
  }

  static async start(tls?: EtcdTls): Promise<Etcd> {
    return (await Etcd.startCluster(1, tls))[0] as Etcd;
  }

  /** One that runs in a network of the test's, on ports of its own choice. */
  static async startAt(place: Place): Promise<Etcd> {
    const [port, peerPort] = [2379, 2380];
    const etcd = new Etcd(
      { name: 'm1', port, peerPort, peers: `m1=http://${place.host}:${peerPort}`, place, tls: undefined },
      mkdtempSync(join(tmpdir(), 'shoal-etcd-')),
    );
    await etcd.restart();
    return etcd;
  }

  /** Members that form one etcd. */
  static async startCluster(size: number, tls?: EtcdTls): Promise<Etcd[]> {
    const ports: [string, number, number][] = [];
    for (let index = 1; index <= size; index++) ports.push([`m${index}`, await freePort(), await freePort()]);
    const peers = ports.map(([name, , peerPort]) => `${name}=http://127.0.0.1:${peerPort}`).join(',');
    const members = ports.map(
      ([name, port, peerPort]) => new Etcd({ name, port, peerPort, peers, place: loopback('etcd', 1), tls }, mkdtempSync(join(tmpdir(), 'shoal-etcd-'))),
    );
    await Promise.all(members.map((member) => member.restart()));
    return members;
  }

  /** `HOST:PORT` */
  get address(): string {
    return `${this.member.place.host}:${this.member.port}`;
  }

  /** `http://HOST:PORT`, or https. */
  get endpoint(): string {
    return `${this.member.tls === undefined ? 'http' : 'https'}://${this.address}`;
  }

  /** Starts it again on the same ports and data, and waits until it serves. */
  async restart(): Promise<void> {
    const binary = peerBinary('etcd');
    if (binary === undefined) throw new Error('etcd is not available');
    const { name, peerPort, peers, place, tls } = this.member;
    const peer = `http://${place.host}:${peerPort}`;
    const [command, args] = place.command(binary, [
      ...['--name', name, '--data-dir', this.directory, '--log-level', 'error'],
      ...['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', peers],
      ...(tls === undefined ? [] : ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth']),
    ]);
    const child = spawn(command, args, { env: peerEnvironment(binary), stdio: 'ignore' });
    tie(child);
    this.#child = child;
    for (let attempt = 0; !(await this.#healthy()); attempt++) {
      if (child.exitCode !== null || attempt > 150) throw new Error('etcd did not start');
      await sleep(100);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** The output of etcdctl. */
  async control(...args: readonly string[]): Promise<string> {
    const { tls } = this.member;
    const trust = tls === undefined ? [] : ['--cacert', tls.ca, '--cert', tls.cert, '--key', tls.key];
    const { status, stdout, stderr } = await run(peerBinary('etcdctl') ?? 'etcdctl', ['--endpoints', this.endpoint, ...trust, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
      timeoutMs: 20_000,
    });
    if (status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    if (this.#child !== undefined) await stop(this.#child);
    rmSync(this.directory, { recursive: true, force: true });
    directories.delete(this.directory);
  }

  /** By its own account; with client certificates by whether it listens, since it would not tell us. */
  async #healthy(): Promise<boolean> {
    try {
      if (this.member.tls !== undefined) return (await this.control('endpoint', 'health')) !== undefined;
      return (await fetch(`${this.endpoint}/health`)).ok;
    } catch {
      return false;
    }
  }
}

/** Skips the calling test or suite when etcd is not available. */
export function needEtcd(context: Mocha.Context): void {
  if (peerBinary('etcd') !== undefined) return;
  console.log('      skipped: etcd is not installed and could not be fetched');
  context.skip();
}

/** Starts etcd, or skips the calling test or suite when it is not available. */
export async function startEtcd(context: Mocha.Context): Promise<Etcd> {
  needEtcd(context);
  return await Etcd.start();
}
