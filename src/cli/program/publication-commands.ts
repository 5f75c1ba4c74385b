import type { Command } from 'commander';
import { publicationNumber, wholeNumber } from './argument-values.js';

/** Commands about publications: explain, list, roll back. */
export function definePublicationCommands(program: Command): void {
  program
    .command('explain')
    .description('explain why numbers of a report row changed, down to file and record')
    .argument('<report>', 'its name, for example genre_report')
    .argument('<key...>', 'the values of its key columns, in their order; for an id also a name')
    .option('--column <name>', 'only this column')
    .option(
      '--from <publication>',
      'the publication to compare with; by default the one before the last change',
      publicationNumber,
    )
    .option('--to <publication>', 'the last publication to explain; by default the newest', wholeNumber)
    .option('--json', 'print one JSON object')
    .action(async (report: string, key: string[], options) =>
      (await import('../commands/explain.js')).explainCommand(report, key, options),
    );

  program
    .command('trace')
    .description(
      'list the records that a served report row is made of: what counts, what is left out and why, as sent',
    )
    .argument('<report>', 'its name, for example genre_report')
    .argument('<key...>', 'the values of its key columns, in their order; for an id also a name')
    .option('--column <name>', 'only for this column')
    .option('--json', 'print one JSON object')
    .action(async (report: string, key: string[], options) =>
      (await import('../commands/trace.js')).traceCommand(report, key, options),
    );

  program
    .command('publications')
    .description('list publications: when, as of which day, and how many rows changed')
    .option('--json', 'print a JSON array')
    .action(async (options) => (await import('../commands/publications.js')).publications(options));

  program
    .command('rollback')
    .description(
      'publish the state of an earlier publication again, until the next publication from the warehouse',
    )
    .requiredOption('--to <publication>', 'its number', wholeNumber)
    .option('--json', 'print the result as one JSON object')
    .action(async (options) => (await import('../commands/rollback.js')).rollbackCommand(options));
}
