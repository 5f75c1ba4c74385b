import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../src/fault.js';
import type { QueueBackend } from '../src/queue/backend.js';
import { answerControl } from '../src/queue/control.js';
import { controlAnswers } from '../src/queue/control-answers.js';
import type { Runs } from '../src/queue/runs.js';
import { dropFlow, rebuildReportsFlow, rollbackFlow } from './drop-flow.js';
import type { Resources } from './services.js';

/** Answers what the API asks over the control queue, until the backend is closed. */
export function answerPipelineControl(backend: QueueBackend, runs: Runs, resources: Resources): void {
  const { pool, inbox } = resources;
  answerControl(
    backend,
    controlAnswers({
      pool,
      runs,
      starts: {
        async ingestDrop({ period }, request) {
          const folder = join(inbox.folder, period);
          const found = await stat(folder).catch(() => undefined);
          if (!found?.isDirectory())
            throw new Fault('drop_unknown', `The inbox has no drop of ${period}: put its files there first.`);
          return (await runs.start(dropFlow, { folder, period }, request)).run;
        },
        rebuildReports: async (_args, request) => (await runs.start(rebuildReportsFlow, {}, request)).run,
        rollbackPublication: async ({ to, reason }, request) =>
          (await runs.start(rollbackFlow, { to, reason }, request)).run,
      },
    }),
  );
}
