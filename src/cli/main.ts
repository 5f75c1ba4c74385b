import { Command, CommanderError } from 'commander';
import { packageVersion } from '../package-root.js';
import { errorSentence } from './output/error-sentence.js';
import { warn } from './output/terminal.js';
import { isWrongUsage } from './output/wrong-usage.js';
import { defineCorrectionCommands } from './program/correction-commands.js';
import { defineDemonstrationCommands } from './program/demonstration-commands.js';
import { defineMappingCommands } from './program/mapping-commands.js';
import { definePipelineCommands } from './program/pipeline-commands.js';
import { definePublicationCommands } from './program/publication-commands.js';
import { defineRoleCommands } from './program/role-commands.js';
import { defineStatusCommands } from './program/status-commands.js';

/** The commands. Each one's code is loaded when it is called, so that `--help` is quick. */
function defineProgram(): Command {
  const program = new Command('marquee')
    .description('Monthly vendor files in; explained report tables over GraphQL out.')
    // Commands have a --version of their own.
    .enablePositionalOptions()
    .version(packageVersion, '--version', 'print the version')
    .showHelpAfterError('(see marquee --help)')
    .configureOutput({ outputError: (sentence, write) => write(withoutLongArgument(sentence)) })
    .exitOverride();

  definePipelineCommands(program);
  defineMappingCommands(program);
  defineCorrectionCommands(program);
  definePublicationCommands(program);
  defineStatusCommands(program);
  defineDemonstrationCommands(program);
  defineRoleCommands(program);

  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    command.exitOverride().showHelpAfterError('(see --help)');
  }
  return program;
}

/** What was found is repeated where it is wrong; a page of it would hide what is wrong with it. */
function withoutLongArgument(sentence: string): string {
  return sentence.replace(/(argument '.{80}).*(' is invalid)/s, '$1…$2');
}

/**
 * Runs one command and ends the process: 0 done, 1 not done (the reason is on standard error), 2 wrong usage.
 *
 * @param parameters what stands behind `marquee`
 */
export async function main(parameters: string[]): Promise<never> {
  process.exit(await runCommand(parameters));
}

async function runCommand(parameters: string[]): Promise<number> {
  // Noted, not acted on: the command ends in its own way, with what it has started.
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
    // A reader that has seen enough (`| head`) is no fault.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') {
      return Number(process.exitCode ?? 0);
    }
    warn(`marquee: ${errorSentence(error)}`);
    return isWrongUsage(error) ? 2 : 1;
  }
}
