import type { Command } from 'commander';
import { share, wholeNumber } from './argument-values.js';

/** Commands for trying Marquee: a token and sample drops. */
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
    .option('--seed <n>', 'seed of the random films; another seed gives other films', wholeNumber)
    .option(
      '--delta <share>',
      'write a second month, too, which changes this share of the first, 0 to 1',
      share,
    )
    .option('--overwrite', 'replace existing drops')
    .option('--json', 'print the written drops as a JSON array')
    .action(async (options) => (await import('../commands/sample.js')).sample(options));
}
