import { type Command, Option } from 'commander';
import { rejectReasons } from '../../source/csv/reject-reason.js';
import { fileOfFeed, month, oneOfSeveral, wholeNumber } from './argument-values.js';

/** Commands for the way from a drop to its reports. */
export function definePipelineCommands(program: Command): void {
  defineUp(program);
  defineIngest(program);

  program
    .command('export')
    .description('print a whole published report')
    .argument('<report>', 'its name, for example genre_report')
    .addOption(new Option('--format <format>', 'output format').choices(['csv', 'json']).default('csv'))
    .option('--out <file>', 'write to this file')
    .option('--publication <n>', 'the state of this publication; by default the newest', wholeNumber)
    .action(async (report: string, options) =>
      (await import('../commands/export.js')).exportCommand(report, options),
    );

  program
    .command('rebuild')
    .description(
      'rebuild the reports from what changed since the last publication, and publish the differences',
    )
    .option('--full', 'rebuild all rows of all reports')
    .option('--from-source', 'rebuild the warehouse from source, too, and replace the current one')
    .option(
      '--verify',
      'rebuild warehouse and reports next to the current ones and compare; exit 1 when they differ',
    )
    .addOption(
      new Option(
        '--mapping <which>',
        'the mapping to read files with: the one recorded for each file, or the current one',
      )
        .choices(['recorded', 'current'])
        .default('recorded'),
    )
    .option('--json', 'print the result as one JSON object')
    .action(async (options, command: Command) => {
      // A user who gives --mapping expects the files to be read again.
      const chosen = command.getOptionValueSource('mapping') !== 'default';
      if (chosen && !options.fromSource && !options.verify) {
        command.error('error: --mapping needs --from-source or --verify: nothing else reads the files again');
      }
      await (await import('../commands/rebuild.js')).rebuild(options);
    });
}

function defineUp(program: Command): void {
  program
    .command('up')
    .description(
      'run everything: database, issuer, worker, API; load the drops, or the sample when the database is new',
    )
    .argument('[drop...]', "folders with the vendor's files")
    .option('--period <YYYY-MM>', 'the month of the drop, if its folder name does not contain it', month)
    .option('--fresh', 'remove the sample first: its home takes no other drops')
    .action(async (drops: string[], options, command: Command) => {
      if (options.fresh && drops.length === 0)
        command.error('error: --fresh needs a drop to replace the sample');
      await (await import('../commands/up.js')).up(drops, options);
    });
}

function defineIngest(program: Command): void {
  program
    .command('ingest')
    .description('load one drop and publish it; exit 0 only when published')
    .argument('[drop]', "the folder with the vendor's files")
    .option('--period <YYYY-MM>', 'the month of the drop, if no name gives it or several do', month)
    .option(
      '--as <FEED=FILE>',
      'load this file of the drop as a file of this feed; can be repeated',
      fileOfFeed,
    )
    .option('--ignore <FILE>', 'leave this file of the drop out; can be repeated', oneOfSeveral)
    .option('--accept-rejects', 'accept loads with too many rejects or unusable values')
    .option('--replay-rejects', 'instead of a drop: retry rejected records of earlier drops')
    .option('--feed <name>', 'with --replay-rejects: only rejects of this feed')
    .addOption(
      new Option('--reason <code>', 'with --replay-rejects: only rejects with this reason').choices(
        // Rejects found during cleaning are already in source: there is nothing to load.
        Object.keys(rejectReasons).filter((reason) => reason !== 'key_not_usable'),
      ),
    )
    .option('--json', 'print the result as one JSON object')
    .action(async (drop: string | undefined, options, command: Command) => {
      if ((drop === undefined) !== (options.replayRejects === true)) {
        command.error('error: expected either a drop or --replay-rejects');
      }
      if (drop !== undefined && (options.feed ?? options.reason) !== undefined) {
        command.error('error: --feed and --reason need --replay-rejects');
      }
      const forDrops = [options.period, options.as, options.ignore, options.acceptRejects];
      if (drop === undefined && forDrops.some((option) => option !== undefined)) {
        command.error('error: --period, --as, --ignore and --accept-rejects need a drop');
      }
      if (drop === undefined) await (await import('../commands/replay.js')).replay(options);
      else await (await import('../commands/ingest.js')).ingest(drop, options);
    });
}
