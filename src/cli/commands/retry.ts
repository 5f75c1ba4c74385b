import { dropFlow } from '../../../jobs/drop-flow.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { readSteps, type Step } from '../../queue/ledger/step-ledger.js';
import { print } from '../output/terminal.js';
import { dropResult, stepErrors } from '../runs/drop.js';
import { followRun } from '../runs/follow.js';
import { answerDrop, refuse } from '../runs/print-drop-result.js';
import { requestOfRun } from '../runs/run-request.js';
import { withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee retry`: a run that failed, was held or was cancelled once more, from where it stopped, to its end. */
export async function retry(
  runId: string,
  options: { acceptRejects?: boolean; acceptLoss?: boolean; json?: boolean },
): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pool = environment.pool('pipeline');
    const begun = Date.now();
    const before = await readSteps(pool, runId);
    await requestOfRun(environment, log, 'retryRun', runId, options);
    const pipeline = await usePipeline(environment, log);
    try {
      const done = before.filter(({ state }) => state === 'succeeded').map(({ id }) => id);
      const run = await followRun(pipeline.runs, runId, done);
      const seconds = (Date.now() - begun) / 1000;
      if (run.kind === dropFlow.name) answerDrop(await dropResult(environment, run, seconds), options);
      else answerRun(run, await readSteps(pool, runId), seconds, options);
    } finally {
      await pipeline.close();
    }
  });
}

/** Prints what a run of any other kind came to. */
function answerRun(
  run: Run,
  steps: readonly Step[],
  seconds: number,
  { json = false }: { json?: boolean },
): void {
  const { id, kind, state, publication, counts, error, errorCode } = run;
  const errors = stepErrors(steps);
  if (json) {
    print(
      JSON.stringify({
        run: id,
        kind,
        state,
        publication,
        ...counts,
        seconds: Math.round(seconds * 1000) / 1000,
        ...(error === null ? {} : { error }),
        ...(errorCode === null ? {} : { errorCode }),
        errors,
      }),
    );
  } else if (state === 'succeeded') {
    print(
      `The run ${id} (${kind}) succeeded${publication === null ? '' : `; publication ${publication} is served`}.`,
    );
  }
  if (state !== 'succeeded') refuse({ run: id, state, error: error ?? undefined, errors });
}
