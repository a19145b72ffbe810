/** The arguments of a command: options by name, positionals in order; what is wrong with them becomes a CliError. Called by the commands. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CliError } from './cli-error.js';

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends OptionsConfig> = ReturnType<typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: true }>>;

/** command: as the user calls it, for the hint. */
export function parseCommand<O extends OptionsConfig>(command: string, args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split(/\. |\n/);
    throw new CliError(`${reason.charAt(0).toLowerCase()}${reason.slice(1)}`, `try \`shoal ${command} --help\``, 2);
  }
}
