/** What the user is told of an address that cannot be listened on. Called by cli/compose.ts and cli/compose-channel.ts. */
import { formatAddress, type Address } from './address.js';
import { CliError } from './cli-error.js';

/** systemCode: of the system's error. option: the one that names the address. */
export function listenFailure(systemCode: string, message: string, address: Address, option: string): CliError {
  const shown = formatAddress(address);
  switch (systemCode) {
    case 'EADDRINUSE':
      return new CliError(`${shown} is already in use`, `choose another with ${option} HOST:PORT (port 0 picks a free one)`);
    case 'EACCES':
      return new CliError(`no permission to listen on ${shown}`, `choose a port above 1023 with ${option} HOST:PORT`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CliError(`this machine has no address ${address.host}`, `choose another with ${option} HOST:PORT`);
    default:
      return new CliError(`cannot listen on ${shown}: ${message}`);
  }
}
