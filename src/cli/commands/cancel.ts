import { readRun } from '../../queue/ledger/run-ledger.js';
import { print, progress, warn } from '../output/terminal.js';
import { requestOfRun } from '../runs/run-request.js';
import { withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee cancel`: stops a run that waits, works or is held, and waits until its jobs have let go of it. */
export async function cancel(runId: string, options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pool = environment.pool('pipeline');
    await requestOfRun(environment, log, 'cancelRun', runId);
    let run = (await readRun(pool, runId))!;
    if (run.state === 'queued' || run.state === 'running') {
      progress('  waiting until what is under way has stopped ...');
      const pipeline = await usePipeline(environment, log);
      try {
        run = await pipeline.runs.follow(runId);
      } finally {
        await pipeline.close();
      }
    }
    const { kind, state, publication } = run;
    const cancelled = state === 'cancelled';
    if (options.json) print(JSON.stringify({ run: runId, kind, state, publication }));
    else if (cancelled) print(`The run ${runId} is cancelled.`);
    if (!cancelled) {
      warn(`marquee: the run ${runId} came to its end before it had heard of the cancel: it is ${state}.`);
      process.exitCode = 1;
    }
  });
}
