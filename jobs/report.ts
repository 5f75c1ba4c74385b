import { z } from 'zod';
import { inTransaction } from '../src/database/transaction.js';
import { defineJob, type JobContext } from '../src/queue/job.js';
import { buildReport } from '../src/reporting/build.js';
import { checkReports, refusal } from '../src/reporting/check.js';
import { publish } from '../src/reporting/publish.js';
import { queues, type Services } from './services.js';

const build = z.object({ report: z.string(), asOfDay: z.string() });

/** Computes one report, unseen. */
export const buildReportJob = defineJob({
  name: 'build-report',
  queue: queues.report,
  payload: build,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof build>, Services>) => {
    const definition = services.dataSet.reports.find((report) => report.name === payload.report)!;
    return inTransaction(services.pool, async (client) => {
      const { rows } = await buildReport(client, definition, { asOfDay: payload.asOfDay, runId });
      await complete(client, { rows });
      return { rows };
    });
  },
});

const check = z.object({ asOfDay: z.string() });

/** Asks the builds for offenders; a blocking check that has some ends the run here. */
export const checkReportsJob = defineJob({
  name: 'check-reports',
  queue: queues.report,
  payload: check,
  run: async ({ payload, services, runId }: JobContext<z.output<typeof check>, Services>) => {
    // Committed before the verdict, so that the offenders can be looked at.
    const outcomes = await inTransaction(services.pool, (client) =>
      checkReports(client, services.dataSet.reports, { asOfDay: payload.asOfDay, runId }),
    );
    const refused = refusal(outcomes);
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

const publication = z.object({ reason: z.enum(['load', 'rebuild']) });

/** Makes the checked builds what readers see. */
export const publishJob = defineJob({
  name: 'publish',
  queue: queues.report,
  payload: publication,
  run: async ({ payload, services, runId, complete }: JobContext<z.output<typeof publication>, Services>) =>
    inTransaction(services.pool, async (client) => {
      const result = await publish(client, services.dataSet.reports, { runId, reason: payload.reason });
      const counts = { ...result, changes: { ...result.changes } } as unknown as Record<string, never>;
      await complete(client, counts);
      return counts;
    }),
});
