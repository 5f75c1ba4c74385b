import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { takeMonth } from '../drops.js';
import { emptyDatabase } from '../empty-database.js';
import { publishAsJobs } from '../publish-reports.js';
import { randomMonths } from '../random-months.js';
import { readTold, type Told, untrueCauses } from './true-causes.js';

describe('the causes of what random months change', () => {
  const database = useDatabase();

  it('are what happened to each film, and those that a cell follows from alone', {
    timeout: 600_000,
  }, async () => {
    const { owner, pipeline } = database.pools;
    let found = 0;
    await fc.assert(
      fc.asyncProperty(randomMonths, fc.boolean(), async (months, isBackwards) => {
        await emptyDatabase(owner);
        const order = isBackwards ? [...months.keys()].reverse() : [...months.keys()];
        let before: Told | undefined;
        for (const place of order) {
          await takeMonth(pipeline, months[place]!, `2017-0${place + 1}`);
          const { publication, published } = await publishAsJobs(pipeline);
          const after = await readTold(pipeline);
          if (before && published) {
            expect(await untrueCauses(pipeline, publication, before, after)).toEqual([]);
            found += 1;
          }
          before = after;
        }
      }),
      { numRuns: propertyRuns(8) },
    );
    expect(found).toBeGreaterThan(0);
  });

  it('are found untrue where they are of another film', async () => {
    const { owner, pipeline } = database.pools;
    await emptyDatabase(owner);
    const month = (budget: string) => ({
      movies: [
        {
          id: '1',
          title: 'Up',
          budget,
          release_date: '1995-10-30',
          genres: `[{'id': 16, 'name': 'Animation'}]`,
        },
      ],
      links: [],
      ratings: [],
    });
    await takeMonth(pipeline, month('10'), '2017-01');
    await publishAsJobs(pipeline);
    const before = await readTold(pipeline);
    await takeMonth(pipeline, month('11'), '2017-02');
    await publishAsJobs(pipeline);
    const after = await readTold(pipeline);
    expect(await untrueCauses(pipeline, 2, before, after)).toEqual([]);
    await owner.query(`update reporting.report_change
      set cause = jsonb_set(cause, '{0,movie_id}', '2') where column_name = 'budget' and report = 'genre_report'`);
    expect(await untrueCauses(pipeline, 2, before, after)).toMatchObject([
      { report: 'genre_report', faults: expect.arrayContaining(['the films behind it are 1']) },
    ]);
  });
});
