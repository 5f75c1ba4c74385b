import { type Command, Option } from 'commander';
import { runStates } from '../../queue/ledger/run-ledger.js';
import { rejectReasons } from '../../source/csv/reject-reason.js';
import { issueReasons } from '../../warehouse/clean/issue-reason.js';
import { runId, wholeNumber } from './argument-values.js';

/** How things stand, what was refused, and what to do about runs. */
export function defineStatusCommands(program: Command): void {
  program
    .command('status')
    .description('what is loaded, held, running and published')
    .option('--json', 'print one object')
    .action(async (options) => (await import('../commands/status.js')).status(options));

  program
    .command('rejects')
    .description('records that were not accepted')
    .option('--feed <name>', 'of this feed')
    .addOption(new Option('--reason <code>', 'for this reason').choices(Object.keys(rejectReasons)))
    .addOption(new Option('--csv', 'print all of them as CSV').conflicts('json'))
    .option('--json', 'print all of them as one array of objects')
    .action(async (options) => (await import('../commands/rejects.js')).rejects(options));

  program
    .command('issues')
    .description('values that could not be used in records that were kept, and late feeds')
    .option('--table <name>', 'of this table')
    .addOption(new Option('--reason <code>', 'of this kind').choices(Object.keys(issueReasons)))
    .addOption(new Option('--csv', 'print all of them as CSV').conflicts('json'))
    .option('--json', 'print all of them as one array of objects')
    .action(async (options) => (await import('../commands/issues.js')).issues(options));

  program
    .command('runs')
    .description('what was run, when, by whom, and what came of it')
    .addOption(new Option('--state <state>', 'only runs in this state').choices([...runStates]))
    .option('--limit <n>', 'so many, newest first', wholeNumber, 20)
    .option('--json', 'print an array')
    .action(async (options) => (await import('../commands/runs.js')).runs(options));

  program
    .command('retry')
    .description(
      'a run that failed, was held or was cancelled once more, from where it stopped; exit 0 only when it succeeded',
    )
    .argument('<run>', 'its id, as marquee runs tells it', runId)
    .option('--accept-rejects', 'let its loads through that have too many rejects')
    .option('--accept-loss', 'let reports lose more rows than allowed')
    .option('--json', 'print one object with what was done')
    .action(async (id: string, options) => (await import('../commands/retry.js')).retry(id, options));

  program
    .command('cancel')
    .description('cancel a run that is queued, running or held; exit 0 only when it is cancelled')
    .argument('<run>', 'its id, as marquee runs tells it', runId)
    .option('--json', 'print one object')
    .action(async (id: string, options) => (await import('../commands/cancel.js')).cancel(id, options));
}
