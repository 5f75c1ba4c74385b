import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../src/fault.js';
import { requirePeriod } from '../src/period.js';
import type { QueueBackend } from '../src/queue/backend/backend.js';
import { answerControl, type ControlArguments } from '../src/queue/control/control.js';
import { controlAnswers } from '../src/queue/control/control-handlers.js';
import type { Runs } from '../src/queue/runs/runs.js';
import { dropFlow } from './drop-flow.js';
import { rebuildWarehouseFlow } from './rebuild-warehouse.js';
import { rebuildReportsFlow, startRollback } from './report-flows.js';
import { startRestoring, startRetiring } from './retire.js';
import type { Resources } from './services.js';
import { startTakingBack, startWithdrawing } from './withdraw.js';

/** Handles requests of the API on the control queue until the backend is closed. */
export function answerPipelineControl(backend: QueueBackend, runs: Runs, resources: Resources): void {
  const { pool, dataSet, inbox } = resources;
  answerControl(
    backend,
    controlAnswers({
      pool,
      runs,
      starts: {
        async ingestDrop({ period }, request) {
          requirePeriod(period, resources.earliestPeriod);
          const folder = join(inbox.folder, period);
          const found = await stat(folder).catch(() => undefined);
          if (!found?.isDirectory())
            throw new Fault(
              'drop_unknown',
              `The inbox has no drop for ${period}: put its files there first.`,
            );
          return (await runs.start(dropFlow, { folder, period }, request)).run;
        },
        rebuildReports: async (_args, request) => (await runs.start(rebuildReportsFlow, {}, request)).run,
        rebuildWarehouse: async (_args, request) => (await runs.start(rebuildWarehouseFlow, {}, request)).run,
        retireLink: async ({ link }, request) =>
          (await startRetiring(runs, retirementOf(link, request.requestedBy), request)).run,
        restoreLink: async ({ link }, request) =>
          (await startRestoring(runs, retirementOf(link, request.requestedBy), request)).run,
        withdrawFile: async (args, request) =>
          (await startWithdrawing(runs, withdrawalOf(args, request.requestedBy), request)).run,
        takeFileBack: async (args, request) =>
          (await startTakingBack(runs, withdrawalOf(args, request.requestedBy), request)).run,
        rollbackPublication: async ({ to, reason }, request) =>
          (await startRollback(runs, dataSet.reports, { to, reason }, request)).run,
      },
    }),
    [inbox.folder, dirname(inbox.folder)],
  );
}

/** The payload of a retirement. It always begins with the newest loaded period, so no period can be given. */
function retirementOf(link: ControlArguments<'retireLink'>['link'], actor: string) {
  if (link.period !== null && link.period !== undefined) {
    throw new Fault(
      'retirement_period',
      `Retirements begin with the newest loaded period, but ${link.period} was given: omit the period.`,
    );
  }
  const key = Object.fromEntries(Object.entries(link.key).map(([field, value]) => [field, String(value)]));
  return { table: link.table, keys: [key], reason: link.reason, actor };
}

function withdrawalOf({ file, reason }: ControlArguments<'withdrawFile'>, actor: string) {
  return { fileId: file, reason, actor };
}
