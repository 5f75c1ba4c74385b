import type { Command } from 'commander';
import { reason, wholeNumber } from './argument-values.js';

/** Commands that correct the warehouse manually, and undo it. */
export function defineCorrectionCommands(program: Command): void {
  program
    .command('retire')
    .description('remove rows from the live warehouse, reversibly, and publish the result')
    .argument('<table>', 'the warehouse table, for example movie_genres')
    .argument('<key...>', 'natural keys: values separated by commas, or field=value,field=value')
    .requiredOption('--reason <text>', 'why; recorded with user and time', reason)
    .option('--json', 'print the result as one JSON object')
    .action(async (table: string, keys: string[], options) =>
      (await import('../commands/retire.js')).retire(table, keys, options),
    );

  program
    .command('restore')
    .description('undo retirements, and publish the result')
    .argument('<table>', 'the warehouse table')
    .argument('<key...>', 'natural keys, as for retire')
    .requiredOption('--reason <text>', 'why; recorded with user and time', reason)
    .option('--json', 'print the result as one JSON object')
    .action(async (table: string, keys: string[], options) =>
      (await import('../commands/restore.js')).restore(table, keys, options),
    );

  program
    .command('withdraw')
    .description('remove the data of a file that was sent by mistake, reversibly, and publish the result')
    .argument('<file>', 'its number in marquee status', wholeNumber)
    .requiredOption('--reason <text>', 'why; recorded with user and time', reason)
    .option('--undo', 'undo an earlier withdrawal of the file')
    .option('--json', 'print the result as one JSON object')
    .action(async (file: number, options) =>
      (await import('../commands/withdraw.js')).withdraw(file, options),
    );
}
