import { z } from 'zod';
import { defineFlow, type FlowContext, type Stage } from '../src/queue/backend/flow.js';
import { type PlannedStep, planStep } from '../src/queue/ledger/job.js';
import type { Runs, StartRun } from '../src/queue/runs/runs.js';
import { readAsOf } from '../src/reporting/build/as-of-day.js';
import type { ReportDefinition } from '../src/reporting/definition/definition.js';
import type { PublicationReason } from '../src/reporting/publish/publish.js';
import { requireEarlier } from '../src/reporting/publish/rollback.js';
import { readDrop } from '../src/source/drop/drop.js';
import { tableOf } from '../src/source/feed.js';
import { requireWholeFiles } from '../src/warehouse/clean/uncleaned-files.js';
import { nestedColumns, tablesInOrder } from '../src/warehouse/mapping/mapping.js';
import { currentMapping } from '../src/warehouse/mapping/mapping-ledger.js';
import { cleanTableJob, expandFileJob, finishCleanJob } from './clean.js';
import { examineFileJob, type LoadCounts, receiveFileJob } from './ingest.js';
import { buildReportJob, checkReportsJob, compareReportJob, publishJob, rollbackJob } from './report.js';
import { queues, type Services } from './services.js';
import { takeTurnJob } from './turn.js';

/** What is said of every run that publishes. */
export const publishing = {
  /** Who lets reports lose more rows than allowed in this attempt. */
  lossAcceptedBy: z.string().nullish(),
};

interface Publishing {
  readonly lossAcceptedBy?: string | null | undefined;
}

const dropPayload = z.object({
  ...publishing,
  /** The drop's folder, absolute. */
  folder: z.string(),
  period: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'expected a month as YYYY-MM'),
  /** Names of the files that belong to it; missing: all of the folder. */
  files: z.array(z.string()).optional(),
  /** Who lets loads through that have too many rejects. */
  acceptedBy: z.string().optional(),
});

type Context<Payload> = FlowContext<Payload, Services>;

/** Other runs may have had their turn since a run stopped, and the reports that it built are then not what it would publish. */
export const takeTurn = { name: 'turn', anew: true, plan: () => [planStep(takeTurnJob, 'take', {})] };

async function planLoad({
  payload,
  services,
}: Context<z.output<typeof dropPayload>>): Promise<PlannedStep[]> {
  const drop = await readDrop(payload.folder, services.dataSet.feeds, payload.files);
  // Within a month files count in the order they were first seen: of one feed, that of their names and not of their sizes.
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

/** One step per warehouse table that a loaded file feeds, each after those it refers to. */
export async function planCleaning(
  services: Services,
  loads: readonly Pick<LoadCounts, 'fileId' | 'feed'>[],
): Promise<PlannedStep[]> {
  const mapping = await currentMapping(services.pool);
  if (mapping === null || mapping.version === null || loads.length === 0) {
    return [];
  }
  const mappingVersion = mapping.version;
  const filesOf = new Map<string, number[]>();
  for (const feed of services.dataSet.feeds) {
    // A drop may hold the same bytes twice, plain and in an archive say: they are one file.
    const fileIds = loads.filter((load) => load.feed === feed.name).map((load) => load.fileId);
    filesOf.set(tableOf(feed), [...new Set(fileIds)]);
  }
  const expands = [...filesOf].flatMap(([sourceTable, fileIds]) =>
    nestedColumns(mapping, sourceTable).length === 0
      ? []
      : fileIds.map((fileId) => ({
          sourceTable,
          step: planStep(expandFileJob, `expand-${fileId}`, { fileId, mappingVersion }),
        })),
  );
  const tables = tablesInOrder(mapping).filter(({ sourceTable }) => filesOf.get(sourceTable)?.length);
  const planned = new Set(tables.map(({ table }) => table));
  const cleans = tables.map(({ table, sourceTable, dependsOn }) =>
    planStep(cleanTableJob, table, { table, fileIds: filesOf.get(sourceTable)!, mappingVersion }, [
      ...dependsOn.filter((needed) => planned.has(needed)),
      ...expands.filter((expand) => expand.sourceTable === sourceTable).map(({ step }) => step.name),
    ]),
  );
  const finish = planStep(
    finishCleanJob,
    'finish',
    { fileIds: loads.map((load) => load.fileId) },
    cleans.map((step) => step.name),
  );
  // What waits for nothing comes first: it is the feed with the most records and no nested columns,
  // and beside it there is time for all the others.
  const free = cleans.filter((step) => step.dependsOn.length === 0);
  const waiting = cleans.filter((step) => step.dependsOn.length > 0);
  return [...free, ...expands.map(({ step }) => step), ...waiting, finish];
}

/** What was loaded, or known from an earlier load that may not have got further. */
export function loadsOf(results: Context<unknown>['results']): LoadCounts[] {
  return [...(results.get('load')?.values() ?? [])].filter(
    (counts): counts is LoadCounts & typeof counts => 'outcome' in counts,
  );
}

interface PublishStages<Payload> {
  readonly reason: PublicationReason;
  /** A whole build computes also what nothing touched. */
  readonly isWhole?: (payload: Payload) => boolean;
  /** How a person undoes what the run did to the warehouse, as half a sentence: said where too many rows would be lost. */
  readonly undo?: (payload: Payload) => string;
}

/** Build, check, publish: what every flow ends with. */
export function publishStages<Payload extends Publishing>({
  reason,
  isWhole = () => false,
  undo,
}: PublishStages<Payload>): Stage<Payload, Services>[] {
  return [
    {
      name: 'build',
      anew: true,
      async plan({ payload, services }) {
        await requireWholeFiles(services.pool);
        const asOfDay = await asOf(services);
        const whole = isWhole(payload);
        return largestFirst(services.dataSet.reports).map((report) =>
          planStep(buildReportJob, report.name, { report: report.name, asOfDay, whole }),
        );
      },
    },
    {
      name: 'check',
      anew: true,
      async plan({ payload, services }) {
        const check = planStep(checkReportsJob, 'check', {
          asOfDay: await asOf(services),
          lossAcceptedBy: payload.lossAcceptedBy ?? undefined,
          undo: undo?.(payload),
        });
        // The checks occupy one core; beside them there is time to find out what a publication would change.
        const [largest, ...others] = largestFirst(services.dataSet.reports).map((report) =>
          planStep(compareReportJob, `compare-${report.name}`, { report: report.name }),
        );
        return largest === undefined ? [check] : [largest, check, ...others];
      },
    },
    { name: 'publish', anew: true, plan: () => [planStep(publishJob, 'publish', { reason })] },
  ];
}

/** What reads most comes first: beside it there is time for all the others. */
function largestFirst(reports: readonly ReportDefinition[]): ReportDefinition[] {
  const stocks = ({ contributions }: ReportDefinition) => contributions?.stocks.length ?? 0;
  return [...reports].sort((a, b) => stocks(b) - stocks(a));
}

async function asOf(services: Services): Promise<string> {
  const client = await services.pool.connect();
  try {
    return (await readAsOf(client)).asOfDay;
  } finally {
    client.release();
  }
}

export function publicationOf(context: Context<unknown>) {
  const counts = context.results.get('publish')?.get('publish');
  return {
    publication: Number(counts?.publication),
    counts: { published: counts?.published, restores: counts?.restores },
  };
}

/** From a folder of files to a publication. */
export const dropFlow = defineFlow({
  name: 'drop',
  queue: queues.drop,
  payload: dropPayload,
  stages: [
    { name: 'load', plan: planLoad },
    takeTurn,
    {
      name: 'clean',
      plan: ({ services, results }) =>
        planCleaning(
          services,
          loadsOf(results).filter(({ outcome }) => outcome !== 'withdrawn'),
        ),
    },
    ...publishStages<z.output<typeof dropPayload>>({ reason: 'load' }),
  ],
  finish: publicationOf,
});

const rebuildPayload = z.object({ ...publishing, full: z.boolean().optional() });

/** The reports anew from the warehouse as it is; with `full`, also what nothing touched since the last publication. */
export const rebuildReportsFlow = defineFlow({
  name: 'rebuild-reports',
  queue: queues.drop,
  payload: rebuildPayload,
  stages: [
    takeTurn,
    ...publishStages<z.output<typeof rebuildPayload>>({
      reason: 'rebuild',
      isWhole: ({ full }) => full ?? false,
    }),
  ],
  finish: publicationOf,
});

/** The state of an earlier publication again, as a new one. To be started by `startRollback`. */
export const rollbackFlow = defineFlow({
  name: 'rollback',
  queue: queues.drop,
  payload: z.object({ to: z.int().positive(), reason: z.string().optional() }),
  stages: [
    takeTurn,
    { name: 'publish', plan: ({ payload }) => [planStep(rollbackJob, 'publish', { to: payload.to })] },
  ],
  finish: publicationOf,
});

/** Starts a rollback. @throws Fault, with no run made, where there is no way back to that publication */
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
