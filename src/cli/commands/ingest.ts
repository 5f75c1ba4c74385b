import { commandUser, withEnvironment } from '../command.js';
import { type DropResult, ingestDrop } from '../drop.js';
import { usePipeline } from '../services.js';
import { count, print, warn } from '../terminal.js';

/** `marquee ingest`: one drop to its publication. */
export async function ingest(
  folder: string,
  options: { period?: string; acceptRejects?: boolean; json?: boolean },
): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const result = await ingestDrop(environment, pipeline, folder, {
        period: options.period,
        acceptedBy: options.acceptRejects ? commandUser() : undefined,
        requestedBy: commandUser(),
      });
      if (options.json) {
        print(JSON.stringify(result));
      } else {
        tell(result);
      }
      if (result.state !== 'succeeded') {
        warn(`marquee: the run ${result.run} is ${result.state}: ${result.error}`);
        for (const { error } of result.errors.filter((other) => other.error !== result.error))
          warn(`marquee: ${error}`);
        process.exitCode = 1;
      }
    } finally {
      await pipeline.close();
    }
  });
}

function tell(result: DropResult): void {
  for (const warning of result.warnings) {
    warn(`warning: ${warning}`);
  }
  for (const [feed, counts] of Object.entries(result.feeds)) {
    const what = counts.held ? 'held' : counts.known ? 'loaded earlier' : 'loaded';
    print(
      `${feed}: ${count(counts.loaded)} of ${count(counts.read)} records ${what}, ${count(counts.rejected)} rejected`,
    );
  }
  if (result.state === 'succeeded') {
    print(
      result.published
        ? `Published as publication ${result.publication} in ${result.seconds.toFixed(1)} s.`
        : `Nothing changed: publication ${result.publication} stays.`,
    );
  }
}
