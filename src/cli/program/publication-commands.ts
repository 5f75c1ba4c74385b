import type { Command } from 'commander';
import { publicationNumber, wholeNumber } from './argument-values.js';

/** What readers were given, why it is so, and the way back. */
export function definePublicationCommands(program: Command): void {
  program
    .command('explain')
    .description('why numbers of a report row changed, down to file and record')
    .argument('<report>', 'its name, for example genre_report')
    .argument('<key...>', 'the values of its key columns, in their order')
    .option('--column <name>', 'this column alone')
    .option('--from <publication>', 'compared with this one; the one before unless told', publicationNumber)
    .option('--to <publication>', 'up to this one; the newest unless told', wholeNumber)
    .option('--json', 'print one object')
    .action(async (report: string, key: string[], options) =>
      (await import('../commands/explain.js')).explainCommand(report, key, options),
    );

  program
    .command('trace')
    .description(
      'what stands behind a report row as it is served: what counts, what is left out and why, as sent',
    )
    .argument('<report>', 'its name, for example genre_report')
    .argument('<key...>', 'the values of its key columns, in their order')
    .option('--column <name>', 'for this column alone')
    .option('--json', 'print one object')
    .action(async (report: string, key: string[], options) =>
      (await import('../commands/trace.js')).traceCommand(report, key, options),
    );

  program
    .command('publications')
    .description('what readers were given, when, from which month, and how much it changed')
    .option('--json', 'print an array')
    .action(async (options) => (await import('../commands/publications.js')).publications(options));

  program
    .command('rollback')
    .description(
      'publish the state of an earlier publication again, until anything is published from the warehouse',
    )
    .requiredOption('--to <publication>', 'the one wanted', wholeNumber)
    .option('--json', 'print one object with what was done')
    .action(async (options) => (await import('../commands/rollback.js')).rollbackCommand(options));
}
