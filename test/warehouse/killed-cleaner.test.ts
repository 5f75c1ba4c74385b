import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialMapping } from '../../src/dataset/mapping.js';
import { packageRoot } from '../../src/package-root.js';
import { cleanTable } from '../../src/warehouse/clean/clean-table.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../database-fixture.js';
import { install } from './cleaning.js';
import { emptyAll, historyOf } from './history/history.js';
import type { CleanerTask } from './killed-cleaner.js';
import { loadRecords } from './source-rows.js';

// Node 20 runs no TypeScript: the process is compiled into a folder inside the package, where it finds its modules.
const built = join(packageRoot, 'dist', `killed-cleaner-${process.pid}`);
const key = 'a key that only tests know';
const tables = [...new Set(initialMapping.map((row) => row.end_table))];

describe('the process that cleans a table', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const children: ChildProcess[] = [];
  const files: Record<string, number> = {};

  beforeAll(async () => {
    const options = '--ignoreConfig --noCheck --module nodenext --target es2023 --skipLibCheck --types node';
    execFileSync(process.execPath, [
      join(packageRoot, 'node_modules/typescript/bin/tsc'),
      ...options.split(' '),
      ...['--rootDir', packageRoot, '--outDir', built],
      join(packageRoot, 'test/warehouse/killed-cleaner.ts'),
    ]);
    await install(pool());
    const load = async (feed: string, records: Parameters<typeof loadRecords>[3]) => {
      files[`src_${feed}`] = await loadRecords(pool(), feed, '2017-08', records);
    };
    const entry = (id: number) =>
      `[{'id': ${id}, 'name': 'N', 'credit_id': 'c${id}', 'iso_3166_1': 'US', 'iso_639_1': 'en'}]`;
    await load('movies_metadata', [
      {
        id: '1',
        title: 'A',
        belongs_to_collection: entry(2).slice(1, -1),
        genres: entry(3),
        production_companies: entry(4),
        production_countries: entry(5).replace('US', 'XC'),
        spoken_languages: entry(6).replace('en', 'xx'),
      },
    ]);
    await load('credits', [{ id: '1', cast: entry(7), crew: entry(8) }]);
    await load('keywords', [{ id: '1', keywords: entry(9) }]);
    await load('links', [{ movieId: '1', imdbId: '1', tmdbId: '1' }]);
    await load('ratings', [{ userId: '1', movieId: '1', rating: '5.0', timestamp: '1' }]);
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(built, { recursive: true, force: true });
  });

  function start(task: Pick<CleanerTask, 'table'> & Partial<CleanerTask>): ChildProcess {
    const given: CleanerTask = {
      connectionString: database.urls.pipeline,
      fileIds: [fileOf(task.table)],
      key,
      ...task,
    };
    const child = fork(join(built, 'test/warehouse/killed-cleaner.js'), [JSON.stringify(given)]);
    children.push(child);
    return child;
  }

  const fileOf = (table: string) =>
    files[initialMapping.find((row) => row.end_table === table)!.source_table]!;

  const cleanHere = async (table: string, idleMs?: number) =>
    cleanTable(pool(), {
      table,
      fileIds: [fileOf(table)],
      mapping: (await currentMapping(pool()))!,
      personalDataKey: key,
      idleMs,
    });

  const backends = async (condition: string) =>
    (
      await database.pools.owner.query(
        `select from pg_stat_activity where datname = current_database() and usename = 'marquee_pipeline'
           and pid <> pg_backend_pid() and ${condition}`,
      )
    ).rowCount!;

  it.each(tables)(
    'of %s leaves nothing behind when it is killed in the middle, and is not missed',
    async (table) => {
      const supported = async () =>
        (await historyOf(pool(), table)).filter((row) => row.record_number !== null);
      // The table's rows are written when the ledger is, and there it waits.
      const holder = await pool().connect();
      await holder.query('begin');
      await holder.query('lock table support.file_transform in share mode');
      const child = start({ table });
      while ((await backends("wait_event_type = 'Lock'")) === 0) await sleep(10);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await holder.query('rollback');
      holder.release();
      while ((await backends("state <> 'idle'")) > 0) await sleep(10);
      expect(await supported()).toEqual([]);
      expect(await cleanHere(table)).toMatchObject({ entries: 1, inserted: 1, rejected: 0 });
      expect(await cleanHere(table)).toMatchObject({ entries: 0, inserted: 0 });
      expect(await supported()).toHaveLength(1);
    },
  );

  it('has lost the table lock when it wakes after another worker has done its work', async () => {
    await pool().query('delete from support.file_transform; delete from warehouse.movie_links');
    const frozen = start({ table: 'movie_links', lingers: true, idleMs: 300 });
    const words: unknown[] = [];
    frozen.on('message', (word) => words.push(word));
    while (words.length === 0) await sleep(10);
    frozen.kill('SIGSTOP');
    expect(await cleanHere('movie_links')).toMatchObject({ inserted: 1 });
    frozen.kill('SIGCONT');
    await once(frozen, 'exit');
    expect(words).toEqual(['lingering', expect.stringMatching(/^failed /)]);
    expect(await historyOf(pool(), 'movie_links')).toHaveLength(1);
    await emptyAll(pool());
  });
});
