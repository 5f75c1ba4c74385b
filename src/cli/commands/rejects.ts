import { movies } from '../../dataset/movies.js';
import { feedNamed } from '../../source/feed.js';
import { listShownRejects } from '../../warehouse/shown-rejects.js';
import { withEnvironment } from '../command.js';
import { printPages } from '../csv-pages.js';
import { count, excerpt, print, table } from '../terminal.js';

const shown = 50;
const csvColumns = [
  'id',
  'file_id',
  'file_name',
  'period',
  'feed',
  'record_number',
  'line_number',
  'raw',
  'raw_encoding',
  'reason',
  'detail',
  'created_date',
  'replayed_date',
] as const;

/** `marquee rejects`: records that were not accepted, with their raw text. */
export async function rejects(options: { feed?: string; reason?: string; csv?: boolean }): Promise<void> {
  const { feed, reason } = options;
  if (feed !== undefined) feedNamed(movies.feeds, feed);
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    if (options.csv) {
      await printPages(csvColumns, (after, limit) => listShownRejects(pool, { feed, reason, after, limit }));
      return;
    }
    const rows = await listShownRejects(pool, { feed, reason, limit: shown + 1 });
    if (rows.length === 0) {
      print('No rejects.');
      return;
    }
    print(
      table(
        ['file', 'feed', 'record', 'line', 'reason', 'raw'],
        rows
          .slice(0, shown)
          .map((row) => [
            String(row.file_id),
            row.feed,
            count(row.record_number),
            count(row.line_number),
            row.reason,
            excerpt(row.raw),
          ]),
      ),
    );
    if (rows.length > shown) {
      print(`... and more; --csv prints all of them.`);
    }
  });
}
