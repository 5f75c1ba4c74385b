import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { feeds } from '../../src/dataset/feeds.js';
import { Fault } from '../../src/fault.js';
import { readDrop } from '../../src/source/drop/drop.js';
import { judgeFile } from '../../src/warehouse/clean/judge-file.js';
import { expandFile } from '../../src/warehouse/extract/entry-staging.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../database-fixture.js';
import { loadDeliveries } from '../source/load-drop.js';
import { takeDrop } from './drops.js';
import { emptyDatabase } from './empty-database.js';
import { exportedRows, publishReports } from './publish-reports.js';

const fixture = (name: string) => fileURLToPath(new URL(`../warehouse/fixtures/${name}`, import.meta.url));

/** The fixture `base` has six films and their ratings as the vendor writes them; the others have the same as other tools write it. */
describe('the files of other tools', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const query = async (text: string) => (await pool().query(text)).rows;
  const take = (name: string, period = '2017-08') => takeDrop(pool(), fixture(name), period);

  const films = () =>
    query(`select movie_id, title, adult, video, budget::float, revenue::float, release_date::text, runtime::float,
             popularity::float, vote_average::float, vote_count, status, original_language
           from warehouse.movies where not deleted order by movie_id`);
  const links = () =>
    query(`select movie_id, genre_id, genres.name from warehouse.movie_genres join warehouse.genres on genres.id = genre_id
           union all
           select movie_id, production_company_id, companies.name from warehouse.movie_production_companies
           join warehouse.production_companies companies on companies.id = production_company_id
           order by 1, 2, 3`);
  const ratings = () =>
    query(`select rater_id::text, movielens_id, rating::float, extract(epoch from rating_timestamp)::float as seconds
           from warehouse.movie_ratings where not deleted order by movielens_id, rating_timestamp, rater_id`);
  const issues = () => query('select table_name, column_name, value, reason from support.issue order by id');

  /** Why the files of a drop are held, as the jobs judge them before they are cleaned. */
  async function holdsOf(name: string): Promise<string[]> {
    await take('base', '2017-07');
    const before = await films();
    const mapping = (await currentMapping(pool()))!;
    const kept = await mkdtemp(join(tmpdir(), 'marquee-held-'));
    const holds: string[] = [];
    try {
      const { deliveries } = await readDrop(fixture(name), feeds);
      const loaded = await loadDeliveries(pool(), { folder: kept }, feeds, deliveries, '2017-08', {
        rejectShare: 1,
      });
      for (const { received, result } of loaded) {
        if (result === undefined) continue;
        const { fileId } = received;
        const limit = { share: 0.05, acceptedBy: undefined, runId: null };
        for (const judged of [
          judgeFile(pool(), { mapping, fileId, limit }),
          expandFile(pool(), { mapping, fileId, limit }),
        ]) {
          await judged.catch((error: unknown) => {
            if (!(error instanceof Fault) || error.code !== 'load_held') throw error;
            holds.push(error.message);
          });
        }
      }
    } finally {
      await rm(kept, { recursive: true, force: true });
    }
    expect(await films()).toEqual(before);
    return holds;
  }

  let vendor: { films: unknown[]; links: unknown[]; ratings: unknown[] };

  beforeEach(async () => {
    if (vendor === undefined) {
      await take('base');
      vendor = { films: await films(), links: await links(), ratings: await ratings() };
      expect(vendor.films).toHaveLength(6);
      expect(vendor.films[0]).toMatchObject({
        movie_id: 101,
        budget: 30_000_000,
        release_date: '2015-01-01',
        adult: false,
      });
      expect([vendor.links.length, vendor.ratings.length]).toEqual([16, 30]);
    }
    await emptyDatabase(database.pools.owner);
  });

  it.each([
    ['numpy-scalars', 'numpy 2'],
    ['dates-at-midnight', 'Spark, with dates as times'],
    ['foreign-spaces', 'a web page, with its spaces around the values'],
  ])('%s are read as those of the vendor: %s', async (name) => {
    await take(name);
    expect({ films: await films(), links: await links() }).toEqual({
      films: vendor.films,
      links: vendor.links,
    });
    expect(await issues()).toEqual([]);
  });

  it('values that pandas lost in nested columns are unknown, and their entries stay', async () => {
    await take('nan-in-literals');
    expect(await films()).toEqual(vendor.films);
    const unnamed = { genre_id: 99, name: null };
    expect((await links()).filter(({ genre_id }) => genre_id !== 99)).toEqual(vendor.links);
    expect((await links()).filter(({ genre_id }) => genre_id === 99)).toEqual(
      [101, 102, 103, 104, 105, 106].map((movie_id) => ({ movie_id, ...unnamed })),
    );
    expect(await query('select id, name, poster_path from warehouse.collections')).toEqual([
      { id: 50, name: 'A Collection', poster_path: null },
    ]);
    expect(await issues()).toEqual([]);
  });

  it('whole numbers with an exponent are read, as keys and as values', async () => {
    await take('exponents');
    const [first, ...others] = vendor.films as Record<string, unknown>[];
    expect(await films()).toEqual([
      ...others.map((film) => ({ ...film, vote_count: expect.any(Number) })),
      { ...first, movie_id: 100_000, vote_count: expect.any(Number) },
    ]);
    expect(await query('select movie_id from warehouse.movie_links where movielens_id = 100000')).toEqual([
      { movie_id: 100_000 },
    ]);
    expect(
      await query(
        'select count(distinct rater_id)::int as raters, count(*)::int as ratings from warehouse.movie_ratings',
      ),
    ).toEqual([{ raters: 6, ratings: 30 }]);
    expect(await issues()).toEqual([]);
  });

  it('raters are the same people when their ids are written as decimals', async () => {
    await take('raters-as-floats');
    expect(await ratings()).toEqual(vendor.ratings);
    expect(await issues()).toEqual([]);
  });

  it('a date in the name of a file gives its feed and its month', async () => {
    expect(await readDrop(fixture('dated-file-name'), feeds)).toMatchObject({
      period: '2017-08',
      questions: [],
      warnings: [],
    });
    await take('dated-file-name');
    expect({ films: await films(), links: await links() }).toEqual({
      films: vendor.films,
      links: vendor.links,
    });
  });

  it('reports of the same files are the same', async () => {
    await take('base');
    await publishReports(pool());
    const expected = await exportedRows(database.pools.reader, 'genre_report');
    await emptyDatabase(database.pools.owner);
    await take('numpy-scalars');
    await publishReports(pool());
    expect(await exportedRows(database.pools.reader, 'genre_report')).toEqual(expected);
  });

  it('dates as a spreadsheet writes them in the US hold the file', async () => {
    expect(await holdsOf('excel-dates')).toEqual([
      expect.stringMatching(
        /^6 of 6 values of release_date in movies_metadata.csv \(100.00 %\) are not a valid date, .* record 1 has "1\/1\/2015"/,
      ),
    ]);
  });

  it('ratings on another scale hold the file', async () => {
    expect(await holdsOf('ratings-on-another-scale')).toEqual([
      expect.stringMatching(
        /^6 of 30 values of rating in ratings.csv \(20.00 %\) are not a valid numeric from 0.5 to 5, .* record 1 has "10"/,
      ),
    ]);
  });

  it('names with pipes between them hold the file: they are no lists', async () => {
    const [held, ...others] = await holdsOf('genres-with-pipes');
    expect(others).toEqual([]);
    expect(held).toMatch(/6 of 6 values of genres .* record 1 has "Animation\|Comedy"/);
    expect(held).toMatch(
      /6 of 6 values of production_companies .* record 1 has "Acme Pictures, Béton Films"/,
    );
  });

  it('times of ratings are read in every notation that is certain, and others hold the file', async () => {
    expect(await holdsOf('rating-times')).toEqual([
      expect.stringMatching(
        /^6 of 30 values of timestamp in ratings.csv \(20.00 %\) are not a valid timestamptz, .* record 19 has "03\/09\/2015 22:52"/,
      ),
    ]);
    await emptyDatabase(database.pools.owner);
    await take('rating-times');
    const found = await query(
      `select extract(epoch from rating_timestamp)::bigint::text as seconds, count(*)::int as ratings from warehouse.movie_ratings
       where record_number <= 24 group by 1 order by 1`,
    );
    expect(found).toEqual([
      { seconds: '1425941529', ratings: 12 },
      { seconds: '1425942000', ratings: 6 },
      { seconds: null, ratings: 6 },
    ]);
  });
});
