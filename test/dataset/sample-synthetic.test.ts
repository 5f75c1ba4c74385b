import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SampleDrop } from '../../src/dataset/sample/drop-folder.js';
import { writeSyntheticSample } from '../../src/dataset/sample/synthetic-sample.js';
import { Fault } from '../../src/fault.js';
import { fingerprints, HEADERS, inFolder, readByPython, recordsOf, rowsOf } from './sample-drops.js';

const SIZE = { movies: 1000, ratings: 50_000, deltaShare: 0.1, periods: ['2017-08', '2017-09', '2017-10'] };

describe('a synthetic sample', () => {
  let drops: SampleDrop[];
  let prints: Record<string, string>;

  beforeAll(async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'marquee-sample-'));
    drops = await writeSyntheticSample({ outDir, ...SIZE });
    prints = await fingerprints(drops);
    return () => rm(outDir, { recursive: true });
  });

  it('has the same bytes every time, and different bytes with a different seed', async () => {
    const again = await inFolder(async (dir) =>
      fingerprints(await writeSyntheticSample({ outDir: dir, ...SIZE })),
    );
    expect(again).toEqual(prints);
    const other = await inFolder(async (dir) =>
      fingerprints(await writeSyntheticSample({ outDir: dir, ...SIZE, seed: 2 })),
    );
    for (const key of Object.keys(prints).filter((key) => !key.endsWith('links'))) {
      expect(other[key], key).not.toBe(prints[key]);
    }
  });

  it('has the requested numbers of films and ratings, one film twice and one broken', async () => {
    expect(drops.map(({ files }) => files.map(({ records }) => records))).toEqual([
      [1002, 1000, 1000, 1000, 50_000],
      [100, 100, 100, 25, 5_000],
      [100, 100, 100, 25, 5_000],
    ]);
    const ids = (await rowsOf(drops[0], 'movies_metadata')).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([1000, 999]);
    const broken = (await recordsOf(drops[0], 'movies_metadata')).filter(({ length }) => length !== 24);
    expect(broken.map(({ length }) => length)).toEqual([10, 15]);
    expect(broken[1]?.[5]).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it("has the vendor's headers and is read completely by Python's csv and literal parsers", (context) => {
    for (const drop of drops) {
      const read = readByPython(context, drop);
      for (const { feed, records } of drop.files) {
        expect(read[feed]).toMatchObject({ header: HEADERS[feed], records });
        expect(read[feed].broken).toEqual(feed === 'movies_metadata' && drop === drops[0] ? [10, 15] : []);
      }
      expect(read.credits.entries.cast).toBeGreaterThan(800);
      expect(read.movies_metadata.entries.belongs_to_collection).toBeGreaterThan(10);
    }
  });

  it('has records of about the same length as the real data', () => {
    const lengths = drops[0]?.files.map(({ bytes, records }) => bytes / records) ?? [];
    for (const [place, real] of [775, 4400, 137, 20, 24].entries()) {
      expect(lengths[place]! / real).toBeGreaterThan(0.8);
      expect(lengths[place]! / real).toBeLessThan(1.2);
    }
  });

  it('rates each film at most once per user, sorted by user and film', async () => {
    const pairs = (await rowsOf(drops[0], 'ratings')).map(({ userId, movieId }) => [
      Number(userId),
      Number(movieId),
    ]);
    const misplaced = pairs.filter(([user, film], place) => {
      const [userBefore, filmBefore] = pairs[place - 1] ?? [0, 0];
      return user! < userBefore! || (user === userBefore && film! <= filmBefore!);
    });
    expect(misplaced).toEqual([]);
    expect(new Set(pairs.map(([user]) => user)).size).toBe(520);
  });

  it('rates only linked films, in half stars, up to the last second of its month', async () => {
    const linked = new Set((await rowsOf(drops[0], 'links')).map(({ movieId }) => movieId));
    const ratings = await rowsOf(drops[0], 'ratings');
    expect(ratings.filter(({ movieId }) => !linked.has(movieId))).toEqual([]);
    expect(new Set(ratings.map(({ rating }) => rating)).size).toBe(10);
    expect(ratings.every(({ rating }) => /^(0\.5|[1-4]\.[05]|5\.0)$/.test(rating!))).toBe(true);
    const times = ratings.map(({ timestamp }) => Number(timestamp));
    expect(Math.max(...times)).toBeLessThan(Date.UTC(2017, 8, 1) / 1000);
    expect(Math.min(...times)).toBeGreaterThan(Date.UTC(1996, 0, 1) / 1000);
  });

  it('changes films and ratings in each delta and adds new ones', async () => {
    const seen = new Map((await rowsOf(drops[0], 'movies_metadata')).map((row) => [row.id, row]));
    const rated = new Map(
      (await rowsOf(drops[0], 'ratings')).map((row) => [`${row.userId}/${row.movieId}`, row.rating]),
    );
    for (const drop of drops.slice(1)) {
      const films = await rowsOf(drop, 'movies_metadata');
      expect(films.filter(({ id }) => !seen.has(id))).toHaveLength(20);
      expect(films.filter((row) => JSON.stringify(seen.get(row.id)) === JSON.stringify(row))).toEqual([]);
      const ratings = await rowsOf(drop, 'ratings');
      const keys = ratings.map(({ userId, movieId }) => `${userId}/${movieId}`);
      expect(new Set(keys).size).toBe(5_000);
      const changed = ratings.filter((_, place) => rated.has(keys[place]!));
      expect(changed).toHaveLength(500);
      expect(changed.filter((row) => rated.get(`${row.userId}/${row.movieId}`) === row.rating)).toEqual([]);
      for (const row of films) seen.set(row.id, row);
      for (const [place, row] of ratings.entries()) rated.set(keys[place]!, row.rating);
    }
  });

  it('has raters with many ratings in the same month, as in the real data', async () => {
    /** Average number of other ratings by the same rater. */
    const others = (ratings: Record<string, string>[]) => {
      const counts = new Map<string, number>();
      for (const { userId } of ratings) counts.set(userId!, (counts.get(userId!) ?? 0) + 1);
      return [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0) / ratings.length;
    };
    const [full, delta] = [await rowsOf(drops[0], 'ratings'), await rowsOf(drops[1], 'ratings')];
    // In the vendor's sample 2 in the same month and 7.7 in total; by month 0.8 to 8.8.
    expect(others(delta) / others(full)).toBeGreaterThan(0.1);
    expect(others(delta) / others(full)).toBeLessThan(1.2);
    const users = delta.map(({ userId }) => Number(userId));
    expect(users).toEqual(users.toSorted((a, b) => a - b));
  });

  it.each([
    { movies: 1, ratings: 5 },
    { movies: 3, ratings: 100 },
    { movies: 10, ratings: 0 },
    { movies: 7, ratings: 1, deltaShare: 1 },
    { movies: 40, ratings: 3000, deltaShare: 0.5 },
  ])('has the requested counts at unusual sizes: $movies films, $ratings ratings', (size) =>
    inFolder(async (outDir) => {
      const written = await writeSyntheticSample({ outDir, ...size });
      for (const [number, drop] of written.entries()) {
        const ratings = await rowsOf(drop, 'ratings');
        expect(ratings).toHaveLength(Math.round(size.ratings * (number === 0 ? 1 : size.deltaShare!)));
        expect(new Set(ratings.map(({ userId, movieId }) => `${userId}/${movieId}`)).size).toBe(
          ratings.length,
        );
      }
    }),
  );

  it.each([
    { movies: 0, ratings: 1 },
    { movies: 1.5, ratings: 1 },
    { movies: 1, ratings: -1 },
    { movies: 1, ratings: 1, deltaShare: 2 },
    { movies: 1, ratings: 1, periods: [] },
    { movies: 1, ratings: 1, periods: ['2017-13'] },
    { movies: 1, ratings: 1, periods: ['2017-08', '2017-08'] },
  ])('rejects %j', (options) =>
    inFolder(async (outDir) => {
      await expect(writeSyntheticSample({ outDir, ...options })).rejects.toThrow(Fault);
    }),
  );
});
