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
import { queues, type Services } from './services.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { publicationOf, publishing, publishStages } from './stages/publish-stages.js';

const retirement = z.object({
  ...publishing,
  table: z.string(),
  /** The natural keys: the text of each key field. */
  keys: z.array(z.record(z.string(), z.string())).min(1),
  reason: z.string().min(1),
  actor: z.string(),
});

type Payload = z.output<typeof retirement>;

/** Retires live rows. */
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

/** Restores retired rows. */
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

/** Adds the number of rows to the result of the publication. Only the step knows it, because a key given twice is one row. */
function withRowCount(stage: 'retire' | 'restore', count: 'retired' | 'restored') {
  return (context: FlowContext<Payload, Services>): FlowResult => {
    const { publication, counts } = publicationOf(context);
    return { publication, counts: { ...counts, rows: context.results.get(stage)?.get('rows')?.[count] } };
  };
}

/** Retires rows and publishes the result. Start it with `startRetiring`. */
export const retireFlow = defineFlow({
  name: 'retire',
  queue: queues.drop,
  payload: retirement,
  stages: [
    exclusiveStage,
    { name: 'retire', plan: ({ payload }) => [planStep(retireRowsJob, 'rows', payload)] },
    ...publishStages<Payload>({
      reason: 'retire',
      undo: () => 'marquee restore brings back the rows, which are already removed from the warehouse',
    }),
  ],
  finish: withRowCount('retire', 'retired'),
});

/** Restores rows and publishes the result. Start it with `startRestoring`. */
export const restoreFlow = defineFlow({
  name: 'restore',
  queue: queues.drop,
  payload: retirement,
  stages: [
    exclusiveStage,
    { name: 'restore', plan: ({ payload }) => [planStep(restoreRowsJob, 'rows', payload)] },
    ...publishStages<Payload>({ reason: 'restore' }),
  ],
  finish: withRowCount('restore', 'restored'),
});

/** Starts a retirement. @throws Fault, without creating a run, when a row is not live */
export function startRetiring(runs: Runs, payload: Payload, request: StartRun) {
  return runs.start(retireFlow, payload, {
    ...request,
    judge: async (client) => {
      await requireLive(client, (await currentMapping(client))!, payload);
    },
  });
}

/** Starts restoring rows. @throws Fault, without creating a run, when a row is not retired */
export function startRestoring(runs: Runs, payload: Payload, request: StartRun) {
  return runs.start(restoreFlow, payload, {
    ...request,
    judge: async (client) => {
      await requireRetired(client, (await currentMapping(client))!, payload);
    },
  });
}
