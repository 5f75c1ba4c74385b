import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { packageVersion } from '../package-root.js';
import { runStates } from '../queue/run-ledger.js';
import { rejectReasons } from '../source/reject-reason.js';
import { issueReasons } from '../warehouse/issue-reason.js';
import { errorSentence } from './error-sentence.js';
import { warn } from './terminal.js';
import { isWrongUsage } from './wrong-usage.js';

function month(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) {
    throw new InvalidArgumentError(`expected a month as YYYY-MM, found ${text}.`);
  }
  return text;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError(`expected a whole number above 0, found ${text}.`);
  }
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError(`expected a number from 0 to 1, found ${text}.`);
  }
  return value;
}

function runId(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new InvalidArgumentError(`expected the id of a run as marquee runs tells it, found ${text}.`);
  }
  return text;
}

/** 0 stands for the time before the first. */
function publicationNumber(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** The commands. Each one's code is loaded when it is called, so that `--help` is quick. */
function defineProgram(): Command {
  const program = new Command('marquee')
    .description('Monthly vendor files in; explained report tables over GraphQL out.')
    // Commands have a --version of their own.
    .enablePositionalOptions()
    .version(packageVersion, '--version', 'print the version')
    .showHelpAfterError('(see marquee --help)')
    .exitOverride();

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
    .action(async (drops: string[], options) => (await import('./commands/up.js')).up(drops, options));

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
      if (drop === undefined) await (await import('./replay.js')).replay(options);
      else await (await import('./commands/ingest.js')).ingest(drop, options);
    });

  program
    .command('export')
    .description('print a whole report as published')
    .argument('<report>', 'its name, for example genre_report')
    .addOption(new Option('--format <format>', 'how').choices(['csv', 'json']).default('csv'))
    .option('--out <file>', 'write to this file')
    .option('--publication <n>', 'as it was at this publication', wholeNumber)
    .action(async (report: string, options) =>
      (await import('./commands/export.js')).exportCommand(report, options),
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
    .action(async (options) => (await import('./commands/rebuild.js')).rebuild(options));

  const mapping = program.command('mapping').description('how source fields fill warehouse fields, as CSV');
  mapping
    .command('export')
    .description('print the mapping')
    .option('--version <n>', 'this version; the newest unless told', wholeNumber)
    .option('--out <file>', 'write to this file')
    .action(async (options) => (await import('./commands/mapping.js')).exportMapping(options));
  mapping
    .command('diff')
    .description('what importing a file would change; exit 1 when something differs')
    .argument('<file>', 'a mapping as export writes it')
    .option('--version <n>', 'compared with this version; the newest unless told', wholeNumber)
    .option('--json', 'print an array')
    .action(async (file: string, options) =>
      (await import('./commands/mapping.js')).diffMapping(file, options),
    );
  mapping
    .command('import')
    .description('check a mapping and make it the current one')
    .argument('<file>', 'a mapping as export writes it')
    .option('--note <text>', 'why it was changed')
    .option('--json', 'print one object')
    .action(async (file: string, options) =>
      (await import('./commands/mapping.js')).importMapping(file, options),
    );

  program
    .command('dictionary')
    .description('every field of warehouse and reports: type, meaning, where it comes from')
    .addOption(new Option('--format <format>', 'how').choices(['markdown', 'json']).default('markdown'))
    .action(async (options) => (await import('./commands/dictionary.js')).dictionary(options));

  program
    .command('retire')
    .description('take rows out of the live warehouse, reversibly, and publish what follows')
    .argument('<table>', 'the warehouse table, for example movie_genres')
    .argument('<key...>', 'natural keys: values with commas between, or field=value,field=value')
    .requiredOption('--reason <text>', 'why; kept with who and when')
    .option('--json', 'print one object with what was done')
    .action(async (table: string, keys: string[], options) =>
      (await import('./commands/retire.js')).retire(table, keys, options),
    );

  program
    .command('restore')
    .description('take retirements back, and publish what follows')
    .argument('<table>', 'the warehouse table')
    .argument('<key...>', 'natural keys, as for retire')
    .requiredOption('--reason <text>', 'why; kept with who and when')
    .option('--json', 'print one object with what was done')
    .action(async (table: string, keys: string[], options) =>
      (await import('./commands/restore.js')).restore(table, keys, options),
    );

  program
    .command('withdraw')
    .description('leave a file out that should not have been sent, reversibly, and publish what follows')
    .argument('<file>', 'its number, as marquee status tells it', wholeNumber)
    .requiredOption('--reason <text>', 'why; kept with who and when')
    .option('--undo', 'take it back instead')
    .option('--json', 'print one object with what was done')
    .action(async (file: number, options) =>
      (await import('./commands/withdraw.js')).withdraw(file, options),
    );

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
      (await import('./commands/explain.js')).explainCommand(report, key, options),
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
      (await import('./commands/trace.js')).traceCommand(report, key, options),
    );

  program
    .command('publications')
    .description('what readers were given, when, from which month, and how much it changed')
    .option('--json', 'print an array')
    .action(async (options) => (await import('./commands/publications.js')).publications(options));

  program
    .command('rollback')
    .description(
      'publish the state of an earlier publication again, until anything is published from the warehouse',
    )
    .requiredOption('--to <publication>', 'the one wanted', wholeNumber)
    .option('--json', 'print one object with what was done')
    .action(async (options) => (await import('./commands/rollback.js')).rollbackCommand(options));

  program
    .command('status')
    .description('what is loaded, held, running and published')
    .option('--json', 'print one object')
    .action(async (options) => (await import('./commands/status.js')).status(options));

  program
    .command('rejects')
    .description('records that were not accepted')
    .option('--feed <name>', 'of this feed')
    .addOption(new Option('--reason <code>', 'for this reason').choices(Object.keys(rejectReasons)))
    .addOption(new Option('--csv', 'print all of them as CSV').conflicts('json'))
    .option('--json', 'print all of them as one array of objects')
    .action(async (options) => (await import('./commands/rejects.js')).rejects(options));

  program
    .command('issues')
    .description('values that could not be used in records that were kept, and late feeds')
    .option('--table <name>', 'of this table')
    .addOption(new Option('--reason <code>', 'of this kind').choices(Object.keys(issueReasons)))
    .addOption(new Option('--csv', 'print all of them as CSV').conflicts('json'))
    .option('--json', 'print all of them as one array of objects')
    .action(async (options) => (await import('./commands/issues.js')).issues(options));

  program
    .command('runs')
    .description('what was run, when, by whom, and what came of it')
    .addOption(new Option('--state <state>', 'only runs in this state').choices([...runStates]))
    .option('--limit <n>', 'so many, newest first', wholeNumber, 20)
    .option('--json', 'print an array')
    .action(async (options) => (await import('./commands/runs.js')).runs(options));

  program
    .command('retry')
    .description(
      'a run that failed, was held or was cancelled once more, from where it stopped; exit 0 only when it succeeded',
    )
    .argument('<run>', 'its id, as marquee runs tells it', runId)
    .option('--accept-rejects', 'let its loads through that have too many rejects')
    .option('--json', 'print one object with what was done')
    .action(async (id: string, options) => (await import('./commands/retry.js')).retry(id, options));

  program
    .command('cancel')
    .description('cancel a run that is queued, running or held; exit 0 only when it is cancelled')
    .argument('<run>', 'its id, as marquee runs tells it', runId)
    .option('--json', 'print one object')
    .action(async (id: string, options) => (await import('./commands/cancel.js')).cancel(id, options));

  program
    .command('token')
    .description('print an access token from the built-in issuer')
    .requiredOption('--client <id>', 'demo-partner or demo-admin')
    .action(async (options) => (await import('./commands/token.js')).token(options));

  program
    .command('sample')
    .description("write drops in the vendor's format: real films, or with --movies synthetic ones")
    .requiredOption('--out <dir>', 'the folder to write them under')
    .option('--movies <n>', 'synthetic films', wholeNumber)
    .option('--ratings <n>', 'synthetic ratings', wholeNumber)
    .option('--seed <n>', 'another seed gives other films', wholeNumber)
    .option('--delta <share>', 'also a second month that changes this share of the first, 0 to 1', share)
    .option('--overwrite', 'replace drops that are there')
    .option('--json', 'print an array of what was written')
    .action(async (options) => (await import('./commands/sample.js')).sample(options));

  program
    .command('api')
    .description('serve the reports; nothing else')
    .action(async () => (await import('./commands/api.js')).api());

  program
    .command('worker')
    .description('work on the queues; nothing else')
    .action(async () => (await import('./commands/worker.js')).worker());

  program
    .command('migrate')
    .description('bring the database to the current model')
    .option('--json', 'print one object')
    .action(async (options) => (await import('./commands/migrate.js')).migrateCommand(options));

  for (const command of [...program.commands, ...mapping.commands]) {
    command.exitOverride().showHelpAfterError('(see --help)');
  }
  return program;
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
