/**
 * The command `shoal`: picks the command and prints failures. bin/shoal runs this file.
 */
import { CliError, describeFailure } from './cli-error.js';
import { version } from './version.js';

const help = `Usage: shoal <command> [options]

Commands:
  start        run a server (shoal start --help)
  cluster      look at a cluster, or run one on this machine (shoal cluster --help)
  check        look for damage in a database (shoal check --help)
  backup       back up a database, or look at backups (shoal backup --help)
  restore      make a new data directory from a backup (shoal restore --help)
  scaler       as many nodes as the running queries want (shoal scaler --help)

Options:
  --version    print the version
  --help       print this text
`;

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(help);
      return;
    case '--version':
    case '-V':
      process.stdout.write(`shoal ${version()}\n`);
      return;
    case 'start': {
      const { start } = await import('./start.js');
      await start(rest);
      return;
    }
    case 'backup': {
      const { backup } = await import('./backup.js');
      await backup(rest);
      return;
    }
    case 'restore': {
      const { restore } = await import('./restore.js');
      await restore(rest);
      return;
    }
    case 'cluster': {
      const { cluster } = await import('./cluster.js');
      await cluster(rest);
      return;
    }
    case 'scaler': {
      const { scaler } = await import('./scaler.js');
      await scaler(rest);
      return;
    }
    case 'check': {
      const { check } = await import('./check.js');
      await check(rest);
      return;
    }
    default:
      throw new CliError(command.startsWith('-') ? `unknown option "${command}"` : `unknown command "${command}"`, 'try `shoal --help`', 2);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  for (const line of describeFailure(error)) process.stderr.write(`${line}\n`);
  process.exit(error instanceof CliError ? error.exitCode : 1);
});
