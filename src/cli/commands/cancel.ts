import { findRunId } from '../../queue/ledger/find-run.js';
import { readRun } from '../../queue/ledger/run-ledger.js';
import { printResult } from '../output/print-result.js';
import { progress, warn } from '../output/terminal.js';
import { requestOfRun } from '../runs/run-request.js';
import { withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee cancel`: cancels a queued, running or held run and waits until its jobs have stopped. */
export async function cancel(beginning: string, options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pool = environment.pool('pipeline');
    const runId = await findRunId(pool, beginning);
    await requestOfRun(environment, log, 'cancelRun', runId);
    let run = (await readRun(pool, runId))!;
    if (run.state === 'queued' || run.state === 'running') {
      progress('  waiting until its jobs have stopped ...');
      const pipeline = await usePipeline(environment, log);
      try {
        run = await pipeline.runs.follow(runId);
      } finally {
        await pipeline.close();
      }
    }
    const { kind, state, publication } = run;
    const cancelled = state === 'cancelled';
    printResult(
      options,
      { run: runId, kind, state, publication },
      cancelled ? `The run ${runId} is cancelled.` : [],
    );
    if (!cancelled) {
      warn(`marquee: the run ${runId} ended before it could be cancelled: it is ${state}.`);
      process.exitCode = 1;
    }
  });
}
