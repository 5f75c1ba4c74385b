import type { Command } from 'commander';
import { reason, wholeNumber } from './argument-values.js';

/** What is taken out of the warehouse by hand, and put back. */
export function defineCorrectionCommands(program: Command): void {
  program
    .command('retire')
    .description('take rows out of the live warehouse, reversibly, and publish what follows')
    .argument('<table>', 'the warehouse table, for example movie_genres')
    .argument('<key...>', 'natural keys: values with commas between, or field=value,field=value')
    .requiredOption('--reason <text>', 'why; kept with who and when', reason)
    .option('--json', 'print one object with what was done')
    .action(async (table: string, keys: string[], options) =>
      (await import('../commands/retire.js')).retire(table, keys, options),
    );

  program
    .command('restore')
    .description('take retirements back, and publish what follows')
    .argument('<table>', 'the warehouse table')
    .argument('<key...>', 'natural keys, as for retire')
    .requiredOption('--reason <text>', 'why; kept with who and when', reason)
    .option('--json', 'print one object with what was done')
    .action(async (table: string, keys: string[], options) =>
      (await import('../commands/restore.js')).restore(table, keys, options),
    );

  program
    .command('withdraw')
    .description('leave a file out that should not have been sent, reversibly, and publish what follows')
    .argument('<file>', 'its number, as marquee status tells it', wholeNumber)
    .requiredOption('--reason <text>', 'why; kept with who and when', reason)
    .option('--undo', 'take it back instead')
    .option('--json', 'print one object with what was done')
    .action(async (file: number, options) =>
      (await import('../commands/withdraw.js')).withdraw(file, options),
    );
}
