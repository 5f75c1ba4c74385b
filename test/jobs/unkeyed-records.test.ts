import { expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const start = async (period: string, films: Record<string, string>[]) =>
  pipeline.worker.runs.start(
    dropFlow,
    { folder: await pipeline.writeDrop(period, { movies_metadata: films, links }), period },
    { requestedBy: 'test' },
  );
const links = [{ movieId: '1', tmdbId: '1' }];
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const states = () =>
  query("select period, state, accepted_by from source.file where feed = 'movies_metadata' order by id");
/** Records whose columns are shifted: what identifies them is a title. */
const shifted = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...film('1'), id: `Film, the ${index + 1}.` }));
const served = () => query('select movie_id from reporting.movie_score_report order by 1');
const cleaned = () => query('select count(*)::int as tables from support.file_transform');

it('a drop is held, and none of it is cleaned, while most records of a file have no usable key', async () => {
  expect(await pipeline.ended(await start('2017-01', [film('1')]))).toMatchObject({ publication: 1 });
  const before = await cleaned();
  const started = await start('2017-02', [film('2'), ...shifted(3), film('3')]);
  expect(await pipeline.ended(started)).toMatchObject({
    state: 'held',
    errorCode: 'load_held',
    error: `3 of 5 records of movies_metadata.csv (60.00 %) have no usable key, more than the 50 % allowed: the id of record 2 is "Film, the 1.", expected a value of type integer. Deliver a corrected file, or accept them with marquee retry ${started.run.id} --accept-rejects.`,
    publication: null,
  });
  expect(await cleaned()).toEqual(before);
  expect(await served()).toEqual([{ movie_id: 1 }]);

  // A corrected file takes nothing of the held one along.
  expect(await pipeline.ended(await start('2017-03', [film('4'), ...shifted(1)]))).toMatchObject({
    publication: 2,
  });
  expect(await served()).toEqual([{ movie_id: 1 }, { movie_id: 4 }]);

  await pipeline.worker.runs.retry(started.run.id, { acceptedBy: 'ann' });
  expect(await pipeline.ended(started)).toMatchObject({ state: 'succeeded', publication: 3 });
  expect(await served()).toEqual([1, 2, 3, 4].map((id) => ({ movie_id: id })));
  expect(await states()).toEqual([
    { period: '2017-01', state: 'loaded', accepted_by: null },
    { period: '2017-02', state: 'loaded', accepted_by: 'ann' },
    { period: '2017-03', state: 'loaded', accepted_by: null },
  ]);
  const rejects = "select count(*)::int as unkeyed from source.reject where reason = 'key_not_usable'";
  expect(await query(rejects)).toEqual([{ unkeyed: 4 }]);
});
