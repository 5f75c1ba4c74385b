import { movies } from '../../dataset/movies.js';
import { findRunId } from '../../queue/ledger/find-run.js';
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

/** A file by its number in `marquee status`, or by its name. */
function fileFilter(file: string): { fileId: number } | { fileName: string } {
  return /^\d{1,9}$/.test(file) ? { fileId: Number(file) } : { fileName: file };
}

/** `marquee rejects`: rejected records with their raw text, the newest first. */
export async function rejects(options: {
  feed?: string;
  reason?: string;
  run?: string;
  file?: string;
  period?: string;
  csv?: boolean;
  json?: boolean;
}): Promise<void> {
  const { feed, reason, period } = options;
  if (feed !== undefined) feedNamed(movies.feeds, feed);
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const filter = {
      ...{ feed, reason, period, newestFirst: true },
      ...(options.file === undefined ? {} : fileFilter(options.file)),
      runId: options.run === undefined ? undefined : await findRunId(pool, options.run),
    };
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
        readPage: (after, limit) => listMaskedRejects(pool, { ...filter, after, limit }),
      },
      options,
    );
  });
}
