import { type Command, Option } from 'commander';
import { reason, wholeNumber } from './argument-values.js';

/** What fills the fields of the warehouse, and what every field means. */
export function defineMappingCommands(program: Command): void {
  const mapping = program.command('mapping').description('how source fields fill warehouse fields, as CSV');
  mapping
    .command('export')
    .description('print the mapping')
    .option('--version <n>', 'this version; the newest unless told', wholeNumber)
    .option('--out <file>', 'write to this file')
    .action(async (options) => (await import('../commands/mapping.js')).exportMapping(options));
  mapping
    .command('diff')
    .description('what importing a file would change; exit 1 when something differs')
    .argument('<file>', 'a mapping as export writes it')
    .option('--version <n>', 'compared with this version; the newest unless told', wholeNumber)
    .option('--json', 'print an array')
    .action(async (file: string, options) =>
      (await import('../commands/mapping.js')).diffMapping(file, options),
    );
  mapping
    .command('import')
    .description('check a mapping and make it the current one')
    .argument('<file>', 'a mapping as export writes it')
    .option('--note <text>', 'why it was changed', reason)
    .option('--json', 'print one object')
    .action(async (file: string, options) =>
      (await import('../commands/mapping.js')).importMapping(file, options),
    );

  program
    .command('dictionary')
    .description('every field of warehouse and reports: type, meaning, where it comes from')
    .addOption(new Option('--format <format>', 'how').choices(['markdown', 'json']).default('markdown'))
    .action(async (options) => (await import('../commands/dictionary.js')).dictionary(options));
}
