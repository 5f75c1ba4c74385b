import type { Command } from 'commander';
import { share, wholeNumber } from './argument-values.js';

/** What it takes to try it out: a token and drops. */
export function defineDemonstrationCommands(program: Command): void {
  program
    .command('token')
    .description('print an access token from the built-in issuer')
    .requiredOption('--client <id>', 'demo-partner or demo-admin')
    .action(async (options) => (await import('../commands/token.js')).token(options));

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
    .action(async (options) => (await import('../commands/sample.js')).sample(options));
}
