import { startRollback } from '../../../jobs/report-flows.js';
import { movies } from '../../dataset/movies.js';
import { printResult } from '../output/print-result.js';
import { runToSuccess } from '../runs/follow.js';

/** `marquee rollback --to N`: publishes the state of an earlier publication again, as a new one. */
export async function rollbackCommand(options: { to: number; json?: boolean }): Promise<void> {
  const { to } = options;
  await runToSuccess(
    { action: 'rollbackPublication', arguments: { to } },
    (runs, request) => startRollback(runs, movies.reports, { to }, request),
    ({ id, publication }) =>
      printResult(
        options,
        { publication, restores: to, run: id },
        `Publication ${publication} has the state of publication ${to}.`,
      ),
  );
}
