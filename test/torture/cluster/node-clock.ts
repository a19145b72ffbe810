/** The wall clock of a node that a test moves while it runs: a library preloaded into its processes (clock-shim.c), compiled when it is first wanted. */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('./clock-shim.c', import.meta.url));

/** Answers the library; undefined: there is no C compiler here. */
export function compileClockShim(directory: string): string | undefined {
  const library = join(directory, 'clock-shim.so');
  return spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source], { stdio: 'ignore' }).status === 0 ? library : undefined;
}

export class NodeClock {
  readonly #file: string;
  readonly #descriptor: number;
  #offsetMs = 0;

  constructor(
    directory: string,
    node: string,
    private readonly library: string,
  ) {
    this.#file = join(directory, `${node}.clock`);
    this.#descriptor = openSync(this.#file, 'w+');
    ftruncateSync(this.#descriptor, 8);
  }

  /** For the node's processes. */
  get environment(): NodeJS.ProcessEnv {
    return { LD_PRELOAD: this.library, SHOAL_CLOCK_OFFSET: this.#file };
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Sets the clock so far from the machine's, at once. */
  set(offsetMs: number): void {
    const nanoseconds = Buffer.alloc(8);
    nanoseconds.writeBigInt64LE(BigInt(offsetMs) * 1_000_000n);
    writeSync(this.#descriptor, nanoseconds, 0, 8, 0);
    this.#offsetMs = offsetMs;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
