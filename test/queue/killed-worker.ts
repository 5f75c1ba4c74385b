// A worker process for `killed-worker.test.ts`, which kills it without warning.
import { Pool } from 'pg';
import { z } from 'zod';
import { openQueueBackend } from '../../src/queue/backend.js';
import { defineFlow } from '../../src/queue/flow.js';
import { defineJob, type JobContext, planStep } from '../../src/queue/job.js';
import { startWorkers } from '../../src/queue/worker.js';

interface Services {
  pool: Pool;
  /** Whether this process hangs in the middle of a job, to be killed there. */
  hang: boolean;
}

export const deadly = defineJob({
  name: 'deadly',
  queue: 'deadly',
  payload: z.object({ step: z.string() }),
  async run({ payload, attempt, services }: JobContext<{ step: string }, Services>) {
    await services.pool.query('insert into support.attempt values ($1, $2)', [payload.step, attempt]);
    if (services.hang) await new Promise(() => {});
    return { attempt };
  },
});

export const survivor = defineFlow({
  name: 'survivor',
  queue: 'deadly',
  payload: z.object({}),
  stages: [
    {
      name: 'one',
      plan: () => [planStep(deadly, 'a', { step: 'a' }), planStep(deadly, 'b', { step: 'b' }, ['a'])],
    },
    { name: 'two', plan: () => [planStep(deadly, 'c', { step: 'c' })] },
  ],
});

if (process.argv[2] !== undefined && process.send) {
  const { location, connectionString, hang } = JSON.parse(process.argv[2]);
  const pool = new Pool({ connectionString, max: 4 });
  const backend = await openQueueBackend(location);
  await startWorkers({
    backend,
    pool,
    jobs: [deadly],
    flows: [survivor],
    services: { pool, hang },
    settings: { lockMs: 1000, stalledCheckMs: 300, concurrency: { deadly: 2 } },
  });
  process.send('ready');
}
