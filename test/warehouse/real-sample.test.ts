import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referenceTables } from '../../src/dataset/reference.js';
import { packageRoot } from '../../src/package-root.js';
import { loadReferenceData } from '../../src/warehouse/corrections/reference-data.js';
import { useDatabase } from '../database-fixture.js';
import { clean, install, personalDataKey } from './cleaning.js';
import { loadRecords, readCsv } from './source-rows.js';

const sample = join(packageRoot, '..', 'shared', 'data', 'the-movies-dataset-1k');
const feeds = ['movies_metadata', 'credits', 'keywords', 'links', 'ratings'];

describe.skipIf(!existsSync(sample))('a thousand films as the vendor sent them', () => {
  const database = useDatabase();

  it('fill every table with what Python reads in them', { timeout: 120_000 }, async () => {
    const pool = database.pools.pipeline;
    await install(pool);
    await loadReferenceData(pool, referenceTables(), personalDataKey);
    const files: number[] = [];
    for (const feed of feeds) {
      files.push(await loadRecords(pool, feed, '2017-08', await readCsv(sample, `${feed}.csv`)));
    }
    const counts = await clean(pool, files);
    const { rows } = await pool.query(`
      select (select count(*) from warehouse.movies) as movies,
             (select count(*) from warehouse.movie_cast_members) as cast,
             (select count(*) from warehouse.movie_crew_members) as crew,
             (select count(*) from warehouse.movie_keywords) as keywords,
             (select count(*) from warehouse.movie_genres) as genres,
             (select count(*) from warehouse.movie_links) as links,
             (select count(*) from warehouse.movie_ratings) as ratings,
             (select count(*) from support.issue where reason <> 'code_not_in_standard') as issues,
             (select count(*) from source.reject) as rejects`);
    expect(rows[0]).toMatchObject({
      movies: '1000',
      cast: '12831',
      crew: '10976',
      links: '986',
      ratings: '17626',
      issues: '0',
      rejects: '0',
    });
    expect(
      Object.fromEntries(
        [
          'movie_genres',
          'movie_production_companies',
          'movie_production_countries',
          'movie_spoken_languages',
          'movie_collections',
          'movie_keywords',
        ].map((table) => [table, counts[table]!.entries]),
      ),
    ).toEqual({
      movie_genres: 2024,
      movie_production_companies: 1670,
      movie_production_countries: 1110,
      movie_spoken_languages: 1173,
      movie_collections: 113,
      movie_keywords: 3522,
    });
    for (const [table, { entries, inserted, unchanged, rejected }] of Object.entries(counts)) {
      expect({ table, sum: inserted + unchanged + rejected }).toEqual({ table, sum: entries });
    }
    const codes = await pool.query(`select table_name, value from support.issue order by 1, 2`);
    expect(codes.rows.map((row) => `${row.table_name} ${row.value}`)).toContain('spoken_languages xx');
  });
});
