import { z } from 'zod';
import { defineFlow, type FlowContext } from '../src/queue/flow.js';
import { defineJob, type JobContext, planStep } from '../src/queue/job.js';
import { replayRejects } from '../src/source/reject-replay.js';
import { publicationOf, publishing } from './drop-flow.js';
import { rebuildWarehouseFlow } from './rebuild-warehouse.js';
import { queues, type Services } from './services.js';

const which = z.object({ feed: z.string().optional(), reason: z.string().optional() });

/** Loads the rejects that pass now, under the file and record number they came with. */
export const replayRejectsJob = defineJob({
  name: 'load-rejects',
  queue: queues.ingest,
  payload: which,
  run: async ({ payload, services }: JobContext<z.output<typeof which>, Services>) => {
    const replays = await replayRejects(services.pool, services.dataSet.feeds, payload);
    const sum = (pick: (replay: (typeof replays)[number]) => number) =>
      replays.reduce((total, replay) => total + pick(replay), 0);
    return { tried: sum((replay) => replay.tried), loaded: sum((replay) => replay.loaded) };
  },
});

const payload = which.extend({ ...publishing, mapping: z.enum(['recorded', 'current']).default('recorded') });
type Context = FlowContext<z.output<typeof payload>, Services>;

/** What replaying came to. */
export function replayedOf(results: Context['results']): { tried: number; loaded: number } {
  const counts = results.get('replay')?.get('rejects');
  return { tried: Number(counts?.tried ?? 0), loaded: Number(counts?.loaded ?? 0) };
}

/**
 * Rejects tried again, and where some were loaded the warehouse anew from source: the records belong into the middle of
 * what was cleaned long ago, and the rebuild is what gets that right. Replays are rare.
 */
export const replayRejectsFlow = defineFlow({
  name: 'replay-rejects',
  queue: queues.drop,
  payload,
  stages: [
    {
      name: 'replay',
      plan: ({ payload: { feed, reason } }: Context) => [
        planStep(replayRejectsJob, 'rejects', { feed, reason }),
      ],
    },
    ...rebuildWarehouseFlow.stages.map((stage) => ({
      ...stage,
      plan: (context: Context) => (replayedOf(context.results).loaded === 0 ? [] : stage.plan(context)),
    })),
  ],
  finish: (context: Context) => {
    const { tried, loaded } = replayedOf(context.results);
    if (loaded === 0) {
      return { counts: { tried, loaded, published: false } };
    }
    const { publication, counts } = publicationOf(context);
    return { publication, counts: { ...counts, tried, loaded } };
  },
});
