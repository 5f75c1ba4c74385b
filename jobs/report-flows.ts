import { z } from 'zod';
import { defineFlow } from '../src/queue/backend/flow.js';
import { planStep } from '../src/queue/ledger/job.js';
import type { Runs, StartRun } from '../src/queue/runs/runs.js';
import type { ReportDefinition } from '../src/reporting/definition/definition.js';
import { requireEarlier } from '../src/reporting/publish/rollback.js';
import { rollbackJob } from './report.js';
import { queues } from './services.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { publicationOf, publishing, publishStages } from './stages/publish-stages.js';

const rebuildPayload = z.object({ ...publishing, full: z.boolean().optional() });

/** Rebuilds the reports from the warehouse; with `full`, also rows that nothing has affected since the last publication. */
export const rebuildReportsFlow = defineFlow({
  name: 'rebuild-reports',
  queue: queues.drop,
  payload: rebuildPayload,
  stages: [
    exclusiveStage,
    ...publishStages<z.output<typeof rebuildPayload>>({
      reason: 'rebuild',
      isWhole: ({ full }) => full ?? false,
    }),
  ],
  finish: publicationOf,
});

/** Publishes the state of an earlier publication again, as a new publication. Start it with `startRollback`. */
export const rollbackFlow = defineFlow({
  name: 'rollback',
  queue: queues.drop,
  payload: z.object({ to: z.int().positive(), reason: z.string().optional() }),
  stages: [
    exclusiveStage,
    { name: 'publish', plan: ({ payload }) => [planStep(rollbackJob, 'publish', { to: payload.to })] },
  ],
  finish: publicationOf,
});

/** Starts a rollback. @throws Fault, and creates no run, when the state of that publication is not available */
export function startRollback(
  runs: Runs,
  reports: readonly ReportDefinition[],
  payload: z.input<typeof rollbackFlow.payload>,
  request: StartRun,
) {
  return runs.start(rollbackFlow, payload, {
    ...request,
    judge: async (client) => {
      await requireEarlier(client, reports, payload.to);
    },
  });
}
