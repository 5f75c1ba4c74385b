import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../src/database/transaction.js';
import { cleanTable } from '../../src/warehouse/clean/clean-table.js';
import { dropEntries, expandFile } from '../../src/warehouse/extract/entry-staging.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { planReplay, prepareRebuild, rebuildTable } from '../../src/warehouse/rebuild/rebuild.js';
import { dropRebuild } from '../../src/warehouse/tables/rebuild-tables.js';
import { useDatabase } from '../database-fixture.js';
import { install, personalDataKey } from './cleaning.js';
import { emptyAll, historyOf } from './history/history.js';
import { loadRecords } from './source-rows.js';

describe('cleaning a file into a table', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const films = (genre: string) => [
    { id: '1', genres: `[{'id': 18, 'name': '${genre}'}]` },
    { id: '2', genres: "[{'id': 35, 'name': 'Comedy'}, {'id': 18" },
  ];
  const request = async (table: string, fileIds: number[]) => ({
    table,
    fileIds,
    mapping: (await currentMapping(pool()))!,
    personalDataKey,
  });
  const stagingTables = async () =>
    (await pool().query("select relname::text as name from pg_class where relname like 'entries\\_%'")).rows;

  beforeAll(() => install(pool()));
  beforeEach(() => emptyAll(pool()));

  it('takes effect once when two workers do it at the same moment', async () => {
    const file = await loadRecords(pool(), 'movies_metadata', '2017-08', films('Drama'));
    const genres = await request('genres', [file]);
    const counts = await Promise.all([
      cleanTable(pool(), genres),
      cleanTable(pool(), genres),
      cleanTable(pool(), genres),
    ]);
    expect(counts.map((count) => count.inserted).sort()).toEqual([0, 0, 1]);
    expect(await historyOf(pool(), 'genres')).toHaveLength(1);
    const issues = await pool().query(
      "select count(*) from support.issue where reason = 'malformed_literal'",
    );
    expect(issues.rows).toEqual([{ count: '1' }]);
  });

  it('never interleaves two drops on one table', async () => {
    const files = [];
    for (const [period, name] of [
      ['2017-08', 'A'],
      ['2017-09', 'B'],
      ['2017-10', 'C'],
    ] as const) {
      files.push(await loadRecords(pool(), 'movies_metadata', period, films(name)));
    }
    const requests = await Promise.all(files.toReversed().map((file) => request('genres', [file])));
    await Promise.all(requests.map((genres) => cleanTable(pool(), genres)));
    expect(
      (await historyOf(pool(), 'genres')).map((row) => [row.name, row.valid_from, row.valid_to]).sort(),
    ).toEqual([
      ['A', '2017-08-01', '2017-09-01'],
      ['B', '2017-09-01', '2017-10-01'],
      ['C', '2017-10-01', null],
    ]);
  });

  it('leaves nothing behind when the worker is superseded before the commit', async () => {
    const file = await loadRecords(pool(), 'movies_metadata', '2017-08', [
      ...films('Drama'),
      { id: 'x', genres: '[]' },
    ]);
    const movies = await request('movies', [file]);
    const beforeCommit = async () => {
      throw new Error('taken over');
    };
    await expect(cleanTable(pool(), { ...movies, beforeCommit })).rejects.toThrow('taken over');
    const { rows } = await pool().query(`
      select (select count(*) from warehouse.movies) as movies, (select count(*) from source.reject) as rejects,
             (select count(*) from support.file_transform) as transforms, (select count(*) from support.issue) as issues`);
    expect(rows).toEqual([{ movies: '0', rejects: '0', transforms: '0', issues: '0' }]);
    expect(await cleanTable(pool(), movies)).toMatchObject({ inserted: 2, rejected: 1 });
  });

  it('releases a table of a rebuild when its worker is frozen', async () => {
    const file = await loadRecords(pool(), 'links', '2017-08', [{ movieId: '1', imdbId: '1', tmdbId: '1' }]);
    await cleanTable(pool(), await request('movie_links', [file]));
    const mapping = (await currentMapping(pool()))!;
    await prepareRebuild(pool(), mapping);
    const again = { table: 'movie_links', files: await planReplay(pool(), null), personalDataKey };
    const held = new Promise<void>((frozen) => {
      const beforeCommit = async () => {
        frozen();
        await sleep(2000);
      };
      rebuildTable(pool(), { ...again, idleMs: 300, beforeCommit }).then(
        (counts) => outcomes.push(counts),
        ({ code }) => outcomes.push(code),
      );
    });
    const outcomes: unknown[] = [];
    await held;
    expect(await rebuildTable(pool(), again)).toMatchObject({ inserted: 1 });
    expect(outcomes).toEqual([]);
    while (outcomes.length === 0) await sleep(20);
    expect(outcomes).not.toContainEqual(expect.objectContaining({ inserted: 1 }));
    await inTransaction(pool(), dropRebuild);
  });

  it('needs no staged entries and does not use staging tables that a crash has emptied', async () => {
    const file = await loadRecords(pool(), 'movies_metadata', '2017-08', films('Drama'));
    const mapping = (await currentMapping(pool()))!;
    await expandFile(pool(), { mapping, fileId: file });
    await pool().query(`delete from warehouse.entries_${file}_genres`);
    expect(await cleanTable(pool(), await request('genres', [file]))).toMatchObject({ inserted: 1 });
    await dropEntries(pool(), [file]);
    expect(await stagingTables()).toEqual([]);
    expect(await cleanTable(pool(), await request('movie_genres', [file]))).toMatchObject({ inserted: 1 });
    const issues = await pool().query(
      "select count(*) from support.issue where reason = 'malformed_literal'",
    );
    expect(issues.rows).toEqual([{ count: '1' }]);
  });
});
