/** A Shoal server as users start it (`bin/shoal start`), on free ports and a temporary data directory, for end-to-end tests. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Connection } from './connection.js';
import type { Place } from './network.js';
import { stop, tie } from './process.js';

/** SHOAL_TEST_PROGRAM: a build elsewhere, so that a tree in the middle of an edit can be tested. */
const program = process.env['SHOAL_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../bin/shoal', import.meta.url));

/** SHOAL_TEST_FLAGS: further arguments of every `shoal start`, so that all tests can run under another configuration of threads. */
const commonFlags = (process.env['SHOAL_TEST_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');

export interface ShoalOptions {
  /** Default: a new temporary directory, removed by stop(). */
  readonly dataDirectory?: string;
  /** Further arguments of `shoal start`. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where it runs and listens, on ports that `flags` name; default: 127.0.0.1, any free ports. */
  readonly place?: Place;
  /** Hears every line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

export class Shoal {
  private constructor(
    readonly connection: Connection,
    /** `http://HOST:PORT` */
    readonly http: string,
    readonly dataDirectory: string,
    private readonly child: ChildProcess,
    private readonly output: readonly string[],
    private readonly temporary: boolean,
  ) {}

  /** Starts a server and waits for its line `ready: postgresql://HOST:PORT http://HOST:PORT`. */
  static async start(options: ShoalOptions = {}): Promise<Shoal> {
    const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'shoal-data-'));
    const child = launch(dataDirectory, options);
    const output: string[] = [];
    const ready = new Promise<RegExpExecArray>((resolve, reject) => {
      const timer = setTimeout(() => fail('is not ready after 120 s'), 120_000);
      const fail = (reason: string): void => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new Error(`Shoal ${reason}:\n${output.slice(-40).join('\n')}`));
      };
      child.on('exit', (code, signal) => fail(`ended with ${signal ?? code} before it was ready`));
      const heard = (line: string): void => {
        keep(output, line);
        options.onLine?.(line);
      };
      createInterface(child.stderr).on('line', heard);
      createInterface(child.stdout).on('line', (line) => {
        heard(line);
        const match = /ready: postgresql:\/\/(?:[^@/]*@)?(\S+):(\d+)\S* (http:\/\/\S+)/.exec(line);
        if (match === null) return;
        clearTimeout(timer);
        child.removeAllListeners('exit');
        resolve(match);
      });
    });
    try {
      const match = await ready;
      tie(child);
      const connection = { host: match[1] as string, port: Number(match[2]), user: 'postgres', database: 'postgres' };
      return new Shoal(connection, match[3] as string, dataDirectory, child, output, options.dataDirectory === undefined);
    } catch (error) {
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Starts a server and sends SIGKILL after so many milliseconds, be it ready or not. */
  static async startAndKill(options: ShoalOptions & { readonly dataDirectory: string }, afterMs: number): Promise<void> {
    const child = launch(options.dataDirectory, options);
    child.stdout.resume();
    child.stderr.resume();
    const gone = once(child, 'exit');
    await Promise.race([gone, sleep(afterMs)]);
    child.kill('SIGKILL');
    await gone;
  }

  get port(): number {
    return this.connection.port;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** The last lines of stdout and stderr. */
  get log(): string {
    return this.output.join('\n');
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends a signal and waits until the process is gone. The data directory stays. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.alive) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  /** Stops the server; removes the data directory if it was a temporary one. */
  async stop(): Promise<void> {
    await stop(this.child);
    if (this.temporary) rmSync(this.dataDirectory, { recursive: true, force: true });
  }
}

function launch(dataDirectory: string, options: ShoalOptions): ChildProcessByStdio<null, Readable, Readable> {
  const own = [program, 'start', '--data-dir', dataDirectory, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', ...commonFlags, ...(options.flags ?? [])];
  const [command, args] = options.place?.command(process.execPath, own) ?? [process.execPath, own];
  const child = spawn(command, args, { env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  tie(child);
  return child;
}

function keep(output: string[], line: string): void {
  output.push(line);
  if (output.length > 2000) output.splice(0, 1000);
}
