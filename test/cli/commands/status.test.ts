import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useHomes } from '../homes.js';
import { answer, run } from '../marquee.js';

vi.setConfig({ testTimeout: 120_000 });
const newHome = useHomes();
let home: string;
let good: string;
let bad: string;

beforeAll(async () => {
  home = await newHome('migrated');
  const made = await answer(home, [
    'sample',
    '--out',
    join(home, 'made'),
    '--movies',
    '30',
    '--ratings',
    '60',
  ]);
  good = made[0].dir;
  // Without its mark it counts as the user's own, so that other drops can follow.
  await rm(join(good, '.marquee-sample'));
  bad = join(home, '2020-01');
  await mkdir(bad);
  await writeFile(join(bad, 'links.csv'), 'movieId,imdbId,tmdbId\n900001,1,1\n');
  await writeFile(join(bad, 'keywords.csv'), 'id,keywrds\n1,[]\n');
  await writeFile(join(bad, 'ratings.csv'), 'userId,movieId\n1,1\n');
  await writeFile(join(bad, 'credits.csv'), 'id,cast,crew\n1,[],[]\nbroken\n');
});

describe('a drop with refused and held files', () => {
  it('reports each of them, and the counts of all files that were read', async () => {
    await answer(home, ['ingest', good]);
    const ended = await run(home, ['ingest', bad, '--json']);
    expect(ended.code).toBe(1);
    const result = JSON.parse(ended.stdout);
    expect(result).toMatchObject({
      state: 'failed',
      publication: null,
      errorCode: 'header_missing_column',
      feeds: {
        credits: { read: 2, loaded: 1, rejected: 1, held: true },
        links: { read: 1, loaded: 1, rejected: 0 },
      },
    });
    const errors = result.errors.map(({ code, error }: { code: string; error: string }) => [code, error]);
    expect(errors).toHaveLength(3);
    expect(errors).toContainEqual([
      'header_missing_column',
      expect.stringMatching(/keywords\.csv .* “keywrds”/),
    ]);
    expect(errors).toContainEqual([
      'header_missing_column',
      expect.stringMatching(/ratings\.csv .* “timestamp”/),
    ]);
    expect(errors).toContainEqual([
      'load_held',
      expect.stringMatching(/1 of 2 records of credits\.csv \(50\.00 %\)/),
    ]);
    for (const [, error] of errors) expect(ended.stderr).toContain(error);
    expect(ended.stderr).toContain(`accept them with marquee retry ${result.run} --accept-rejects.`);
  });

  it('has its loaded files listed by status until a report includes them', async () => {
    const waiting = /warning: links\.csv of 2020-01 \(file \d+\) is loaded but not in the warehouse/;
    const { stdout } = await run(home, ['status']);
    expect(stdout).toMatch(/\ndrop +files +disk in source +disk as delivered\n/);
    expect(stdout).toMatch(waiting);
    expect(stdout).toMatch(/2020-01 +credits +credits\.csv +held +2 +1/);
    expect(stdout).toMatch(/^Run \S+ \(drop of 2020-01\) is failed: The header of/m);
    for (const file of ['keywords', 'ratings', 'credits']) {
      expect(stdout).toMatch(new RegExp(`^(Run .*:|) +.*${file}\\.csv .*(lacks|rejected)`, 'm'));
    }
    await Promise.all(['keywords.csv', 'ratings.csv'].map((name) => rm(join(bad, name))));
    expect(await answer(home, ['ingest', bad, '--accept-rejects'])).toMatchObject({
      published: true,
      errors: [],
      feeds: {
        credits: { read: 2, loaded: 1, rejected: 1 },
        links: { read: 1, loaded: 1, rejected: 0, known: true },
      },
    });
  });
});

describe('a drop that failed', () => {
  it('is shown by status until a drop of the same month succeeds', async () => {
    const [broken, other] = [join(home, '2020-03'), join(home, '2020-04')];
    await mkdir(broken);
    await writeFile(join(broken, 'links.csv'), '');
    expect(await run(home, ['ingest', broken])).toMatchObject({ code: 1 });
    await mkdir(other);
    await writeFile(join(other, 'links.csv'), 'movieId,imdbId,tmdbId\n900002,1,1\n');
    expect(await answer(home, ['ingest', other])).toMatchObject({ published: true });
    const failed = /^Run \S+ \(drop of 2020-03\) is failed: links\.csv is empty/m;
    expect((await run(home, ['status'])).stdout).toMatch(failed);

    await writeFile(join(broken, 'links.csv'), 'movieId,imdbId,tmdbId\n900003,1,1\n');
    expect(await answer(home, ['ingest', broken])).toMatchObject({ state: 'succeeded' });
    expect((await run(home, ['status'])).stdout).not.toMatch(failed);
  });
});

describe('values that could not be used', () => {
  it('are counted by status and listed by issues', async () => {
    const month = join(home, '2020-02');
    await cp(good, month, {
      recursive: true,
      filter: (path) => !/(credits|keywords|links|movies)/.test(path.slice(good.length)),
    });
    await writeFile(
      join(month, 'ratings.csv'),
      'userId,movieId,rating,timestamp\n7,900001,many,100\n7,none,1,100\n',
    );
    await rename(join(month, 'ratings.csv'), join(month, 'ratings-2020-01.csv'));
    expect(await answer(home, ['ingest', month, '--period', '2020-02'])).toMatchObject({
      state: 'succeeded',
      issues: 1,
      issuesByColumn: [{ table: 'movie_ratings', column: 'rating', reason: 'value_not_castable', issues: 1 }],
      feeds: { ratings: { read: 2, loaded: 2, rejected: 0, unkeyed: 1 } },
      warnings: ['The name ratings-2020-01.csv says 2020-01, but its records are stored as of 2020-02.'],
    });
    const status = (await run(home, ['status'])).stdout;
    expect(status).toMatch(/movie_ratings +rating +value_not_castable +1/);
    expect(status).toMatch(/ratings-2020-01\.csv +loaded +2 +0 +1\n/);
    expect(status).not.toMatch(/not in the warehouse|is failed/); // what the drop before was about is settled

    const { stdout } = await run(home, ['issues', '--table', 'movie_ratings', '--csv']);
    expect(stdout.split('\n')[1]).toMatch(
      /,ratings-2020-01\.csv,2020-02,1,movie_ratings,rating,many,value_not_castable,/,
    );
    expect(await run(home, ['issues', '--table', 'movie_rating'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no table movie_rating, .* movie_ratings/),
    });
    const listed = ['--reason', 'key_not_usable', '--json'];
    expect(JSON.parse((await run(home, ['rejects', ...listed])).stdout)).toMatchObject([
      { file_name: 'ratings-2020-01.csv', record_number: 2, reason: 'key_not_usable' },
    ]);
    expect(JSON.parse((await run(home, ['rejects', '--feed', 'keywords', ...listed])).stdout)).toEqual([]);
  });
});

describe('a blocking check that finds offenders', () => {
  it('is reported by the run and by status, with the first of them, while the old numbers are served', async () => {
    const before = (await run(home, ['export', 'movie_score_report'])).stdout;
    const films = before
      .split('\n')
      .slice(1, 13)
      .map((line) => line.split(',')[0]!);
    const retire = ['retire', 'movies', ...films, '--reason', 'too many at once'];
    const ended = await run(home, retire, { MAX_ROW_LOSS_SHARE: '0' });
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Publication blocked: these checks failed'),
    });
    expect((await run(home, ['export', 'movie_score_report'])).stdout).toBe(before);

    expect((await run(home, ['status'])).stdout).toMatch(
      /is failed: Publication blocked.*\n(?:.*\n)*? {2}movie_score_report no_more_rows_are_lost_than_allowed: 1, first \{/,
    );

    const { runs } = await answer(home, ['status']);
    const advice = `To accept this loss, run marquee retry ${runs[0].id} --accept-loss. Otherwise, marquee restore brings back`;
    expect(ended.stderr).toContain(advice);
    expect(runs[0].error).toContain(advice);
    const { stdout: found } = await run(home, ['checks', runs[0].id.slice(0, 8)]);
    expect(found).toMatch(
      /^movie_score_report no_more_rows_are_lost_than_allowed \(blocking\): 1 found\n.*built_rows.*\n[- ]+\n.*\d/m,
    );
    expect((await run(home, ['retry', runs[0].id, '--accept-loss'])).code).toBe(0);
    expect((await run(home, ['status'])).stdout).toMatch(
      /checks warned\.\n(?:.*\n)*? {2}movie_score_report no_more_rows_are_lost_than_allowed: 1, first .*, accepted by /,
    );

    const restore = ['restore', 'movies', ...films, '--reason', 'a mistake'];
    expect((await run(home, restore)).code).toBe(0);
    expect((await run(home, ['status'])).stdout).not.toContain('is failed');
  });
});
