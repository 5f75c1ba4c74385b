import { replayRejectsFlow } from '../../../jobs/replay-rejects.js';
import { movies } from '../../dataset/movies.js';
import { feedNamed } from '../../source/feed.js';
import { printResult } from '../output/print-result.js';
import { count } from '../output/text-format.js';
import { runToSuccess } from '../runs/follow.js';

/** `marquee ingest --replay-rejects`: loads the rejects that are accepted now and publishes the changes. */
export async function replay(options: { feed?: string; reason?: string; json?: boolean }): Promise<void> {
  const { feed, reason } = options;
  if (feed !== undefined) feedNamed(movies.feeds, feed);
  await runToSuccess(
    { action: 'replayRejects', arguments: { feed, reason } },
    (runs, request) => runs.start(replayRejectsFlow, { feed, reason }, request),
    ({ id, publication, counts }) => {
      const { tried, loaded } = counts as { tried: number; loaded: number };
      const published = publication === null ? '' : `; publication ${publication} includes them`;
      printResult(
        options,
        { publication, tried, loaded, run: id },
        `${count(loaded)} of ${count(tried)} rejects are now loaded${published}.`,
      );
    },
  );
}
