import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SampleDrop, SampleProgress } from '../../src/dataset/sample/drop-folder.js';
import { releaseDateOf } from '../../src/dataset/sample/vega-films.js';
import { writeVegaSample } from '../../src/dataset/sample/vega-sample.js';
import { Fault } from '../../src/fault.js';
import { fingerprints, HEADERS, inFolder, readByPython, recordsOf, rowsOf } from './sample-drops.js';

describe('the sample of real films', () => {
  let full: SampleDrop;
  let delta: SampleDrop;
  const reported: SampleProgress[] = [];
  let movies: Record<string, string>[];
  let corrected: Record<string, string>[];

  beforeAll(async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'marquee-sample-'));
    [full, delta] = (await writeVegaSample({ outDir, onProgress: (step) => reported.push(step) })) as [
      SampleDrop,
      SampleDrop,
    ];
    movies = await rowsOf(full, 'movies_metadata');
    corrected = await rowsOf(delta, 'movies_metadata');
    return () => rm(outDir, { recursive: true });
  });

  const film = (rows: Record<string, string>[], title: string) => rows.filter((row) => row.title === title);
  const both = (title: string, column: string) => [
    film(movies, title)[0]?.[column],
    film(corrected, title)[0]?.[column],
  ];

  it('consists of a full drop and the following month, each in a folder named by its period', () => {
    expect([full.period, delta.period]).toEqual(['2010-12', '2011-01']);
    expect(full.dir.endsWith('2010-12')).toBe(true);
    expect(full.files.map(({ records }) => records)).toEqual([3210, 3209, 3198, 3198, 84334]);
    expect(delta.files.map(({ records }) => records)).toEqual([20, 20, 20, 5, 438]);
  });

  it('has the same bytes every time', async () => {
    const again = await inFolder(async (dir) => fingerprints(await writeVegaSample({ outDir: dir })));
    expect(again).toEqual(await fingerprints([full, delta]));
  });

  it('reports each complete file', () => {
    const done = reported
      .filter((step) => step.done)
      .map(({ period, feed, records }) => ({ period, feed, records }));
    const written = [full, delta].flatMap(({ period, files }) =>
      files.map(({ feed, records }) => ({ period, feed, records })),
    );
    expect(done).toEqual(written);
  });

  it("has the vendor's headers and is read completely by Python's csv and literal parsers", (context) => {
    const read = readByPython(context, full);
    for (const { feed, records } of full.files) {
      expect(read[feed]).toMatchObject({ header: HEADERS[feed], records });
      expect(read[feed].broken).toEqual(feed === 'movies_metadata' ? [10, 15] : []);
    }
    expect(read.movies_metadata.entries).toMatchObject({ production_countries: 0, spoken_languages: 0 });
    expect(read.movies_metadata.entries.production_companies).toBeGreaterThan(2900);
    expect(read.credits.entries).toEqual({ cast: 0, crew: 1873 });
    expect(readByPython(context, delta).movies_metadata).toMatchObject({ records: 20, broken: [] });
  });

  it('has exactly one record broken by a newline, which is intact in the delta', async () => {
    const broken = (await recordsOf(full, 'movies_metadata')).filter(({ length }) => length !== 24);
    expect(broken.map(({ length }) => length)).toEqual([10, 15]);
    expect(broken[1]?.[5]).toBe('2010-08-20');
    expect(film(movies, 'Lottery Ticket')).toEqual([]);
    expect(film(corrected, 'Lottery Ticket')).toHaveLength(1);
    const sound = [...movies, ...corrected].map(({ id }) => id);
    expect(new Set(sound).size).toBe(3201);
  });

  it('has the values of the package, and `0` for unknown amounts', () => {
    expect(film(movies, 'Avatar')).toMatchObject([
      {
        budget: '237000000',
        revenue: '2767891499',
        release_date: '2009-12-18',
        status: 'Released',
        vote_average: '8.3',
      },
    ]);
    expect(film(movies, 'Bananas')[0]?.revenue).toBe('0');
    expect(film(movies, 'Big Fish')[0]).toMatchObject({
      runtime: '125.0',
      popularity: '141.099',
      vote_count: '141099',
    });
  });

  it('leaves empty what the package does not contain', () => {
    for (const column of ['overview', 'tagline', 'homepage', 'imdb_id', 'original_language', 'poster_path']) {
      expect(new Set([...movies, ...corrected].map((row) => row[column]))).toEqual(new Set(['']));
    }
    expect(film(movies, '')).toMatchObject([{ release_date: '2006-11-03', revenue: '3080493' }]);
  });

  it('repairs titles whose accents were decoded with the wrong encoding', () => {
    for (const title of [
      'Déjà Vu',
      'La Môme',
      'Il buono, il brutto, il cattivo',
      'Alien³',
      'Léon',
      'Die Fälscher',
    ]) {
      expect(film(movies, title), title).toHaveLength(1);
    }
  });

  it('puts two-digit years into the right century: all but two films are released by the last day', () => {
    expect(film(movies, 'Gone with the Wind')[0]?.release_date).toBe('1939-12-15');
    expect(film(movies, 'The Birth of a Nation')[0]?.release_date).toBe('1915-02-08');
    const unreleased = movies.filter(({ status }) => status !== 'Released').map(({ title }) => title);
    expect(unreleased).toEqual(['Restless', 'The Adventures of Tintin: Secret of the Unicorn']);
  });

  it('repeats some films with different popularity, the last one being correct', () => {
    const twice = movies.filter(({ id }, place) => movies.findIndex((row) => row.id === id) !== place);
    const repeated = twice.map(({ id }) => movies.filter((row) => row.id === id));
    expect(repeated).toHaveLength(11);
    for (const [first, last] of repeated) {
      expect({ ...first, popularity: last?.popularity }).toEqual(last);
      expect(first?.popularity).not.toBe(last?.popularity);
      expect(Number(last?.popularity) * 1000).toBeCloseTo(Number(last?.vote_count));
    }
  });

  it('corrects one mistake of each kind in the delta', async () => {
    expect(both('Scott Pilgrim vs. The World', 'budget')).toEqual(['60000000', '85000000']);
    expect(both('The Expendables', 'budget')).toEqual(['0', '82000000']);
    expect(both('The Town', 'revenue')).toEqual(['0', '33180607']);
    expect(both('The Oxford Murders', 'release_date')).toEqual(['2008-01-18', '2010-08-06']);
    expect(both('Inception', 'popularity')).toEqual(['150.0', '188.247']);
    expect(both('Easy A', 'production_companies').map((list) => list?.split('{').length)).toEqual([2, 3]);
    const renamed = film(corrected, 'Alpha and Omega 3D')[0];
    expect(movies.find(({ id }) => id === renamed?.id)?.title).toBe('Alpha and Omega');
    const fullIds = new Set((await recordsOf(full, 'credits')).map(([, , id]) => id));
    const first = corrected.filter(({ id }) => !fullIds.has(id!)).map(({ title }) => title);
    expect(first.sort()).toEqual(['16 to Life', 'How Do You Know?', 'Never Let Me Go']);
  });

  it('repeats some films in the delta unchanged', () => {
    const byId = new Map(movies.map((row) => [row.id, row]));
    const unchanged = corrected.filter((row) => JSON.stringify(byId.get(row.id)) === JSON.stringify(row));
    expect(unchanged.map(({ title }) => title)).toContain('Despicable Me');
  });

  it('has links with MovieLens ids that differ from TMDB ids, some blank, and one wrong until the delta', async () => {
    const links = await rowsOf(full, 'links');
    expect(links.every(({ movieId, tmdbId }) => movieId !== tmdbId)).toBe(true);
    expect(links.filter(({ tmdbId }) => tmdbId === '')).toHaveLength(12);
    const relinked = await rowsOf(delta, 'links');
    const before = relinked.map(({ movieId }) => links.find((link) => link.movieId === movieId)?.tmdbId);
    const [older, newer] = film(movies, 'Crash').map(({ id }) => id);
    const place = relinked.findIndex(({ tmdbId }) => tmdbId === older);
    expect(before[place]).toBe(newer);
    expect(before.filter((tmdbId) => tmdbId === '')).toHaveLength(1);
    expect(before.filter((tmdbId) => tmdbId === undefined)).toHaveLength(3);
  });

  it('has one rating per user and film, after the release, around the mean of the votes', async () => {
    const ratings = await rowsOf(full, 'ratings');
    expect(new Set(ratings.map(({ userId, movieId }) => `${userId}/${movieId}`)).size).toBe(ratings.length);
    const links = new Map((await rowsOf(full, 'links')).map(({ movieId, tmdbId }) => [movieId, tmdbId]));
    const inception = film(movies, 'Inception')[0];
    const drawn = ratings.filter(({ movieId }) => links.get(movieId!) === inception?.id);
    expect(drawn).toHaveLength(77);
    expect(drawn.every(({ timestamp }) => Number(timestamp) >= Date.UTC(2010, 6, 16) / 1000)).toBe(true);
    const mean = drawn.reduce((sum, { rating }) => sum + Number(rating), 0) / drawn.length;
    expect(Math.abs(mean * 2 - 9)).toBeLessThan(0.6);
    expect(ratings.every(({ rating }) => /^(0\.5|[1-4]\.[05]|5\.0)$/.test(rating!))).toBe(true);
  });

  it('changes and adds ratings in the delta month', async () => {
    const before = new Map(
      (await rowsOf(full, 'ratings')).map((row) => [`${row.userId}/${row.movieId}`, row.rating]),
    );
    const later = await rowsOf(delta, 'ratings');
    const again = later.filter(({ userId, movieId }) => before.has(`${userId}/${movieId}`));
    const changed = again.filter((row) => before.get(`${row.userId}/${row.movieId}`) !== row.rating);
    expect(again.length).toBeLessThan(later.length);
    expect(changed.length).toBeGreaterThan(10);
    expect(later.every(({ timestamp }) => Number(timestamp) >= Date.UTC(2011, 0, 1) / 1000)).toBe(true);
  });
});

describe('a sample folder', () => {
  it('is not overwritten by default, and nothing is left behind', () =>
    inFolder(async (outDir) => {
      await mkdir(join(outDir, '2011-01'));
      await writeFile(join(outDir, '2011-01', 'ratings.csv'), 'precious');
      await expect(writeVegaSample({ outDir })).rejects.toThrow(Fault);
      expect(await readFile(join(outDir, '2011-01', 'ratings.csv'), 'utf8')).toBe('precious');
      expect(await readdir(outDir)).toEqual(['2011-01']);
      await writeVegaSample({ outDir, overwrite: true });
      expect(await readdir(outDir)).toEqual(['2010-12', '2011-01']);
    }));

  it('is never replaced if it contains other files', () =>
    inFolder(async (outDir) => {
      await mkdir(join(outDir, '2010-12'));
      await writeFile(join(outDir, '2010-12', 'diary.txt'), 'precious');
      await expect(writeVegaSample({ outDir, overwrite: true })).rejects.toThrow(/diary\.txt/);
    }));
});

describe('releaseDateOf', () => {
  it.each(['Jun 31 1998', '12-Jun-98', 'June 12 1998', 'Jun 12 98', ''])('rejects %j', (written) => {
    expect(() => releaseDateOf(written)).toThrow(Fault);
  });
});
