import { type Command, Option } from 'commander';
import { runStates } from '../../queue/ledger/run-ledger.js';
import { rejectReasons } from '../../source/csv/reject-reason.js';
import { issueReasons } from '../../warehouse/clean/issue-reason.js';
import { fileOfFeed, month, oneOfSeveral, runId, wholeNumber } from './argument-values.js';

/** Commands about the current state, rejected data, and runs. */
export function defineStatusCommands(program: Command): void {
  program
    .command('status')
    .description('show what is published, loaded, held and running')
    .option('--all', 'list all files, not only the newest')
    .option('--json', 'print one JSON object')
    .action(async (options) => (await import('../commands/status.js')).status(options));

  program
    .command('connection')
    .description('show how BI tools and psql connect to the reports')
    .option('--json', 'print one JSON object')
    .action(async (options) => (await import('../commands/connection.js')).connection(options));

  program
    .command('rejects')
    .description('list rejected records, the newest first')
    .option('--feed <name>', 'only rejects of this feed')
    .option('--run <run>', 'only rejects of files that this run received', runId)
    .option('--file <file>', 'only rejects of this file: its number or its name in marquee status')
    .option('--period <YYYY-MM>', 'only rejects of this month', month)
    .addOption(
      new Option('--reason <code>', 'only rejects with this reason').choices(Object.keys(rejectReasons)),
    )
    .addOption(new Option('--csv', 'print all as CSV').conflicts('json'))
    .option('--json', 'print all as one JSON array')
    .action(async (options) => (await import('../commands/rejects.js')).rejects(options));

  program
    .command('issues')
    .description('list unusable values of loaded records, and late feeds')
    .option('--table <name>', 'only issues of this table')
    .addOption(
      new Option('--reason <code>', 'only issues with this reason').choices(Object.keys(issueReasons)),
    )
    .addOption(new Option('--csv', 'print all as CSV').conflicts('json'))
    .option('--json', 'print all as one JSON array')
    .action(async (options) => (await import('../commands/issues.js')).issues(options));

  program
    .command('runs')
    .description('list runs: what, when, by whom, and their result')
    .addOption(new Option('--state <state>', 'only runs in this state').choices([...runStates]))
    .option('--limit <n>', 'maximum number of runs, newest first', wholeNumber, 20)
    .option('--json', 'print a JSON array')
    .action(async (options) => (await import('../commands/runs.js')).runs(options));

  program
    .command('checks')
    .description('list what the checks of a run found: the rows because of which nothing was published')
    .argument('<run>', 'its id in marquee runs; the first 8 characters are enough', runId)
    .option('--json', 'print a JSON array')
    .action(async (run, options) => (await import('../commands/checks.js')).checks(run, options));

  program
    .command('retry')
    .description(
      'resume a failed, held or cancelled run from where it stopped; exit 0 only when it succeeded',
    )
    .argument('<run>', 'its id in marquee runs; the first 8 characters are enough', runId)
    .option(
      '--as <FEED=FILE>',
      'load this file of its drop as a file of this feed; can be repeated',
      fileOfFeed,
    )
    .option('--ignore <FILE>', 'leave this file of its drop out; can be repeated', oneOfSeveral)
    .option('--period <YYYY-MM>', 'load all files of its drop for this month', month)
    .option('--accept-rejects', 'accept its loads with too many rejects or unusable values')
    .option('--accept-loss', 'accept that reports lose more rows than allowed')
    .option('--json', 'print the result as one JSON object')
    .action(async (id: string, options) => (await import('../commands/retry.js')).retry(id, options));

  program
    .command('cancel')
    .description('cancel a run that is queued, running or held; exit 0 only when it is cancelled')
    .argument('<run>', 'its id in marquee runs; the first 8 characters are enough', runId)
    .option('--json', 'print one JSON object')
    .action(async (id: string, options) => (await import('../commands/cancel.js')).cancel(id, options));
}
