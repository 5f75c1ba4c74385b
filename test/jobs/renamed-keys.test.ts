import { describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { warningsOf } from '../../src/reporting/checks/offenders.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();

/** Films 1 to 12 of a company each, of which the first ones have another name. */
const films = (renamed: number, name: string) =>
  Array.from({ length: 12 }, (_, index) =>
    film(String(index + 1), {
      title: index < renamed ? `${name} ${index + 1}` : `Film ${index + 1}`,
      production_companies: `[{'name': '${index < renamed ? name : 'Company'} ${index + 1}', 'id': ${index + 1}}]`,
    }),
  );

/** Loads a month and gives what the check found. */
async function load(period: string, records: Record<string, string>[]) {
  const folder = await pipeline.writeDrop(period, { movies_metadata: records });
  const run = await pipeline.ended(
    await pipeline.worker.runs.start(dropFlow, { folder, period }, { requestedBy: 'test' }),
  );
  expect(run).toMatchObject({ state: 'succeeded' });
  const found = await warningsOf(pipeline.database.pools.pipeline, run.publication!);
  return found.filter(({ check }) => check === 'few_known_keys_change_their_name');
}

describe('a month that gives known keys other names', () => {
  it('is published with a warning for each table with more than a fifth and at least ten of them', async () => {
    expect(await load('2017-08', films(0, ''))).toEqual([]);
    expect(await load('2017-09', films(9, 'Few'))).toEqual([]);
    expect(await load('2017-10', films(12, 'Other'))).toMatchObject([
      {
        report: 'movie_score_report',
        count: 2,
        first: {
          period: '2017-10',
          files: 'movies_metadata.csv',
          table_name: 'movies',
          renamed_keys: 12,
          known_keys: 12,
        },
      },
    ]);
    // Ten of sixty are no more than a fifth.
    const many = Array.from({ length: 48 }, (_, index) => film(String(index + 100)));
    const others = films(12, 'Other');
    expect(await load('2017-11', [...others, ...many])).toEqual([]);
    const third = [...films(10, 'Third').slice(0, 10), ...others.slice(10), ...many];
    expect(await load('2017-12', third)).toMatchObject([
      { count: 1, first: { table_name: 'production_companies', renamed_keys: 10, known_keys: 12 } },
    ]);
  });
});
