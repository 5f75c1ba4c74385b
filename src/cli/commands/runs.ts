import { listRuns, type RunSummary } from '../../queue/ledger/list-runs.js';
import { printResult } from '../output/print-result.js';
import { print } from '../output/terminal.js';
import { shortId, table, timeText } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';
import { hintIfNoWorker } from '../runtime/worker-hint.js';

const header = ['run', 'kind', 'of', 'state', 'steps', 'by', 'requested', 'seconds', 'publication'];

/** `marquee runs`: runs and their results, newest first. */
export async function runs(options: { state?: string; limit: number; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const found = await listRuns(environment.pool('pipeline'), options);
    printResult(options, found, table(header, found.map(cells)));
    if (options.json) return;
    for (const run of found.filter(({ error }) => error !== null)) {
      print(`\n${shortId(run.id)}: ${run.error}`);
    }
    await hintIfNoWorker(environment, log, found);
  });
}

function cells(run: RunSummary): string[] {
  const end = run.finishedDate ?? new Date();
  return [
    shortId(run.id),
    run.kind,
    subjectOf(run),
    run.state,
    `${run.stepsDone}/${run.steps}`,
    run.requestedBy,
    timeText(run.createdDate),
    run.startedDate === null ? '' : ((end.getTime() - run.startedDate.getTime()) / 1000).toFixed(1),
    String(run.publication ?? ''),
  ];
}

/** What a run is about, in a word or two: for example a drop's month. */
function subjectOf({ payload }: RunSummary): string {
  const { period, table: name, to, fileId, feed } = payload as Record<string, string | number | undefined>;
  if (to !== undefined) return `publication ${to}`;
  if (fileId !== undefined) return `file ${fileId}`;
  return String(period ?? name ?? feed ?? '');
}
