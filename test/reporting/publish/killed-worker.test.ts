import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildReportsFlow } from '../../../jobs/report-flows.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { packageRoot } from '../../../src/package-root.js';
import { useDatabase } from '../../database-fixture.js';
import { takeMonth } from '../drops.js';
import { exportedRows, publishReports } from '../publish-reports.js';
import { startWorkerAt, type WorkerPlace } from './killed-worker.js';

// Node 20 runs no TypeScript: the worker is compiled into a folder inside the package, where it finds its modules.
const built = join(packageRoot, '.marquee', `killed-report-worker-${process.pid}`);

/** In the middle of each step stands a table that the test holds on to. */
const moments = [
  ['build', 'lock table warehouse.genres in access exclusive mode'],
  ['check', 'lock table reporting.genre_report in access exclusive mode'],
  ['publish', 'lock table reporting.report_catalog in share mode'],
] as const;

describe('a worker that is killed', () => {
  const database = useDatabase({ queues: true });
  const folder = mkdtempSync(join(tmpdir(), 'marquee-killed-'));
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    const options = '--ignoreConfig --noCheck --module nodenext --target es2023 --skipLibCheck --types node';
    execFileSync(process.execPath, [
      join(packageRoot, 'node_modules/typescript/bin/tsc'),
      ...options.split(' '),
      ...['--rootDir', packageRoot, '--outDir', built],
      join(packageRoot, 'test/reporting/publish/killed-worker.ts'),
    ]);
    // The compiler leaves out the .sql files that the code reads.
    cpSync(join(packageRoot, 'src'), join(built, 'src'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
    const { pipeline } = database.pools;
    const film = { id: '1', title: 'Toy Story', budget: '1', genres: `[{'id': 16, 'name': 'Animation'}]` };
    await takeMonth(
      pipeline,
      { movies: [{ ...film, release_date: '1995-10-30' }], links: [], ratings: [] },
      '2017-01',
    );
    await publishReports(pipeline);
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(built, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });

  async function allRows(): Promise<Record<string, unknown>> {
    const rows: Record<string, unknown> = {};
    for (const { name } of reports) rows[name] = await exportedRows(database.pools.reader, name);
    return rows;
  }

  /** Waits until a statement of the pipeline waits for the lock that the test holds. */
  async function someoneWaits(): Promise<void> {
    for (const until = Date.now() + 30_000; Date.now() < until; ) {
      const { rowCount } = await database.pools.owner.query(
        `select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())
           and locktype = 'relation'`,
      );
      if (rowCount! > 0) return;
      await sleep(20);
    }
    throw new Error('Nobody waits for the lock.');
  }

  it.each(moments)(
    'in the middle of %s leaves the old publication, and the next worker publishes the new one',
    { timeout: 180_000 },
    async (_step, lock) => {
      const { owner, pipeline, reader } = database.pools;
      await pipeline.query('update warehouse.movies set budget = budget + 1 where movie_id = 1');
      const before = await allRows();
      const {
        rows: [{ newest }],
      } = await reader.query('select max(number) as newest from publication');
      const place: WorkerPlace = {
        queueUrl: database.urls.queue,
        pipelineUrl: database.urls.pipeline,
        folder,
      };

      const child = fork(join(built, 'test/reporting/publish/killed-worker.js'), [JSON.stringify(place)]);
      children.push(child);
      await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(() => Promise.reject(new Error('The worker ended.'))),
      ]);
      const holder = await owner.connect();
      await holder.query('begin');
      await holder.query(lock);
      const second = await startQuietly(place);
      const { run } = await second.start();
      await someoneWaits();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await holder.query('rollback');
      holder.release();

      expect(await allRows()).toEqual(before);
      const ended = await second.finish(run.id);
      expect(ended).toMatchObject({ state: 'succeeded', publication: newest + 1 });
      const { rows: scores } = await reader.query('select budget from movie_score_report where movie_id = 1');
      expect(Number(scores[0].budget)).toBe(newest + 1);
      const { rows: left } = await owner.query(
        `select relname from pg_class where relname like 'build\\_%' union all select report from support.report_build`,
      );
      expect(left).toEqual([]);
    },
  );

  /** Starts the run without working on it, so that the process to be killed takes it; works on it when asked to finish. */
  async function startQuietly(place: WorkerPlace) {
    const { openPipeline } = await import('../../../jobs/worker.js');
    const { movies } = await import('../../../src/dataset/movies.js');
    const resources = {
      pool: database.pools.pipeline,
      dataSet: movies,
      storage: { folder },
      personalDataKey: '',
      maxRejectShare: 0.01,
      inbox: { folder: join(folder, 'inbox'), scanSeconds: 3600, stableSeconds: 30 },
      lateAfterDays: 20,
    };
    const location = { kind: 'postgres', connectionString: place.queueUrl, schema: 'killed' } as const;
    const starter = await openPipeline({ location, resources, concurrency: 1, onError: () => {} });
    return {
      start: () => starter.runs.start(rebuildReportsFlow, { full: true }, { requestedBy: 'test' }),
      finish: async (id: string) => {
        const worker = await startWorkerAt(place, database.pools.pipeline);
        try {
          return await worker.runs.follow(id);
        } finally {
          await worker.close();
          await starter.close();
        }
      },
    };
  }
});
