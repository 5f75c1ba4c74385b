import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineJob, type JobContext } from '../src/queue/ledger/job.js';
import { buildReport } from '../src/reporting/build/build.js';
import { restoreLostBuilds } from '../src/reporting/build/lost-builds.js';
import { checkReports, refusal } from '../src/reporting/checks/check.js';
import { compareBuild } from '../src/reporting/publish/build-comparison.js';
import { publicationReasons, publish } from '../src/reporting/publish/publish.js';
import { rollback } from '../src/reporting/publish/rollback.js';
import { queues, type Services } from './services.js';

const build = z.object({ report: z.string(), asOfDay: z.string(), whole: z.boolean().default(false) });

/** Builds one report, invisible to readers: all rows, or those that new files touch. */
export const buildReportJob = defineJob({
  name: 'build-report',
  queue: queues.report,
  payload: build,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof build>, Services>) => {
    const definition = services.dataSet.reports.find((report) => report.name === payload.report)!;
    return inTransaction(services.pool, async (client) => {
      const { rows, whole } = await buildReport(client, definition, { ...payload, runId });
      await complete(client, { rows, whole });
      return { rows, whole };
    });
  },
});

const comparison = z.object({ report: z.string() });

/** Compares a build with the published report, and collects the causes of the differences. */
export const compareReportJob = defineJob({
  name: 'compare-report',
  queue: queues.report,
  payload: comparison,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof comparison>, Services>) => {
    const definition = services.dataSet.reports.find((report) => report.name === payload.report)!;
    await restoreBuilds(services, runId);
    return inTransaction(services.pool, async (client) => {
      const compared = await compareBuild(client, definition, runId);
      const counts = { differences: compared?.differences ?? 0 };
      await complete(client, counts);
      return counts;
    });
  },
});

const takesFileOut =
  'undo what removed the rows: marquee withdraw FILE --reason TEXT takes a file out, and --undo takes it back';

/** What an operator accepts, and what a refused one can do instead. */
const judgement = {
  /** Who accepts that reports lose more rows than allowed. */
  lossAcceptedBy: z.string().optional(),
  /** How to undo what removed the rows, as half a sentence. */
  undo: z.string().optional(),
};

const check = z.object({ asOfDay: z.string(), ...judgement });

/** Checks the builds. A blocking check with offenders ends the run here. */
export const checkReportsJob = defineJob({
  name: 'check-reports',
  queue: queues.report,
  payload: check,
  run: async ({ payload, services, runId }: JobContext<z.output<typeof check>, Services>) => {
    await restoreBuilds(services, runId);
    return checkBuilds(services, runId, payload);
  },
});

/** @throws Fault `checks_failed` */
async function checkBuilds(
  services: Services,
  runId: string | null,
  { asOfDay, lossAcceptedBy, undo }: z.output<typeof check>,
) {
  // Committed before the result is judged, so that users can look at the offenders.
  const outcomes = await inTransaction(services.pool, (client) =>
    checkReports(client, services.dataSet.reports, {
      asOfDay,
      runId,
      maxLossShare: services.maxRowLossShare,
      lossAcceptedBy,
    }),
  );
  const refused = refusal(
    outcomes,
    runId,
    `To accept this loss, run marquee retry ${runId} --accept-loss. Otherwise, ${undo ?? takesFileOut}.`,
  );
  if (refused !== undefined) {
    throw refused;
  }
  const warned = outcomes.filter((outcome) => outcome.offenderCount > 0);
  return {
    checks: outcomes.length,
    warnings: warned.map((outcome) => `${outcome.report} ${outcome.name}`),
  };
}

/** Builds again, and commits, what a crash of the database emptied since it was built. @returns whether there was any */
async function restoreBuilds({ pool, dataSet, notify }: Services, runId: string | null): Promise<boolean> {
  const restored = await inTransaction(pool, (client) => restoreLostBuilds(client, dataSet.reports, runId));
  if (restored.length === 0) return false;
  notify?.('warn', `The database crashed and lost builds; built ${restored.join(', ')} again.`);
  return true;
}

const publication = z.object({
  reason: z.enum(publicationReasons),
  asOfDay: z.string().optional(),
  ...judgement,
});

/** Publishes the checked builds. */
export const publishJob = defineJob({
  name: 'publish',
  queue: queues.report,
  payload: publication,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof publication>, Services>) => {
    const { reason, asOfDay } = payload;
    // Check results belong to a build, so they went with it.
    if ((await restoreBuilds(services, runId)) && asOfDay !== undefined) {
      await checkBuilds(services, runId, { ...payload, asOfDay });
    }
    return inTransaction(services.pool, async (client) => {
      const result = await publish(client, services.dataSet.reports, {
        runId,
        reason,
        retainedPublications: services.retainedPublications,
      });
      const counts = { ...result, changes: { ...result.changes } } as unknown as Record<string, never>;
      await complete(client, counts);
      return counts;
    });
  },
});

const back = z.object({ to: z.int() });

/** Publishes the state of an earlier publication again. */
export const rollbackJob = defineJob({
  name: 'publish-earlier',
  queue: queues.report,
  payload: back,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof back>, Services>) =>
    inTransaction(services.pool, async (client) => {
      const result = await rollback(client, services.dataSet.reports, {
        to: payload.to,
        runId,
        retainedPublications: services.retainedPublications,
      });
      const counts = { ...result, published: true } as unknown as Record<string, never>;
      await complete(client, counts);
      return counts;
    }),
});
