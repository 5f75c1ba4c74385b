import type { Pool } from 'pg';
import { openQueueBackend, type QueueBackend, type QueueLocation } from '../../src/queue/backend/backend.js';
import type { AnyFlow } from '../../src/queue/backend/flow.js';
import type { AnyJob } from '../../src/queue/ledger/job.js';
import { openRuns, type Runs } from '../../src/queue/runs/runs.js';
import { startWorkers, type WorkerSettings, type Workers } from '../../src/queue/worker/worker.js';
import { createDatabase } from '../database-fixture.js';
import { emptyPlace, type QueuePlace } from './queue-places.js';

/** A queue of its own with its ledger, as one test file uses it. */
export interface QueueFixture {
  /** The ledger's database, as the pipeline role. */
  pool: Pool;
  connectionString: string;
  location: QueueLocation;
  backend: QueueBackend;
  /** Errors the queue reported in passing. */
  errors: unknown[];
  work<Services>(
    services: Services,
    jobs: readonly AnyJob<Services>[],
    flows: readonly AnyFlow<Services>[],
    settings?: WorkerSettings,
  ): Promise<{ runs: Runs; workers: Workers }>;
  close(): Promise<void>;
}

/** Quick enough for tests: dead workers are noticed within a second or two. */
const hasty: WorkerSettings = { lockMs: 1000, stalledCheckMs: 300, watchMs: 50, graceMs: 200 };

export async function openQueueFixture(place: QueuePlace): Promise<QueueFixture> {
  const database = await createDatabase({ queues: true });
  const pool = database.pools.pipeline;
  const location = place.location(database.urls.queue);
  const errors: unknown[] = [];
  const backend = await openQueueBackend(location, (error) => errors.push(error));
  const started: Workers[] = [];
  return {
    pool,
    connectionString: database.urls.pipeline,
    location,
    backend,
    errors,
    async work(services, jobs, flows, settings) {
      const workers = await startWorkers({
        backend,
        pool,
        jobs,
        flows,
        services,
        settings: { ...hasty, concurrency: everyQueue(jobs, flows, 4), ...settings },
        onError: (error) => errors.push(error),
      });
      started.push(workers);
      return { runs: openRuns({ backend, pool, jobs, flows }), workers };
    },
    async close() {
      await Promise.all(started.map((workers) => workers.close(0)));
      await backend.close();
      await emptyPlace(location);
      await database.drop();
    },
  };
}

function everyQueue(
  jobs: readonly { queue: string }[],
  flows: readonly { queue: string }[],
  concurrency: number,
): Record<string, number> {
  return Object.fromEntries([...jobs, ...flows].map(({ queue }) => [queue, concurrency]));
}
