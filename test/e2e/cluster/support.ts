/** Clusters for tests: node processes that know each other from the start (node-process.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/ports.js';
import { stop, tie } from '../../support/process.js';
import type { NodeAddresses, NodeArguments } from './node-process.js';

export class TestNode {
  #child: ChildProcess | undefined;
  port = 0;

  constructor(private readonly args: NodeArguments) {}

  async start(): Promise<void> {
    const args: NodeArguments = { ...this.args, port: this.port };
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./node-process.ts', import.meta.url)), JSON.stringify(args)], {
      stdio: ['pipe', 'pipe', process.env['SHOAL_TEST_LOG'] === undefined ? 'ignore' : 'inherit'],
    });
    tie(child);
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      this.port = (JSON.parse(line) as NodeAddresses).port;
      return;
    }
    throw new Error(`node ${this.args.name} has not started`);
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await stop(this.#child, 'SIGKILL');
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await stop(this.#child, 'SIGTERM');
  }
}

export interface TestCluster {
  /** The first one hosts the database. */
  readonly nodes: readonly TestNode[];
  end(): Promise<void>;
}

/** Nodes a, b, c... of which the first hosts the database and the others none. */
export async function startCluster(count: number): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-cluster-'));
  const known: NodeArguments['others'][number][] = [];
  for (let number = 0; number < count; number++)
    known.push({ name: String.fromCharCode(97 + number), number, address: { host: '127.0.0.1', port: await freePort() } });
  const nodes = known.map(
    ({ name, number, address }) =>
      new TestNode({
        name,
        number,
        dataDirectory: join(directory, name),
        channelPort: address.port,
        primary: 'a',
        others: known.filter((other) => other.name !== name),
      }),
  );
  await Promise.all(nodes.map(async (node) => node.start()));
  return {
    nodes,
    end: async () => {
      await Promise.all(nodes.map(async (node) => node.kill()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
