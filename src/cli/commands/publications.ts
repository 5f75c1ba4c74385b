import { listPublications } from '../../reporting/publications/publication.js';
import { print, table } from '../output/terminal.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee publications`: what readers were given, newest first. */
export async function publications(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const listed = await listPublications(environment.pool('pipeline'));
    if (options.json) {
      print(JSON.stringify(listed));
      return;
    }
    if (listed.length === 0) {
      print('Nothing is published yet.');
      return;
    }
    const sum = (counts: Readonly<Record<string, object>>, name: string) =>
      String(
        Object.values(counts).reduce((total, count) => total + Number(Reflect.get(count, name) ?? 0), 0),
      );
    print(
      table(
        ['number', 'published', 'reason', 'as of', 'mapping', 'checks', 'inserted', 'updated', 'deleted'],
        listed.map((publication) => [
          String(publication.number),
          publication.publishedDate.toISOString().slice(0, 19).replace('T', ' '),
          publication.restores === null
            ? publication.reason
            : `${publication.reason} to ${publication.restores}`,
          publication.asOfDay,
          String(publication.mappingVersion),
          publication.checkState,
          sum(publication.changes, 'inserted'),
          sum(publication.changes, 'updated'),
          sum(publication.changes, 'deleted'),
        ]),
      ),
    );
  });
}
