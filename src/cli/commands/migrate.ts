import { print } from '../output/terminal.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee migrate`: brings the database to the current model. */
export async function migrateCommand(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const applied = await environment.migrate();
    if (options.json) {
      print(JSON.stringify({ applied }));
    } else {
      print(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
    }
  });
}
