import { Command, CommanderError } from 'commander';
import { packageVersion } from '../package-root.js';
import { errorSentence } from './output/error-sentence.js';
import { visible, warn } from './output/terminal.js';
import { isWrongUsage } from './output/wrong-usage.js';
import { defineAuditCommand } from './program/audit-command.js';
import { defineCorrectionCommands } from './program/correction-commands.js';
import { defineDemonstrationCommands } from './program/demonstration-commands.js';
import { defineMappingCommands } from './program/mapping-commands.js';
import { definePipelineCommands } from './program/pipeline-commands.js';
import { definePublicationCommands } from './program/publication-commands.js';
import { defineRoleCommands } from './program/role-commands.js';
import { defineScheduleCommands } from './program/schedule-commands.js';
import { defineStatusCommands } from './program/status-commands.js';

/** Defines the commands. A command's code is loaded when it is called, so that `--help` is fast. */
function defineProgram(): Command {
  const program = new Command('marquee')
    .description('Loads monthly vendor files and serves explained report tables over GraphQL.')
    // Some commands have their own --version.
    .enablePositionalOptions()
    .version(packageVersion, '--version', 'print the version')
    .showHelpAfterError('(see marquee --help)')
    .configureOutput({ outputError: (sentence, write) => write(visible(withoutLongArgument(sentence))) })
    .exitOverride();

  definePipelineCommands(program);
  defineMappingCommands(program);
  defineCorrectionCommands(program);
  definePublicationCommands(program);
  defineStatusCommands(program);
  defineAuditCommand(program);
  defineScheduleCommands(program);
  defineDemonstrationCommands(program);
  defineRoleCommands(program);

  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    command.exitOverride().showHelpAfterError('(see --help)');
  }
  return program;
}

/** Shortens a repeated argument: a page of it would hide the error. */
function withoutLongArgument(sentence: string): string {
  return sentence.replace(/(argument '.{80}).*(' is invalid)/s, '$1…$2');
}

/**
 * Runs one command and exits the process with 0 (done), 1 (not done; the reason is on standard error) or 2 (wrong usage).
 *
 * @param parameters the command line without `marquee`
 */
export async function main(parameters: string[]): Promise<never> {
  process.exit(await runCommand(parameters));
}

async function runCommand(parameters: string[]): Promise<number> {
  // Only recorded: the command still has to end what it started.
  let broken: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    broken ??= error;
  });
  try {
    await defineProgram().parseAsync(parameters, { from: 'user' });
    await new Promise((flushed) => process.stdout.write('', flushed));
    if (broken !== undefined) {
      throw broken;
    }
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : 2;
    }
    // A reader that stops reading (`| head`) is not an error.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') {
      return Number(process.exitCode ?? 0);
    }
    warn(`marquee: ${errorSentence(error)}`);
    return isWrongUsage(error) ? 2 : 1;
  }
}
