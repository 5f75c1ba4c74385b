import { dropFlow } from '../../../jobs/drop-flow.js';
import { findRunId } from '../../queue/ledger/find-run.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step.js';
import { readSteps } from '../../queue/ledger/step-ledger.js';
import { printResult } from '../output/print-result.js';
import { dropResult, stepErrors } from '../runs/drop.js';
import { answersForRun } from '../runs/drop-answers.js';
import { followRun } from '../runs/follow.js';
import { printDropResult, printFailure } from '../runs/print-drop-result.js';
import { type RetryOptions, requestOfRun } from '../runs/run-request.js';
import { withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee retry`: resumes a failed, held or cancelled run from where it stopped and follows it until it ends. */
export async function retry(beginning: string, options: RetryOptions & { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pool = environment.pool('pipeline');
    const startedAt = Date.now();
    const runId = await findRunId(pool, beginning);
    const before = await readSteps(pool, runId);
    const answers = await answersForRun(pool, runId, before, options);
    await requestOfRun(environment, log, 'retryRun', runId, { ...options, ...answers });
    const pipeline = await usePipeline(environment, log);
    try {
      const done = before.filter(({ state }) => state === 'succeeded').map(({ id }) => id);
      const run = await followRun(pipeline.runs, runId, done);
      const seconds = (Date.now() - startedAt) / 1000;
      if (run.kind === dropFlow.name) printDropResult(await dropResult(environment, run, seconds), options);
      else printRun(run, await readSteps(pool, runId), seconds, options);
    } finally {
      await pipeline.close();
    }
  });
}

/** Prints the result of a run that is not a drop. */
function printRun(run: Run, steps: readonly Step[], seconds: number, options: { json?: boolean }): void {
  const { id, kind, state, publication, counts, error, errorCode } = run;
  const errors = stepErrors(steps);
  const result = {
    run: id,
    kind,
    state,
    publication,
    ...counts,
    seconds: Math.round(seconds * 1000) / 1000,
    ...(error === null ? {} : { error }),
    ...(errorCode === null ? {} : { errorCode }),
    errors,
  };
  const served = publication === null ? '' : `; publication ${publication} is served`;
  printResult(options, result, state === 'succeeded' ? `The run ${id} (${kind}) succeeded${served}.` : []);
  if (state !== 'succeeded') printFailure({ run: id, state, error: error ?? undefined, errors });
}
