import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineJob, type JobContext } from '../src/queue/ledger/job.js';
import { queues, type Services } from './services.js';

const lookAgainMs = 250;

/**
 * Lets one run at a time clean, build and publish: a build must not see another run's half of the
 * warehouse. Files are loaded before it, side by side with anything. Whoever waits holds the one slot
 * of a queue of its own, never one that the run in front could need.
 */
export const takeTurnJob = defineJob({
  name: 'take-turn',
  queue: queues.turn,
  payload: z.object({}),
  run: async ({ services, runId, signal, complete }: JobContext<object, Services>) => {
    for (;;) {
      const taken = await inTransaction(services.pool, async (client) => {
        await client.query(
          `/* jobs.lock_turn */ select pg_advisory_xact_lock(hashtextextended('marquee.turn', 0))`,
        );
        const { rowCount } = await client.query(
          `/* jobs.find_turn */
           select from support.run_step s
           join support.run r on r.id = s.run_id
           where s.job_name = 'take-turn' and s.state = 'succeeded' and r.state = 'running' and r.id <> $1
           limit 1`,
          [runId],
        );
        if (rowCount === 0) {
          await complete(client, {});
        }
        return rowCount === 0;
      });
      if (taken) {
        return {};
      }
      await sleep(lookAgainMs, undefined, { signal });
    }
  },
});
