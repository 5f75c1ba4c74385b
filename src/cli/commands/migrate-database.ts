import { printResult } from '../output/print-result.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee migrate`: updates the database to the schema of this version. */
export async function migrateCommand(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const applied = await environment.migrate();
    printResult(
      options,
      { applied },
      applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`,
    );
  });
}
