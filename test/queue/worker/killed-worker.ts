// A worker process for `killed-worker.test.ts`, which kills it without warning.
import { Pool } from 'pg';
import { z } from 'zod';
import { inTransaction } from '../../../src/database/transaction.js';
import { openQueueBackend } from '../../../src/queue/backend/backend.js';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../../../src/queue/ledger/job.js';
import { startWorkers } from '../../../src/queue/worker/worker.js';

interface Services {
  pool: Pool;
  /** What this process does in the middle of a job: `hang`, to be killed there, or `write`, once it is let. */
  habit: 'work' | 'hang' | 'write' | 'write-unfenced';
}

export const deadly = defineJob({
  name: 'deadly',
  queue: 'deadly',
  payload: z.object({ step: z.string() }),
  async run({ payload, attempt, services, fence }: JobContext<{ step: string }, Services>) {
    // Listening begins before the test can know that this attempt has.
    const woken = new Promise((resolve) => process.once('SIGCONT', resolve));
    await services.pool.query('insert into support.attempt values ($1, $2)', [payload.step, attempt]);
    if (services.habit === 'hang') await new Promise(() => {});
    if (services.habit === 'work') return { attempt };
    // The test freezes this process here and wakes it when another has taken the step.
    await woken;
    await inTransaction(services.pool, async (client) => {
      await client.query('insert into support.effect values ($1, $2)', [payload.step, attempt]);
      if (services.habit === 'write') await fence(client);
    }).catch((error) => process.send!(error.code));
    process.send!('awake');
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

if (process.send && process.argv[2]?.startsWith('{')) {
  const { location, connectionString, habit } = JSON.parse(process.argv[2]);
  const pool = new Pool({ connectionString, max: 4 });
  const backend = await openQueueBackend(location);
  await startWorkers({
    backend,
    pool,
    jobs: [deadly],
    flows: [survivor],
    services: { pool, habit },
    settings: { lockMs: 1000, stalledCheckMs: 300, concurrency: { deadly: 2 } },
  });
  process.send('ready');
}
