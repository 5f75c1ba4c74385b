import type { TestDatabase } from '../database-fixture.js';
import { emptyDatabase } from './empty-database.js';
import { type FilmFacts, filmWorld } from './film-world.js';
import { exportedRows, publishReports } from './publish-reports.js';
import { fillWarehouse } from './warehouse-rows.js';

/** The rows of a report as published from these films alone. */
export async function reportOf(
  database: TestDatabase,
  report: string,
  ...films: FilmFacts[]
): Promise<Record<string, string | null>[]> {
  await emptyDatabase(database.pools.owner);
  await fillWarehouse(database.pools.pipeline, filmWorld(...films));
  await publishReports(database.pools.pipeline);
  return exportedRows(database.pools.reader, report);
}
