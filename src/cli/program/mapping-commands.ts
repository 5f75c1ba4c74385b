import { type Command, Option } from 'commander';
import { reason, wholeNumber } from './argument-values.js';

/** Commands about the mapping and the meaning of every field. */
export function defineMappingCommands(program: Command): void {
  const mapping = program.command('mapping').description('how source fields fill warehouse fields, as CSV');
  mapping
    .command('export')
    .description('print the mapping')
    .option('--version <n>', 'the version; by default the newest', wholeNumber)
    .option('--out <file>', 'write to this file')
    .action(async (options) => (await import('../commands/mapping-versions.js')).exportMapping(options));
  mapping
    .command('diff')
    .description(
      'show what importing a file would change, or what differs between two versions; exit 1 when something differs',
    )
    .argument(
      '<file-or-version>',
      'a CSV file in the format of mapping export; or the earlier of two versions',
    )
    .argument('[version]', 'the later of two versions', wholeNumber)
    .option('--version <n>', 'the version to compare a file with; by default the newest', wholeNumber)
    .option('--json', 'print a JSON array')
    .action(async (given: string, later: number | undefined, options, command: Command) => {
      const { diffMapping, diffVersions } = await import('../commands/mapping-versions.js');
      if (later === undefined) return diffMapping(given, options);
      if (options.version !== undefined) {
        command.error(
          'error: --version is for the comparison with a file; leave it out to compare two versions',
        );
      }
      if (!/^[1-9]\d{0,8}$/.test(given)) {
        command.error(
          `error: expected the number of a version from marquee mapping log, found ${given}; a file is compared alone`,
        );
      }
      return diffVersions([Number(given), later], options);
    });
  mapping
    .command('log')
    .description('list the versions of the mapping: when, by whom and why, newest first')
    .option('--json', 'print a JSON array')
    .action(async (options) => (await import('../commands/mapping-versions.js')).mappingLog(options));
  mapping
    .command('import')
    .description('check a mapping and make it the current one')
    .argument('<file>', 'a CSV file in the format of mapping export')
    .requiredOption('--note <text>', 'why the mapping changes', reason)
    .option('--json', 'print one JSON object')
    .action(async (file: string, options) =>
      (await import('../commands/mapping-versions.js')).importMapping(file, options),
    );

  program
    .command('dictionary')
    .description('list every field of warehouse and reports: type, meaning, source')
    .addOption(
      new Option('--format <format>', 'output format').choices(['markdown', 'json']).default('markdown'),
    )
    .action(async (options) => (await import('../commands/print-dictionary.js')).dictionary(options));
}
