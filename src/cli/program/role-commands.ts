import type { Command } from 'commander';

/** The roles of a deployment, one by one. */
export function defineRoleCommands(program: Command): void {
  program
    .command('api')
    .description('serve the reports; nothing else')
    .action(async () => (await import('../commands/api.js')).api());

  program
    .command('worker')
    .description('work on the queues; nothing else')
    .action(async () => (await import('../commands/worker.js')).worker());

  program
    .command('migrate')
    .description('bring the database to the current model')
    .option('--json', 'print one object')
    .action(async (options) => (await import('../commands/migrate.js')).migrateCommand(options));
}
