import { type Command, Option } from 'commander';
import { rejectReasons } from '../../source/csv/reject-reason.js';
import { month, wholeNumber } from './argument-values.js';

/** The way of the files: a drop in, its reports out, and all of it once more. */
export function definePipelineCommands(program: Command): void {
  program
    .command('up')
    .description(
      'run everything: database, issuer, worker, API; load the drops, or the sample when the database is new',
    )
    .argument('[drop...]', "folders of the vendor's files")
    .option(
      '--period <YYYY-MM>',
      'the month the drop was delivered for, where its folder does not tell',
      month,
    )
    .action(async (drops: string[], options) => (await import('../commands/up.js')).up(drops, options));

  program
    .command('ingest')
    .description('bring one drop to its publication; exit 0 only when published')
    .argument('[drop]', "the folder of the vendor's files")
    .option('--period <YYYY-MM>', 'the month it was delivered for, where its folder does not tell', month)
    .option('--accept-rejects', 'let loads through that have too many rejects')
    .option('--replay-rejects', 'instead of a drop: try the rejects of earlier ones again')
    .option('--feed <name>', 'with --replay-rejects: only those of this feed')
    .addOption(
      new Option('--reason <code>', 'with --replay-rejects: only those with this reason').choices(
        // Those found when records were cleaned lie in source already: there is nothing to load.
        Object.keys(rejectReasons).filter((reason) => reason !== 'key_not_usable'),
      ),
    )
    .option('--json', 'print one object with what was done')
    .action(async (drop: string | undefined, options, command: Command) => {
      if ((drop === undefined) !== (options.replayRejects === true)) {
        command.error('error: expected either a drop or --replay-rejects');
      }
      if (drop !== undefined && (options.feed ?? options.reason) !== undefined) {
        command.error('error: --feed and --reason go with --replay-rejects');
      }
      if (drop === undefined && (options.period ?? options.acceptRejects) !== undefined) {
        command.error('error: --period and --accept-rejects go with a drop');
      }
      if (drop === undefined) await (await import('../commands/replay.js')).replay(options);
      else await (await import('../commands/ingest.js')).ingest(drop, options);
    });

  program
    .command('export')
    .description('print a whole report as published')
    .argument('<report>', 'its name, for example genre_report')
    .addOption(new Option('--format <format>', 'how').choices(['csv', 'json']).default('csv'))
    .option('--out <file>', 'write to this file')
    .option('--publication <n>', 'as it was at this publication', wholeNumber)
    .action(async (report: string, options) =>
      (await import('../commands/export.js')).exportCommand(report, options),
    );

  program
    .command('rebuild')
    .description('build what was touched since the last publication again and publish what differs')
    .option('--full', 'build all rows of all reports again')
    .option('--from-source', 'build the warehouse anew from source as well, and swap it in')
    .option(
      '--verify',
      'build the warehouse and the reports anew on the side and compare; exit 1 when they differ',
    )
    .addOption(
      new Option('--mapping <which>', 'the mapping files are read under: as recorded, or the current one')
        .choices(['recorded', 'current'])
        .default('recorded'),
    )
    .option('--json', 'print one object with what was done')
    .action(async (options, command: Command) => {
      // Said aloud: who gives it expects the files to be read again.
      const chosen = command.getOptionValueSource('mapping') !== 'default';
      if (chosen && !options.fromSource && !options.verify) {
        command.error(
          'error: --mapping goes with --from-source or --verify: nothing else reads the files again',
        );
      }
      await (await import('../commands/rebuild.js')).rebuild(options);
    });
}
