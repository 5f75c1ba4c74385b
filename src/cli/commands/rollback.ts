import { startRollback } from '../../../jobs/report-flows.js';
import { movies } from '../../dataset/movies.js';
import { print } from '../output/terminal.js';
import { followToSuccess } from '../runs/follow.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee rollback --to N`: the state of an earlier publication again, as a new one. */
export async function rollbackCommand(options: { to: number; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const { run } = await startRollback(
        pipeline.runs,
        movies.reports,
        { to: options.to },
        { requestedBy: commandUser() },
      );
      const ended = await followToSuccess(pipeline.runs, run.id);
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
