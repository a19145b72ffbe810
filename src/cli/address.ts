/**
 * HOST:PORT on the command line. Called by cli/start.ts and cli/compose.ts.
 */
import { isIP } from 'node:net';
import { CliError } from './cli-error.js';

export interface Address {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

/** `host:port`, `[::1]:port`, `:port` (all addresses) or `port` (loopback). */
export function parseAddress(text: string, option: string): Address {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new CliError(`${option} wants HOST:PORT, not "${text}"`, `for example ${option} 127.0.0.1:5432`, 2);
  }
  const host = match[1] ?? match[2] ?? '127.0.0.1';
  return { host: host === '' ? '0.0.0.0' : host, port };
}

/** As it stands in a URL. */
export function formatAddress({ host, port }: Address): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
