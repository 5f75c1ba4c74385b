import { rollbackFlow } from '../../../jobs/drop-flow.js';
import { Fault } from '../../fault.js';
import { commandUser, withEnvironment } from '../command.js';
import { followRun } from '../follow.js';
import { usePipeline } from '../services.js';
import { print } from '../terminal.js';

/** `marquee rollback --to N`: the state of an earlier publication again, as a new one. */
export async function rollbackCommand(options: { to: number; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const { run } = await pipeline.runs.start(
        rollbackFlow,
        { to: options.to },
        { requestedBy: commandUser() },
      );
      const ended = await followRun(pipeline.runs, run.id);
      if (ended.state !== 'succeeded') {
        throw new Fault(
          ended.errorCode ?? 'run_failed',
          ended.error ?? `The run ${run.id} is ${ended.state}.`,
        );
      }
      print(
        options.json
          ? JSON.stringify({ publication: ended.publication, restores: options.to, run: run.id })
          : `Publication ${ended.publication} has the state of publication ${options.to}.`,
      );
    } finally {
      await pipeline.close();
    }
  });
}
