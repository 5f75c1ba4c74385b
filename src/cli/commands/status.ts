import { listRuns } from '../../queue/run-list.js';
import { listFiles } from '../../source/status.js';
import { withEnvironment } from '../command.js';
import { count, print, table } from '../terminal.js';

/** `marquee status`: what is published, loaded, held and running. */
export async function status(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const { rows } = await pool.query(
      `/* cli.latest_publication */
       select number, published_date as "publishedDate", as_of_day::text as "asOfDay", period,
         mapping_version as "mappingVersion", check_state as "checkState", row_counts as "rowCounts"
       from reporting.publication order by number desc limit 1`,
    );
    const publication = rows[0] ?? null;
    const files = await listFiles(pool);
    const runs = await listRuns(pool, { limit: 5 });
    if (options.json) {
      print(JSON.stringify({ publication, files, runs }));
      return;
    }
    if (publication === null) {
      print('Nothing is published yet.');
    } else {
      print(
        `Publication ${publication.number} of ${publication.publishedDate.toISOString()}, as of ${publication.asOfDay}, checks ${publication.checkState}.`,
      );
    }
    if (files.length > 0) {
      print();
      print(
        table(
          ['period', 'feed', 'file', 'state', 'records', 'rejected'],
          files.map((file) => [
            file.period,
            file.feed,
            file.name,
            file.state,
            count(file.recordCount),
            count(file.rejectCount),
          ]),
        ),
      );
    }
    const unsuccessful = runs.filter((run) => run.state !== 'succeeded');
    for (const run of unsuccessful) {
      print(`\nRun ${run.id} (${run.kind}) is ${run.state}${run.error === null ? '' : `: ${run.error}`}`);
    }
  });
}
