import { movies } from '../../dataset/movies.js';
import { feedNamed } from '../../source/feed.js';
import { listMaskedRejects } from '../../warehouse/masking/masked-rejects.js';
import { printList } from '../output/print-list.js';
import { count, excerpt } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';

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

/** `marquee rejects`: rejected records with their raw text. */
export async function rejects(options: {
  feed?: string;
  reason?: string;
  csv?: boolean;
  json?: boolean;
}): Promise<void> {
  const { feed, reason } = options;
  if (feed !== undefined) feedNamed(movies.feeds, feed);
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    await printList(
      {
        none: 'No rejects.',
        csvColumns,
        header: ['file', 'feed', 'record', 'line', 'reason', 'raw'],
        cells: (row) => [
          String(row.file_id),
          row.feed,
          count(row.record_number),
          count(row.line_number),
          row.reason,
          excerpt(row.raw),
        ],
        readPage: (after, limit) => listMaskedRejects(pool, { feed, reason, after, limit }),
      },
      options,
    );
  });
}
