import { listRuns, type RunSummary } from '../../queue/ledger/list-runs.js';
import { print, table } from '../output/terminal.js';
import { withEnvironment } from '../runtime/command.js';
import { tellIfIdle } from '../runtime/worker-hint.js';

/** `marquee runs`: what was run, and what came of it. */
export async function runs(options: { state?: string; limit: number; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const found = await listRuns(environment.pool('pipeline'), options);
    if (options.json) {
      print(JSON.stringify(found));
      return;
    }
    print(
      table(
        ['run', 'kind', 'of', 'state', 'steps', 'by', 'asked', 'seconds', 'publication'],
        found.map((run) => [
          run.id,
          run.kind,
          subjectOf(run),
          run.state,
          `${run.stepsDone}/${run.steps}`,
          run.requestedBy,
          run.createdDate.toISOString(),
          run.startedDate === null
            ? ''
            : (((run.finishedDate ?? new Date()).getTime() - run.startedDate.getTime()) / 1000).toFixed(1),
          String(run.publication ?? ''),
        ]),
      ),
    );
    for (const run of found.filter(({ error }) => error !== null)) {
      print(`\n${run.id}: ${run.error}`);
    }
    await tellIfIdle(environment, log, found);
  });
}

/** What a run is about, in a word or two: the month of a drop, for one. */
function subjectOf({ payload }: RunSummary): string {
  const { period, table, to, fileId, feed } = payload as Record<string, string | number | undefined>;
  if (to !== undefined) return `publication ${to}`;
  if (fileId !== undefined) return `file ${fileId}`;
  return String(period ?? table ?? feed ?? '');
}
