import type { Command } from 'commander';

/** Commands that run one role of a deployment. */
export function defineRoleCommands(program: Command): void {
  program
    .command('api')
    .description('serve the reports, and nothing else')
    .action(async () => (await import('../commands/serve-api.js')).api());

  program
    .command('worker')
    .description('process the queues, and nothing else')
    .action(async () => (await import('../commands/run-worker.js')).worker());

  program
    .command('migrate')
    .description('update the database to the schema of this version')
    .option('--json', 'print one JSON object')
    .action(async (options) => (await import('../commands/migrate-database.js')).migrateCommand(options));
}
