import { listPublications } from '../../reporting/publications/publication.js';
import { printResult } from '../output/print-result.js';
import { count, table, timeText } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';

const header = [
  'number',
  'published',
  'reason',
  'as of',
  'mapping',
  'checks',
  'inserted',
  'updated',
  'deleted',
];

/** `marquee publications`: all publications, newest first. */
export async function publications(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const listed = await listPublications(environment.pool('pipeline'));
    const rows = listed.map((publication) => [
      String(publication.number),
      timeText(publication.publishedDate),
      publication.restores === null ? publication.reason : `${publication.reason} to ${publication.restores}`,
      publication.asOfDay,
      String(publication.mappingVersion),
      publication.checkState,
      ...['inserted', 'updated', 'deleted'].map((name) => total(publication.changes, name)),
    ]);
    printResult(options, listed, listed.length === 0 ? 'Nothing is published yet.' : table(header, rows));
  });
}

/** The rows of all reports that changed in this way. */
function total(changes: Readonly<Record<string, object>>, name: string): string {
  return count(
    Object.values(changes).reduce((sum, counts) => sum + Number(Reflect.get(counts, name) ?? 0), 0),
  );
}
