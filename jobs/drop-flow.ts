import { z } from 'zod';
import { defineFlow, type FlowContext } from '../src/queue/backend/flow.js';
import type { LoadCounts } from './ingest.js';
import { queues, type Services } from './services.js';
import { planCleaning } from './stages/clean-steps.js';
import { exclusiveStage } from './stages/exclusive-stage.js';
import { dropToLoad, planLoading } from './stages/load-steps.js';
import { publicationOf, publishing, publishStages } from './stages/publish-stages.js';

const dropPayload = z.object({
  ...publishing,
  ...dropToLoad,
});

type Context<Payload> = FlowContext<Payload, Services>;

/** From a folder of files to a publication. */
export const dropFlow = defineFlow({
  name: 'drop',
  queue: queues.drop,
  payload: dropPayload,
  stages: [
    { name: 'load', plan: ({ payload, services }) => planLoading(payload, services) },
    exclusiveStage,
    { name: 'clean', plan: ({ services, results }) => planCleaning(services, filesToClean(results)) },
    ...publishStages<z.output<typeof dropPayload>>({ reason: 'load' }),
  ],
  finish: publicationOf,
});

/** The files of the drop: loaded by this run, or by an earlier one that may not have got any further. */
export function loadsOf(results: Context<unknown>['results']): LoadCounts[] {
  return [...(results.get('load')?.values() ?? [])].filter(
    (counts): counts is LoadCounts & typeof counts => 'outcome' in counts,
  );
}

function filesToClean(results: Context<unknown>['results']): LoadCounts[] {
  return loadsOf(results).filter(({ outcome }) => outcome !== 'withdrawn');
}
