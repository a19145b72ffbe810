/**
 * The Unix socket of a node, where libpq looks for it: DIR/.s.PGSQL.PORT, and beside it a lock file that tells whose it is, so that what a killed server has left is taken
 * away and what a living one holds is not. Used by cli/compose.ts. Source: CreateLockFile and Lock_AF_UNIX of PostgreSQL 15.
 */
import { chmodSync, closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CliError } from './cli-error.js';

/** sizeof(sockaddr_un.sun_path) - 1. */
const pathBytesMax = 107;

function isAlive(processId: number): boolean {
  if (processId === process.pid || processId === process.ppid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Makes the lock file, or takes over that of a process that is gone. */
function lock(path: string, content: string, socketPath: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, content);
      closeSync(file);
      return;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' || attempt > 10)
        throw new CliError(`could not create lock file "${path}": ${message}`, 'choose another directory with --socket-dir');
    }
    const owner = Math.abs(Number.parseInt(readFileSync(path, 'latin1'), 10));
    if (Number.isInteger(owner) && owner > 0 && isAlive(owner))
      throw new CliError(`lock file "${path}" already exists`, `Is another server (PID ${String(owner)}) using socket file "${socketPath}"?`);
    rmSync(path, { force: true });
    rmSync(socketPath, { force: true });
  }
}

export class SocketFile {
  private constructor(
    readonly path: string,
    private readonly lockPath: string,
  ) {}

  /** Locks the place of the socket. CliError when another server has it, or the directory cannot be used. */
  static claim(directory: string, port: number, dataDirectory: string): SocketFile {
    const path = join(resolve(directory), `.s.PGSQL.${String(port)}`);
    if (Buffer.byteLength(path) > pathBytesMax)
      throw new CliError(`Unix-domain socket path "${path}" is too long (maximum ${String(pathBytesMax)} bytes)`, 'choose another directory with --socket-dir');
    const started = Math.floor(Date.now() / 1000);
    lock(`${path}.lock`, `${[process.pid, dataDirectory, started, port, resolve(directory)].join('\n')}\n`, path);
    // (Without its lock file a socket is nobody's.)
    rmSync(path, { force: true });
    return new SocketFile(path, `${path}.lock`);
  }

  /** unix_socket_permissions, once the socket is there. */
  setMode(mode: number): void {
    chmodSync(this.path, mode);
  }

  release(): void {
    rmSync(this.path, { force: true });
    rmSync(this.lockPath, { force: true });
  }
}
