/** A private single-member etcd in a temporary directory, for tests of the coordination store. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peerBinary, peerEnvironment } from '../../scripts/peers.mjs';
import { freePort } from './ports.js';
import { stop, tie } from './process.js';

export class Etcd {
  private constructor(
    /** `http://127.0.0.1:PORT` */
    readonly endpoint: string,
    private readonly directory: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<Etcd> {
    const binary = peerBinary('etcd');
    if (binary === undefined) throw new Error('etcd is not available');
    const directory = mkdtempSync(join(tmpdir(), 'shoal-etcd-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    const child = spawn(
      binary,
      [
        ...['--name', 'test', '--data-dir', directory, '--unsafe-no-fsync', '--log-level', 'error'],
        ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
      ],
      { env: peerEnvironment(binary), stdio: 'ignore' },
    );
    tie(child);
    for (let attempt = 0; !(await healthy(endpoint)); attempt++) {
      if (child.exitCode !== null || attempt > 150) throw new Error('etcd did not start');
      await sleep(100);
    }
    return new Etcd(endpoint, directory, child);
  }

  async stop(): Promise<void> {
    await stop(this.child);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function healthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/health`)).ok;
  } catch {
    return false;
  }
}

/** Starts etcd, or skips the calling test or suite when it is not available. */
export async function startEtcd(context: Mocha.Context): Promise<Etcd> {
  if (peerBinary('etcd') === undefined) {
    console.log('      skipped: etcd is not installed and could not be fetched');
    return context.skip();
  }
  return await Etcd.start();
}
