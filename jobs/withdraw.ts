import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineFlow } from '../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../src/queue/ledger/job.js';
import type { Runs, StartRun } from '../src/queue/runs/runs.js';
import {
  requireWithdrawable,
  requireWithdrawn,
  takeFileBack,
  withdrawFile,
} from '../src/warehouse/corrections/withdrawal.js';
import { currentMapping, mappingOfVersion } from '../src/warehouse/mapping/mapping-ledger.js';
import { swapRebuilt } from '../src/warehouse/rebuild/rebuild.js';
import { rebuildStages } from './rebuild-warehouse.js';
import { queues, type Services } from './services.js';
import { planCleaning } from './stages/clean-steps.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { preparedMapping } from './stages/prepared-mapping.js';
import { publicationOf, publishing, publishStages } from './stages/publish-stages.js';

const withdrawal = z.object({
  ...publishing,
  fileId: z.int().positive(),
  reason: z.string().min(1),
  actor: z.string(),
});

type Payload = z.output<typeof withdrawal>;

const swapped = withdrawal.extend({ mappingVersion: z.int() });

/** Replaces the live warehouse with the one that was rebuilt without the file, and marks the file as withdrawn. */
export const withdrawFileJob = defineJob({
  name: 'withdraw-file',
  queue: queues.clean,
  payload: swapped,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof swapped>, Services>) => {
    const mapping = await mappingOfVersion(services.pool, payload.mappingVersion);
    return inTransaction(services.pool, async (client) => {
      const counts = { tables: await swapRebuilt(client, mapping) };
      await withdrawFile(client, mapping, { ...payload, runId });
      await complete(client, counts);
      return counts;
    });
  },
});

/** Takes a withdrawal back. */
export const takeFileBackJob = defineJob({
  name: 'take-file-back',
  queue: queues.clean,
  payload: withdrawal,
  run: async ({ payload, services, runId, complete }: JobContext<Payload, Services>) =>
    inTransaction(services.pool, async (client) => {
      const { feed } = await takeFileBack(client, { ...payload, runId });
      const counts = { fileId: payload.fileId, feed };
      await complete(client, counts);
      return counts;
    }),
});

/** Rebuilds the warehouse from source without a file and publishes the result. Start it with `startWithdrawing`. */
export const withdrawFlow = defineFlow({
  name: 'withdraw',
  queue: queues.drop,
  payload: withdrawal,
  stages: [
    ...rebuildStages<Payload>(({ fileId }) => ({ mapping: 'recorded', without: fileId })),
    {
      name: 'swap',
      repeatOnRetry: true,
      plan: async (context) => {
        const mappingVersion = (await preparedMapping(context)).version!;
        return [planStep(withdrawFileJob, 'tables', { ...context.payload, mappingVersion })];
      },
    },
    ...publishStages<Payload>({
      reason: 'withdraw',
      isWhole: () => true,
      undo: ({ fileId }) =>
        `marquee withdraw ${fileId} --undo --reason TEXT brings back the file, which is already removed from the warehouse`,
    }),
  ],
  finish: publicationOf,
});

/** Cleans a withdrawn file like a file that comes late and publishes the result. Start it with `startTakingBack`. */
export const takeBackFlow = defineFlow({
  name: 'take-back',
  queue: queues.drop,
  payload: withdrawal,
  stages: [
    exclusiveStage,
    { name: 'file', plan: ({ payload }) => [planStep(takeFileBackJob, 'back', payload)] },
    {
      name: 'clean',
      plan: ({ services, results }) => {
        const { fileId, feed } = results.get('file')!.get('back')!;
        return planCleaning(services, [{ fileId: Number(fileId), feed: String(feed), outcome: 'known' }]);
      },
    },
    ...publishStages<Payload>({ reason: 'take back' }),
  ],
  finish: publicationOf,
});

/** Starts a withdrawal. @throws Fault, without creating a run, when the file cannot be withdrawn */
export function startWithdrawing(runs: Runs, payload: Payload, request: StartRun) {
  return runs.start(withdrawFlow, payload, {
    ...request,
    judge: async (client) => requireWithdrawable(client, (await currentMapping(client))!, payload.fileId),
  });
}

/** Starts taking a withdrawal back. @throws Fault, without creating a run, when the file is not withdrawn */
export function startTakingBack(runs: Runs, payload: Payload, request: StartRun) {
  return runs.start(takeBackFlow, payload, {
    ...request,
    judge: async (client) => {
      await requireWithdrawn(client, payload.fileId);
    },
  });
}
