import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { inTransaction } from '../../src/database/transaction.js';
import { defineJob, type JobContext, planStep } from '../../src/queue/ledger/job.js';
import { queues, type Services } from '../services.js';

const retryIntervalMs = 250;

/**
 * Waits until no other run cleans, builds or publishes: a build must not read a warehouse that another run is halfway through
 * changing. Files are loaded before this, in parallel with anything. A waiting run occupies the only slot of a separate
 * queue, never one that the run before it could need.
 */
export const waitForExclusivityJob = defineJob({
  name: 'take-turn',
  queue: queues.turn,
  payload: z.object({}),
  run: async ({ services, runId, signal, complete }: JobContext<object, Services>) => {
    for (;;) {
      const isExclusive = await inTransaction(services.pool, async (client) => {
        await client.query(
          `/* jobs.lock_pipeline */ select pg_advisory_xact_lock(hashtextextended('marquee.turn', 0))`,
        );
        const { rowCount } = await client.query(
          `/* jobs.find_exclusive_run */
           select from support.run_step s
           join support.run r on r.id = s.run_id
           where s.job_name = 'take-turn' and s.state = 'succeeded' and r.state = 'running' and r.id <> $1
           limit 1`,
          [runId],
        );
        if (rowCount === 0) await complete(client, {});
        return rowCount === 0;
      });
      if (isExclusive) return {};
      await sleep(retryIntervalMs, undefined, { signal });
    }
  },
});

/**
 * From this stage on, a run is the only one that cleans, builds and publishes. A retry waits again: other runs may have
 * published since the run stopped.
 */
export const exclusiveStage = {
  name: 'turn',
  repeatOnRetry: true,
  plan: () => [planStep(waitForExclusivityJob, 'take', {})],
};
