import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineJob, type JobContext } from '../src/queue/ledger/job.js';
import { buildReport } from '../src/reporting/build/build.js';
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

const check = z.object({
  asOfDay: z.string(),
  /** Who accepts that reports lose more rows than allowed. */
  lossAcceptedBy: z.string().optional(),
  /** How to undo what removed the rows, as half a sentence. */
  undo: z.string().optional(),
});

/** Checks the builds. A blocking check with offenders ends the run here. */
export const checkReportsJob = defineJob({
  name: 'check-reports',
  queue: queues.report,
  payload: check,
  run: async ({ payload, services, runId }: JobContext<z.output<typeof check>, Services>) => {
    // Committed before the result is judged, so that users can look at the offenders.
    const outcomes = await inTransaction(services.pool, (client) =>
      checkReports(client, services.dataSet.reports, {
        asOfDay: payload.asOfDay,
        runId,
        maxLossShare: services.maxRowLossShare,
        lossAcceptedBy: payload.lossAcceptedBy,
      }),
    );
    const refused = refusal(
      outcomes,
      `To accept this loss, run marquee retry ${runId} --accept-loss. Otherwise, ${payload.undo ?? takesFileOut}.`,
    );
    if (refused !== undefined) {
      throw refused;
    }
    const warned = outcomes.filter((outcome) => outcome.offenderCount > 0);
    return {
      checks: outcomes.length,
      warnings: warned.map((outcome) => `${outcome.report} ${outcome.name}`),
    };
  },
});

const publication = z.object({ reason: z.enum(publicationReasons) });

/** Publishes the checked builds. */
export const publishJob = defineJob({
  name: 'publish',
  queue: queues.report,
  payload: publication,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof publication>, Services>) =>
    inTransaction(services.pool, async (client) => {
      const result = await publish(client, services.dataSet.reports, {
        runId,
        reason: payload.reason,
        retainedPublications: services.retainedPublications,
      });
      const counts = { ...result, changes: { ...result.changes } } as unknown as Record<string, never>;
      await complete(client, counts);
      return counts;
    }),
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
