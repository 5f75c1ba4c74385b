import { printResult } from '../output/print-result.js';
import { withEnvironment } from '../runtime/command.js';
import { hintIfNoWorker } from '../runtime/worker-hint.js';
import { readStatus } from '../status/read-status.js';
import { statusJson, statusLines } from '../status/status-text.js';

/** `marquee status`: what is published, loaded, held, refused, late and running. */
export async function status(options: { all?: boolean; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const found = await readStatus(environment);
    printResult(options, statusJson(found), statusLines(found, options));
    if (!options.json) await hintIfNoWorker(environment, log, found.recent);
  });
}
