import { z } from 'zod';
import { monthSchema, requirePeriod } from '../../src/period.js';
import { defineJob, type JobContext, type PlannedStep, planStep } from '../../src/queue/ledger/job.js';
import {
  type ChosenMonth,
  type ClearingCommands,
  explainUnclear,
  requireClear,
} from '../../src/source/drop/clear-drop.js';
import { type Drop, readDrop } from '../../src/source/drop/drop.js';
import { refuseForeign } from '../../src/source/ledger/home-origin.js';
import { requireDiskSpace } from '../../src/source/storage/disk-space.js';
import { examineFileJob, receiveFileJob } from '../ingest.js';
import { queues, type Services } from '../services.js';

/** Fields in the payload of a run that loads a drop. */
export const dropToLoad = {
  /** The drop's folder, as an absolute path. */
  folder: z.string(),
  period: monthSchema,
  /** Whether an operator gave the month, so that other months in names do not matter. */
  periodIsGiven: z.boolean().optional(),
  /** Names of the files to load; all files of the folder when missing. */
  files: z.array(z.string()).optional(),
  /** What an operator said about files whose feed is unclear. */
  as: z.array(z.object({ feed: z.string(), file: z.string() })).optional(),
  ignore: z.array(z.string()).optional(),
  /** Who accepts loads with too many rejects. */
  acceptedBy: z.string().optional(),
};

const loading = z.object(dropToLoad);
type Loading = z.output<typeof loading>;

/**
 * Plans the steps that load a drop; for a drop of which something is unclear, one step that holds the run before anything is
 * loaded.
 */
export async function planLoading(payload: Loading, services: Services): Promise<PlannedStep[]> {
  requirePeriod(payload.period, services.earliestPeriod);
  const drop = await read(payload, services);
  await refuseForeign(services.pool, drop.origin, drop.folder);
  return explainUnclear(drop, monthOf(payload), answering('')) === undefined
    ? await receivingSteps(drop, payload, services)
    : [planStep(recognizeDropJob, 'recognize', loading.parse(payload))];
}

/** Holds the run of an unclear drop until an operator says what the files are; then adds the steps that load them. */
export const recognizeDropJob = defineJob({
  name: 'recognize-drop',
  queue: queues.ingest,
  payload: loading,
  // A wrong answer leaves it unclear, too.
  holdOn: ['drop_unclear', 'drop_file_unknown', 'feed_unknown', 'period_invalid'],
  run: async ({ payload, services, runId, addSteps }: JobContext<Loading, Services>) => {
    // A retry may have given another month.
    requirePeriod(payload.period, services.earliestPeriod);
    const drop = await read(payload, services);
    await refuseForeign(services.pool, drop.origin, drop.folder);
    requireClear(drop, monthOf(payload), answering(String(runId)));
    await addSteps(await receivingSteps(drop, payload, services));
    return {};
  },
});

function read({ folder, files, as, ignore }: Loading, { dataSet }: Services): Promise<Drop> {
  return readDrop(folder, dataSet.feeds, { only: files, as, ignore });
}

function monthOf({ period, periodIsGiven = false }: Loading): ChosenMonth {
  return { period, isGiven: periodIsGiven };
}

function answering(runId: string): ClearingCommands {
  const retry = `marquee retry ${runId}`;
  return { files: retry, month: retry };
}

async function receivingSteps(
  drop: Drop,
  { period, acceptedBy }: Loading,
  { storage, databaseFolder }: Services,
): Promise<PlannedStep[]> {
  await requireDiskSpace(drop.deliveries, { storage: storage.folder, database: databaseFolder });
  // Within a month, files count in the order they are received: for one feed, in the order of their names, not of their sizes.
  const before = new Map<string, string>();
  return drop.deliveries.flatMap((each) => {
    const delivery = { ...each, feed: each.feed.name };
    const first = before.get(delivery.feed);
    before.set(delivery.feed, delivery.name);
    const received = { delivery, period, origin: drop.origin, acceptedBy };
    if (first === undefined) return [planStep(receiveFileJob, delivery.name, received)];
    const examine = planStep(examineFileJob, `examine-${delivery.name}`, { delivery });
    return [examine, planStep(receiveFileJob, delivery.name, received, [first, examine.name])];
  });
}
