import { z } from 'zod';
import { defineFlow, type FlowContext } from '../src/queue/backend/flow.js';
import { type PlannedStep, planStep } from '../src/queue/ledger/job.js';
import { readDrop } from '../src/source/drop/drop.js';
import { examineFileJob, type LoadCounts, receiveFileJob } from './ingest.js';
import { queues, type Services } from './services.js';
import { planCleaning } from './stages/clean-steps.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { publicationOf, publishing, publishStages } from './stages/publish-stages.js';

const dropPayload = z.object({
  ...publishing,
  /** The drop's folder, as an absolute path. */
  folder: z.string(),
  period: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'expected a month as YYYY-MM'),
  /** Names of the files to load; all files of the folder when missing. */
  files: z.array(z.string()).optional(),
  /** Who accepts loads with too many rejects. */
  acceptedBy: z.string().optional(),
});

type Context<Payload> = FlowContext<Payload, Services>;

/** From a folder of files to a publication. */
export const dropFlow = defineFlow({
  name: 'drop',
  queue: queues.drop,
  payload: dropPayload,
  stages: [
    { name: 'load', plan: planLoad },
    exclusiveStage,
    { name: 'clean', plan: ({ services, results }) => planCleaning(services, filesToClean(results)) },
    ...publishStages<z.output<typeof dropPayload>>({ reason: 'load' }),
  ],
  finish: publicationOf,
});

async function planLoad({
  payload,
  services,
}: Context<z.output<typeof dropPayload>>): Promise<PlannedStep[]> {
  const drop = await readDrop(payload.folder, services.dataSet.feeds, payload.files);
  // Within a month, files count in the order they are received: for one feed, in the order of their names, not of their sizes.
  const before = new Map<string, string>();
  return drop.deliveries.flatMap((each) => {
    const delivery = { ...each, feed: each.feed.name };
    const first = before.get(delivery.feed);
    before.set(delivery.feed, delivery.name);
    const received = { delivery, period: payload.period, acceptedBy: payload.acceptedBy };
    if (first === undefined) return [planStep(receiveFileJob, delivery.name, received)];
    const examine = planStep(examineFileJob, `examine-${delivery.name}`, { delivery });
    return [examine, planStep(receiveFileJob, delivery.name, received, [first, examine.name])];
  });
}

/** The files of the drop: loaded by this run, or by an earlier one that may not have got any further. */
export function loadsOf(results: Context<unknown>['results']): LoadCounts[] {
  return [...(results.get('load')?.values() ?? [])].filter(
    (counts): counts is LoadCounts & typeof counts => 'outcome' in counts,
  );
}

function filesToClean(results: Context<unknown>['results']): LoadCounts[] {
  return loadsOf(results).filter(({ outcome }) => outcome !== 'withdrawn');
}
