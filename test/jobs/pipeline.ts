import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Resources } from '../../jobs/services.js';
import { type Pipeline, type PipelineOptions, startPipelineWorker } from '../../jobs/worker.js';
import { movies } from '../../src/dataset/movies.js';
import type { Run } from '../../src/queue/ledger/run-ledger.js';
import { type TestDatabase, useDatabase } from '../database-fixture.js';

/** A database, a folder, and a worker on the queues, for the tests of a file. */
export interface TestPipeline {
  readonly database: TestDatabase;
  folder: string;
  worker: Pipeline;
  resources: Resources;
  /** What the worker was started with. */
  options: PipelineOptions;
  /** What the worker said: of the end of runs, and of what is no run's. */
  readonly said: string[];
  /** Writes records of feeds into a folder named by the month; what a record does not name is empty. Gives the folder. */
  writeDrop(period: string, feeds: Record<string, Record<string, string>[]>, under?: string): Promise<string>;
  ended(run: { run: Run }): Promise<Run>;
}

/** The steps of a run by name, in the order they were planned. */
export async function stepsOf({ database }: TestPipeline, runId: string) {
  const { rows } = await database.pools.pipeline.query<{ name: string; state: string; attempt: number }>(
    'select name, state, attempt from support.run_step where run_id = $1 order by id',
    [runId],
  );
  return rows;
}

/** Waits until something is so. */
export async function until(isSo: () => Promise<boolean>, what: string, patienceMs = 30_000): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(30)) {
    if (await isSo()) return;
  }
  throw new Error(`Waited in vain until ${what}.`);
}

/** Starts the pipeline before the tests of the file and closes it after them. */
export function usePipeline(
  change: Partial<Resources['inbox']> = {},
  limits: Partial<Pick<Resources, 'maxRowLossShare' | 'dataSet'>> = {},
  database: TestDatabase = useDatabase({ queues: true }),
): TestPipeline {
  const pipeline = { database, said: [] as string[] } as unknown as TestPipeline;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marquee-jobs-'));
    const resources = {
      pool: pipeline.database.pools.pipeline,
      dataSet: movies,
      storage: { folder: join(folder, 'files') },
      personalDataKey: 'a key that only tests know, and long enough',
      maxRejectShare: 0.01,
      // Of a handful of films all may go with one correction.
      maxRowLossShare: 1,
      ...limits,
      inbox: { folder: join(folder, 'inbox'), scanSeconds: 3600, stableSeconds: 30, ...change },
      lateAfterDays: 20,
      notify: (level: string, sentence: string) => pipeline.said.push(`${level} ${sentence}`),
    };
    const location = {
      kind: 'postgres' as const,
      connectionString: pipeline.database.urls.queue,
      schema: 'jobs',
    };
    const options: PipelineOptions = {
      location,
      resources,
      concurrency: 2,
      onError: () => {},
      onEnd: ({ kind, state, error }) => pipeline.said.push(`${kind} ${state} ${error}`),
    };
    Object.assign(pipeline, { folder, resources, options, worker: await startPipelineWorker(options) });
  });
  afterAll(async () => {
    await pipeline.worker?.close();
    await rm(pipeline.folder, { recursive: true, force: true });
  });
  return Object.assign(pipeline, {
    async writeDrop(period: string, records: Record<string, Record<string, string>[]>, under?: string) {
      const drop = join(under ?? pipeline.folder, period);
      await mkdir(drop, { recursive: true });
      for (const [name, rows] of Object.entries(records)) {
        const { columns, fileName } = movies.feeds.find((feed) => feed.name === name)!;
        const lines = rows.map((row) =>
          columns.map((column) => `"${(row[column] ?? '').replaceAll('"', '""')}"`).join(','),
        );
        await writeFile(join(drop, fileName), `${[columns.join(','), ...lines].join('\n')}\n`);
      }
      return drop;
    },
    ended: ({ run }: { run: Run }) => pipeline.worker.runs.follow(run.id),
  });
}

/** A film of one genre, as the vendor writes it. */
export function film(id: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    id,
    title: `Film ${id}`,
    status: 'Released',
    release_date: '1995-10-30',
    budget: `${id}000000`,
    genres: "[{'id': 16, 'name': 'Animation'}]",
    ...more,
  };
}
