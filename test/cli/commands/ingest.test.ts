import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { emptyPlace, queuePlaces } from '../../queue/queue-places.js';
import { useHomes } from '../homes.js';
import { answer, leftovers, run } from '../marquee.js';

vi.setConfig({ testTimeout: 240_000 });
const newHome = useHomes();

/** Small drops, for tests in which it makes no difference what is in them. */
const small = ['--movies', '50', '--ratings', '200', '--delta', '0.5'];

describe.each(queuePlaces())('marquee ingest with its queues on $kind', (place) => {
  const location = place.location('');
  const queues: Record<string, string> =
    location.kind === 'redis' ? { REDIS_URL: location.url, QUEUE_PREFIX: location.prefix } : {};
  let home: string;
  let drop: string;

  beforeAll(async () => {
    home = await newHome('migrated');
    const size = place.kind === 'postgres' ? [] : small;
    const sample = await answer(home, ['sample', '--out', join(home, 'drops'), ...size], queues);
    drop = sample[0].dir;
  });
  afterAll(() => emptyPlace(location));

  it('publishes a drop and reports the counts of each feed', async () => {
    const result = await answer(home, ['ingest', drop], queues);
    expect(result).toMatchObject({
      publication: 1,
      published: true,
      period: basename(drop),
      seconds: expect.any(Number),
      state: 'succeeded',
      feeds: {
        movies_metadata:
          place.kind === 'postgres'
            ? { read: 3210, loaded: 3208, rejected: 2 }
            : { read: 50, loaded: 50, rejected: 0 },
        ratings: { rejected: 0 },
      },
      warnings: [],
    });
    for (const { read, loaded, rejected } of Object.values(result.feeds) as Record<string, number>[]) {
      expect(read).toBe(loaded! + rejected!);
    }
    expect(result.warehouse.movies).toBe(result.reports.movie_score_report);
  });

  it('records the run with the user who requested it', async () => {
    expect(await answer(home, ['runs'], queues)).toMatchObject([
      { kind: 'drop', state: 'succeeded', requestedBy: expect.stringMatching(/^cli:/) },
    ]);
  });

  it('leaves no process and no lock', async () => expect(await leftovers(home)).toEqual([]));
});

describe('a drop that was loaded before', () => {
  let home: string;
  let drop: string;

  beforeAll(async () => {
    home = await newHome('first month');
    drop = join(home, 'drops', '2010-12');
  });

  it('changes nothing when the same drop is loaded again, and says so', async () => {
    const again = await answer(home, ['ingest', drop]);
    expect(again).toMatchObject({ publication: 1, published: false, state: 'succeeded' });
    expect(again.feeds.movies_metadata).toEqual({ read: 3210, loaded: 3208, rejected: 2, known: true });
    expect(again.warnings).toContainEqual(expect.stringMatching(/^ratings\.csv has the same bytes as/));
    const { stdout } = await run(home, ['ingest', drop]);
    expect(stdout).toContain('movies_metadata: 3,208 of 3,210 records loaded earlier, 2 rejected');
    expect(stdout).toContain('Nothing changed: publication 1 stays.');
  });

  it('records the runs with the users who requested them', async () => {
    const runs = await answer(home, ['runs']);
    expect(runs).toHaveLength(3);
    for (const each of runs) {
      expect(each).toMatchObject({
        kind: 'drop',
        state: 'succeeded',
        requestedBy: expect.stringMatching(/^cli:/),
      });
    }
  });
});

it('two drops loaded into a new home at the same time are both published', async () => {
  const home = await newHome();
  const sample = await answer(home, ['sample', '--out', join(home, 'drops'), ...small]);
  const results = await Promise.all(sample.map(({ dir }: { dir: string }) => answer(home, ['ingest', dir])));
  expect(results.map(({ state, published }) => ({ state, published }))).toEqual(
    Array(2).fill({ state: 'succeeded', published: true }),
  );
  expect(results.map(({ publication }) => publication).sort()).toEqual([1, 2]);
  expect(await leftovers(home)).toEqual([]);
});

describe('a loaded drop', () => {
  let home: string;

  beforeAll(async () => {
    home = await newHome('first month');
  });

  it('is shown by status, export and rejects', async () => {
    const { publication, files } = await answer(home, ['status']);
    expect(publication).toMatchObject({ number: 1, asOfDay: '2010-12-31', checkState: 'passed' });
    expect(files.map((file: { feed: string }) => file.feed).sort()).toEqual([
      'credits',
      'keywords',
      'links',
      'movies_metadata',
      'ratings',
    ]);

    const csv = (await run(home, ['export', 'genre_report'])).stdout.trimEnd().split('\n');
    expect(csv[0]).toBe(
      'year,genre_id,genre_name,budget,revenue,profit,release_count,average_popularity,budget_movie_count,' +
        'revenue_movie_count,profit_movie_count,unreleased_budget,popularity_rank',
    );
    expect(csv).toHaveLength(1 + publication.rowCounts.genre_report);

    const file = join(home, 'genres.json');
    expect(await run(home, ['export', 'genre_report', '--format', 'json', '--out', file])).toMatchObject({
      code: 0,
      stdout: '',
    });
    const rows = JSON.parse(await readFile(file, 'utf8'));
    expect(rows).toHaveLength(publication.rowCounts.genre_report);
    expect(Object.keys(rows[0]).join()).toBe(csv[0]);

    const rejects = await run(home, ['rejects']);
    expect(rejects.stdout).toMatch(/movies_metadata +2,195 +2,196 +field_count/);
    const rejectsCsv = (await run(home, ['rejects', '--csv'])).stdout;
    expect(rejectsCsv).toMatch(/^id,file_id,.*,raw,.*reason/);
    expect(rejectsCsv).toMatch(/,\d{4}-\d\d-\d\dT[\d:.]+Z,/);
    expect(rejectsCsv.endsWith('\n')).toBe(true);
  });

  it.each([
    [2, ['explain', 'genre_report', '1850', '18'], 'has no row with year 1850, genre_id 18'],
    [2, ['trace', 'genre_report', '1850', '18'], 'has no row with year 1850, genre_id 18'],
    [2, ['export', 'genre_report', '--publication', '9'], 'Publication 9 does not exist; the newest is 1'],
    [2, ['rollback', '--to', '9'], 'Publication 9 does not exist; the newest is 1'],
    [1, ['rollback', '--to', '1'], 'Publication 1 is already the current one'],
    [2, ['retire', 'film', '1', '--reason', 'x'], 'The mapping fills no table film'],
    [2, ['retire', 'movies', '1,2', '--reason', 'x'], '"1,2" is not a valid key for movies'],
    [2, ['retire', 'movies', 'one', '--reason', 'x'], 'expected movie_id as'],
    [1, ['retire', 'movies', '999999999', '--reason', 'x'], 'movies has no live row'],
    [2, ['withdraw', '99', '--reason', 'x'], 'File 99 does not exist'],
    [1, ['withdraw', '1', '--undo', '--reason', 'x'], 'there is no withdrawal to take back'],
    [1, ['restore', 'movies', '999999999', '--reason', 'x'], 'movies has no retired row'],
  ])('ends with %i and one sentence for %j', async (code, parameters, sentence) => {
    const ended = await run(home, parameters);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('is the only run in the ledger, because refused commands start none', async () => {
    expect(await answer(home, ['runs'])).toHaveLength(1);
  });

  it('loses a file by withdraw, and gets it back by --undo', async () => {
    const stateOf = async () => {
      const { files } = await answer(home, ['status']);
      return files.find(({ feed }: { feed: string }) => feed === 'keywords') as { id: number; state: string };
    };
    const { id } = await stateOf();
    const why = ['--reason', 'it was sent by mistake'];
    expect(await run(home, ['withdraw', String(id), ...why])).toMatchObject({
      code: 0,
      stdout: `Withdrew file ${id}; publication 2.\n`,
    });
    expect(await stateOf()).toMatchObject({ id, state: 'withdrawn' });
    expect(await answer(home, ['withdraw', String(id), '--undo', ...why])).toMatchObject({
      file: id,
      withdrawn: false,
      publication: 3,
      published: true,
    });
    expect(await stateOf()).toMatchObject({ id, state: 'loaded' });
    expect((await run(home, ['runs'])).stdout).toMatch(
      new RegExp(`take-back +file ${id} +succeeded[^]* withdraw +file ${id} [^]* drop +2010-12 `),
    );
  });
});
