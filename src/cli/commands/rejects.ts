import { pipeline } from 'node:stream/promises';
import { format } from 'fast-csv';
import type { Pool } from 'pg';
import { movies } from '../../dataset/movies.js';
import { feedNamed } from '../../source/feed.js';
import { listShownRejects } from '../../warehouse/shown-rejects.js';
import { withEnvironment } from '../command.js';
import { count, excerpt, print, table } from '../terminal.js';

const shown = 50;
const page = 1000;
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
];

/** `marquee rejects`: records that were not accepted, with their raw text. */
export async function rejects(options: { feed?: string; reason?: string; csv?: boolean }): Promise<void> {
  const { feed, reason } = options;
  if (feed !== undefined) feedNamed(movies.feeds, feed);
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    if (options.csv) {
      const csv = format({
        headers: [...csvColumns],
        alwaysWriteHeaders: true,
        includeEndRowDelimiter: true,
      });
      await pipeline(everyReject(pool, { feed, reason }), csv, process.stdout, { end: false });
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

/** All rejects in order, page by page, with timestamps as text. */
async function* everyReject(pool: Pool, which: { feed?: string; reason?: string }) {
  let after: string | undefined;
  for (;;) {
    const rows = await listShownRejects(pool, { ...which, after, limit: page });
    for (const row of rows) {
      yield {
        ...row,
        created_date: row.created_date.toISOString(),
        replayed_date: row.replayed_date?.toISOString(),
      };
    }
    if (rows.length < page) {
      return;
    }
    after = String(rows.at(-1)!.id);
  }
}
