import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineFlow, type FlowContext, type FlowResult } from '../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../src/queue/ledger/job.js';
import type { Runs, StartRun } from '../src/queue/runs/runs.js';
import {
  requireLive,
  requireRetired,
  restoreRows,
  retireRows,
} from '../src/warehouse/corrections/retirement.js';
import { currentMapping } from '../src/warehouse/mapping/mapping-ledger.js';
import { publicationOf, publishing, publishStages, takeTurn } from './drop-flow.js';
import { queues, type Services } from './services.js';

const retirement = z.object({
  ...publishing,
  table: z.string(),
  /** Natural keys, field by field. */
  keys: z.array(z.record(z.string(), z.string())).min(1),
  reason: z.string().min(1),
  actor: z.string(),
});

type Payload = z.output<typeof retirement>;

/** Retires live rows by hand. */
export const retireRowsJob = defineJob({
  name: 'retire-rows',
  queue: queues.clean,
  payload: retirement,
  run: async ({ payload, services, runId, complete }: JobContext<Payload, Services>) => {
    const mapping = (await currentMapping(services.pool))!;
    return inTransaction(services.pool, async (client) => {
      const counts = await retireRows(client, mapping, { ...payload, runId });
      await complete(client, counts);
      return counts;
    });
  },
});

/** Takes retirements back. */
export const restoreRowsJob = defineJob({
  name: 'restore-rows',
  queue: queues.clean,
  payload: retirement,
  run: async ({ payload, services, runId, complete }: JobContext<Payload, Services>) => {
    const { pool, personalDataKey } = services;
    const mapping = (await currentMapping(pool))!;
    return inTransaction(pool, async (client) => {
      const counts = await restoreRows(pool, client, mapping, personalDataKey, { ...payload, runId });
      await complete(client, counts);
      return counts;
    });
  },
});

/** Tells, beside the publication, how many rows a step found: a key given twice names one, so that it alone knows. */
function rowsAndPublication(stage: 'retire' | 'restore', told: 'retired' | 'restored') {
  return (context: FlowContext<Payload, Services>): FlowResult => {
    const { publication, counts } = publicationOf(context);
    return { publication, counts: { ...counts, rows: context.results.get(stage)?.get('rows')?.[told] } };
  };
}

/** Retires rows, and publishes what follows from it. To be started by `startRetiring`. */
export const retireFlow = defineFlow({
  name: 'retire',
  queue: queues.drop,
  payload: retirement,
  stages: [
    takeTurn,
    { name: 'retire', plan: ({ payload }) => [planStep(retireRowsJob, 'rows', payload)] },
    ...publishStages<Payload>({
      reason: 'retire',
      undo: () => 'marquee restore takes the rows back, which the warehouse is without already',
    }),
  ],
  finish: rowsAndPublication('retire', 'retired'),
});

/** Restores rows, and publishes what follows from it. To be started by `startRestoring`. */
export const restoreFlow = defineFlow({
  name: 'restore',
  queue: queues.drop,
  payload: retirement,
  stages: [
    takeTurn,
    { name: 'restore', plan: ({ payload }) => [planStep(restoreRowsJob, 'rows', payload)] },
    ...publishStages<Payload>({ reason: 'restore' }),
  ],
  finish: rowsAndPublication('restore', 'restored'),
});

/** Starts a retirement. @throws Fault, with no run made, where the rows are not live */
export function startRetiring(runs: Runs, payload: Payload, request: StartRun) {
  return runs.start(retireFlow, payload, {
    ...request,
    judge: async (client) => {
      await requireLive(client, (await currentMapping(client))!, payload);
    },
  });
}

/** Starts taking retirements back. @throws Fault, with no run made, where the rows are not retired */
export function startRestoring(runs: Runs, payload: Payload, request: StartRun) {
  return runs.start(restoreFlow, payload, {
    ...request,
    judge: async (client) => {
      await requireRetired(client, (await currentMapping(client))!, payload);
    },
  });
}
