import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { buildReport } from '../../../src/reporting/build/build.js';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { changesNotExplained } from '../causes/sums-of-causes.js';
import { takeMonth } from '../drops.js';
import { emptyDatabase } from '../empty-database.js';
import { exportedRows, publishReports } from '../publish-reports.js';
import { type RandomMonth, randomMonths } from '../random-months.js';

describe('building only what a month touches', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(() => emptyDatabase(database.pools.owner));

  /** Publishes the months one after the other, in this order; says after each what a whole build finds different. */
  async function publishEach(months: readonly RandomMonth[], order: readonly number[]) {
    await emptyDatabase(database.pools.owner);
    const found = [];
    for (const place of order) {
      await takeMonth(pool(), months[place]!, `2017-0${place + 1}`);
      const { publication } = await publishReports(pool(), reports, false, 1);
      const unexplained = publication > 1 ? await changesNotExplained(pool(), publication) : [];
      const whole = await publishReports(pool(), reports, true);
      found.push({ unexplained, published: whole.published });
    }
    return found;
  }

  it('gives the same rows and contributions as building all, with causes that add up', {
    timeout: 600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(randomMonths, async (months) => {
        const found = await publishEach(months, [...months.keys()]);
        expect(found).toEqual(months.map(() => ({ unexplained: [], published: false })));
      }),
      { numRuns: propertyRuns(12) },
    );
  });

  it('does so when a month comes late', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomMonths, async (months) => {
        const found = await publishEach(months, [...months.keys()].reverse());
        expect(found).toEqual(months.map(() => ({ unexplained: [], published: false })));
      }),
      { numRuns: propertyRuns(5) },
    );
  });

  it('builds few rows for a small month, and all of them when the definition changed', async () => {
    const [first, second] = twoMonths();
    await takeMonth(pool(), first, '2017-01');
    await publishReports(pool(), reports, false);
    await takeMonth(pool(), second, '2017-02');
    expect(await rowsBuilt(reports)).toMatchObject({ movie_genre_report: { whole: false, rows: 1 } });
    const renamed = reports.map((report) => ({ ...report, description: `${report.description} Anew.` }));
    expect(await rowsBuilt(renamed)).toMatchObject({ movie_genre_report: { whole: true, rows: 2 } });
  });

  it('is found out when the query of what was touched overlooks a film', async () => {
    const [first, second] = twoMonths();
    const blind = join(tmpdir(), `marquee-touches-nothing-${process.pid}.sql`);
    await writeFile(blind, 'select 0 as entity');
    const definitions = reports.map((report) => ({
      ...report,
      contributions: { ...report.contributions!, touched: [blind] },
    }));
    await takeMonth(pool(), first, '2017-01');
    await publishReports(pool(), definitions, false);
    await takeMonth(pool(), second, '2017-02');
    await publishReports(pool(), definitions, false);
    expect(await exportedRows(database.pools.reader, 'genre_report')).toMatchObject([
      { year: '1991', budget: '10' },
      { year: '1992', budget: '20' },
    ]);
    expect(await publishReports(pool(), definitions, true)).toMatchObject({ published: true });
  });

  /** Two films, of which the second month changes one. */
  function twoMonths(): [RandomMonth, RandomMonth] {
    const film = (id: string, budget: string) => ({
      id,
      budget,
      title: `Film ${id}`,
      release_date: `199${id}-10-30`,
      genres: `[{'id': 16, 'name': 'Animation'}]`,
    });
    const month = (...movies: ReturnType<typeof film>[]) => ({ movies, links: [], ratings: [] });
    return [month(film('1', '10'), film('2', '20')), month(film('1', '11'))];
  }

  async function rowsBuilt(definitions: typeof reports) {
    const built: Record<string, unknown> = {};
    for (const definition of definitions) {
      const options = { asOfDay: '2017-02-28', runId: null };
      built[definition.name] = await inTransaction(pool(), (client) =>
        buildReport(client, definition, options),
      );
    }
    return built;
  }
});
