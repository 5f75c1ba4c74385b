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
    .description('show what importing a file would change; exit 1 when something differs')
    .argument('<file>', 'a CSV file in the format of mapping export')
    .option('--version <n>', 'the version to compare with; by default the newest', wholeNumber)
    .option('--json', 'print a JSON array')
    .action(async (file: string, options) =>
      (await import('../commands/mapping-versions.js')).diffMapping(file, options),
    );
  mapping
    .command('import')
    .description('check a mapping and make it the current one')
    .argument('<file>', 'a CSV file in the format of mapping export')
    .option('--note <text>', 'why the mapping changes', reason)
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
