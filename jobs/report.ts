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

/** Computes one report, unseen: all of it, or what the files since the last publication touch. */
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

/** Finds out what a build changes in what is served, and why. */
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
  'undo what took the rows: a file is taken out by marquee withdraw FILE --reason TEXT, and back with --undo';

const check = z.object({
  asOfDay: z.string(),
  /** Who lets reports lose more rows than allowed. */
  lossAcceptedBy: z.string().optional(),
  /** How what took the rows is undone, as half a sentence. */
  undo: z.string().optional(),
});

/** Asks the builds for offenders; a blocking check that has some ends the run here. */
export const checkReportsJob = defineJob({
  name: 'check-reports',
  queue: queues.report,
  payload: check,
  run: async ({ payload, services, runId }: JobContext<z.output<typeof check>, Services>) => {
    // Committed before the verdict, so that the offenders can be looked at.
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
      `If that is as it should be, let it through with marquee retry ${runId} --accept-loss; if not, ${payload.undo ?? takesFileOut}.`,
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

/** Makes the checked builds what readers see. */
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
