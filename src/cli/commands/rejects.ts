import { format } from 'fast-csv';
import { listRejects } from '../../source/reject-ledger.js';
import { withEnvironment } from '../command.js';
import { count, print, table } from '../terminal.js';

const shown = 50;
const page = 1000;

/** `marquee rejects`: records that were not accepted, with their raw text. */
export async function rejects(options: { feed?: string; reason?: string; csv?: boolean }): Promise<void> {
  const { feed, reason } = options;
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    if (options.csv) {
      const csv = format({ headers: true, alwaysWriteHeaders: true, includeEndRowDelimiter: true });
      csv.pipe(process.stdout, { end: false });
      let after: string | undefined;
      for (;;) {
        const rows = await listRejects(pool, { feed, reason, after, limit: page });
        for (const row of rows) {
          csv.write({
            ...row,
            created_date: row.created_date.toISOString(),
            replayed_date: row.replayed_date?.toISOString(),
          });
        }
        if (rows.length < page) {
          break;
        }
        after = String(rows.at(-1)!.id);
      }
      await new Promise<void>((done) => {
        csv.once('end', done);
        csv.end();
      });
      return;
    }
    const rows = await listRejects(pool, { feed, reason, limit: shown + 1 });
    if (rows.length === 0) {
      print('No rejects.');
      return;
    }
    const excerpt = (text: string) => {
      const line = text.replace(/\s+/g, ' ');
      return line.length > 60 ? `${line.slice(0, 57)}...` : line;
    };
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
