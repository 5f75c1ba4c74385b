import { replayRejectsFlow } from '../../../jobs/replay-rejects.js';
import { movies } from '../../dataset/movies.js';
import { feedNamed } from '../../source/feed.js';
import { count, print } from '../output/terminal.js';
import { followToSuccess } from '../runs/follow.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee ingest --replay-rejects`: loads the rejects that pass now, and publishes what they change. */
export async function replay(options: { feed?: string; reason?: string; json?: boolean }): Promise<void> {
  const { feed, reason } = options;
  if (feed !== undefined) feedNamed(movies.feeds, feed);
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const { run } = await pipeline.runs.start(
        replayRejectsFlow,
        { feed, reason },
        { requestedBy: commandUser() },
      );
      const ended = await followToSuccess(pipeline.runs, run.id);
      const { tried, loaded } = ended.counts as { tried: number; loaded: number };
      if (options.json) {
        print(JSON.stringify({ publication: ended.publication, tried, loaded, run: run.id }));
      } else {
        print(
          `${count(loaded)} of ${count(tried)} rejects are loaded now${
            ended.publication === null ? '' : `; publication ${ended.publication} reflects them`
          }.`,
        );
      }
    } finally {
      await pipeline.close();
    }
  });
}
