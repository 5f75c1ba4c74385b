import { z } from 'zod';
import type { FlowContext, Stage } from '../../src/queue/backend/flow.js';
import { planStep } from '../../src/queue/ledger/job.js';
import { readAsOf } from '../../src/reporting/build/as-of-day.js';
import type { ReportDefinition } from '../../src/reporting/definition/definition.js';
import type { PublicationReason } from '../../src/reporting/publish/publish.js';
import { requireWholeFiles } from '../../src/warehouse/clean/uncleaned-files.js';
import { buildReportJob, checkReportsJob, compareReportJob, publishJob } from '../report.js';
import type { Services } from '../services.js';

/** Fields in the payload of every run that publishes. */
export const publishing = {
  /** Who accepts that reports lose more rows than allowed, in this attempt. */
  lossAcceptedBy: z.string().nullish(),
};

interface Publishing {
  readonly lossAcceptedBy?: string | null | undefined;
}

interface PublishStages<Payload> {
  readonly reason: PublicationReason;
  /** A whole build also computes rows that no new file affects. */
  readonly isWhole?: (payload: Payload) => boolean;
  /** How to undo what the run did to the warehouse, as half a sentence; part of the error when too many rows would be lost. */
  readonly undo?: (payload: Payload) => string;
}

/** Build, check, publish: the last stages of every flow. A retry repeats them, since the warehouse may have changed. */
export function publishStages<Payload extends Publishing>({
  reason,
  isWhole = () => false,
  undo,
}: PublishStages<Payload>): Stage<Payload, Services>[] {
  const judgement = async (payload: Payload, services: Services) => ({
    asOfDay: await asOf(services),
    lossAcceptedBy: payload.lossAcceptedBy ?? undefined,
    undo: undo?.(payload),
  });
  return [
    {
      name: 'build',
      repeatOnRetry: true,
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
      repeatOnRetry: true,
      async plan({ payload, services }) {
        const check = planStep(checkReportsJob, 'check', await judgement(payload, services));
        // The checks occupy one core; meanwhile another finds out what a publication would change.
        const [largest, ...others] = largestFirst(services.dataSet.reports).map((report) =>
          planStep(compareReportJob, `compare-${report.name}`, { report: report.name }),
        );
        return largest === undefined ? [check] : [largest, check, ...others];
      },
    },
    {
      name: 'publish',
      repeatOnRetry: true,
      async plan({ payload, services }) {
        return [planStep(publishJob, 'publish', { reason, ...(await judgement(payload, services)) })];
      },
    },
  ];
}

/** The result of a run that publishes. */
export function publicationOf(context: FlowContext<unknown, Services>) {
  const counts = context.results.get('publish')?.get('publish');
  return {
    publication: Number(counts?.publication),
    counts: { published: counts?.published, restores: counts?.restores },
  };
}

/** Reports that read most come first, so that the others are done in the meantime. */
function largestFirst(reports: readonly ReportDefinition[]): ReportDefinition[] {
  const rollups = ({ contributions }: ReportDefinition) => contributions?.rollups.length ?? 0;
  return [...reports].sort((a, b) => rollups(b) - rollups(a));
}

async function asOf(services: Services): Promise<string> {
  const client = await services.pool.connect();
  try {
    return (await readAsOf(client)).asOfDay;
  } finally {
    client.release();
  }
}
