import { printResult } from '../output/print-result.js';
import { withEnvironment } from '../runtime/command.js';
import { describeCorrections } from '../runtime/role-rights.js';

/** `marquee migrate`: updates the database to the schema of this version. */
export async function migrateCommand(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const result = await environment.migrate();
    const { applied } = result;
    printResult(options, result, [
      applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`,
      ...describeCorrections(result),
    ]);
  });
}
