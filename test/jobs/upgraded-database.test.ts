import { expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { migrate } from '../../src/database/migrations/migrate.js';
import { fingerprint } from '../../src/database/migrations/schema-facts.js';
import { readMigrations } from '../../src/database/migrations/schema-files.js';
import { readSquashedHistory } from '../../src/database/migrations/squashed-history.js';
import { describeSchema } from '../database/described-schema.js';
import { formerDatabase } from '../database/former-version.js';
import { useDatabase } from '../database-fixture.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline({}, {}, useDatabase({ create: formerDatabase, queues: true }));
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const load = async (period: string, title: string, rating: string) => {
  const folder = await pipeline.writeDrop(period, {
    movies_metadata: [film('1', { title }), film('2')],
    links: [{ movieId: '7', imdbId: '0000001', tmdbId: '1' }],
    ratings: ['1', '2', '3', '4'].map((userId) => ({
      userId,
      movieId: '7',
      rating,
      timestamp: '1500000000',
    })),
  });
  return pipeline.ended(await pipeline.worker.runs.start(dropFlow, { folder, period }, by));
};
/** Every table with its number of rows, also those that were created at run time. */
const tables = () =>
  query(
    `select schemaname || '.' || tablename as name,
            (xpath('/row/n/text()', query_to_xml(
               format('select count(*) as n from %I.%I', schemaname, tablename), false, true, '')))[1]::text::int as rows
     from pg_tables where schemaname in ('source', 'warehouse', 'rebuild', 'reporting', 'support') order by 1`,
  );
const scores = () =>
  query('select movie_id, movie_name, movie_score from reporting.movie_score_report order by 1');
/** Tables of the migrations that no longer are as the migrations created them. */
const changedTables = async () => {
  const { schema } = await readSquashedHistory();
  const objects = await describeSchema(pipeline.database.pools.owner);
  return objects.filter((object) => (schema[object.name] ?? fingerprint(object)) !== fingerprint(object));
};

it('a database of version 0.1.0 keeps its data when it is upgraded, and loads the next drop', async () => {
  // The present pipeline loads into it, so it needs the table that came later; it is gone again before the upgrade.
  const later = (await readMigrations()).migrationDirectories.find(({ path }) =>
    path.endsWith('value_acceptance'),
  )!;
  const { content } = later.migrationFile;
  if (content.tag !== 'ok') throw new Error('The migration could not be read.');
  await query(content.value);
  // The first drop replaces the partitions of live ratings, a rebuild every table of the warehouse.
  expect(await load('2017-08', 'Toys', '3')).toMatchObject({ state: 'succeeded' });
  expect(await changedTables()).toEqual([]);
  expect(await load('2017-09', 'Toy Story', '4')).toMatchObject({ state: 'succeeded' });
  const rebuilt = await pipeline.worker.runs.start(rebuildWarehouseFlow, {}, by);
  expect(await pipeline.ended(rebuilt)).toMatchObject({ state: 'succeeded' });
  expect(await changedTables()).toEqual([]);
  const before = await tables();
  expect(before).toEqual(
    expect.arrayContaining([
      { name: 'source.src_ratings_f3', rows: 4 },
      { name: 'support.contribution_movie_score_report', rows: 2 },
      { name: 'warehouse.movie_ratings_closed', rows: 4 },
      { name: 'warehouse.movie_ratings_live', rows: 4 },
    ]),
  );
  await query('drop table support.value_acceptance');
  const served = await scores();

  // The history becomes that of a new database; only what came after the initial migrations is applied.
  const { initial } = await readSquashedHistory();
  const all = (await readMigrations()).migrationDirectories.map(({ path }) => path).sort();
  expect(await migrate(pipeline.database.urls.owner)).toEqual(all.filter((name) => !(name in initial)));
  expect(await query('select migration_name as name from _prisma_migrations order by 1')).toEqual(
    all.map((name) => ({ name })),
  );
  const added = { name: 'support.value_acceptance', rows: 0 };
  expect(await tables()).toEqual(before.map((table) => (table.name === added.name ? added : table)));
  expect(await scores()).toEqual(served);

  expect(await load('2017-10', 'Toy Story 2', '5')).toMatchObject({ state: 'succeeded' });
  expect(await scores()).toEqual([
    { movie_id: 1, movie_name: 'Toy Story 2', movie_score: '10.0000' },
    { movie_id: 2, movie_name: 'Film 2', movie_score: null },
  ]);
  expect(
    await query('select title, valid_from::text from warehouse.movies where movie_id = 1 order by 2'),
  ).toEqual([
    { title: 'Toys', valid_from: '2017-08-01' },
    { title: 'Toy Story', valid_from: '2017-09-01' },
    { title: 'Toy Story 2', valid_from: '2017-10-01' },
  ]);
  const verified = await pipeline.ended(await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by));
  expect(verified).toMatchObject({ state: 'succeeded', counts: { differences: 0 } });
});
