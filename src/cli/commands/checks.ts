import { findRunId } from '../../queue/ledger/find-run.js';
import { existingRun } from '../../queue/runs/existing-run.js';
import { checksOf, type FailedCheck } from '../../reporting/checks/offenders.js';
import { printResult } from '../output/print-result.js';
import { count, excerpt, shortId, table } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee checks`: what the checks of a run found. */
export async function checks(beginning: string, options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const runId = await findRunId(pool, beginning);
    await existingRun(pool, runId);
    const { checked, failed } = await checksOf(pool, runId);
    const none =
      checked === 0
        ? `Run ${shortId(runId)} has no results of checks: it has built no reports, or ended before they were checked.`
        : `All ${checked} checks of run ${shortId(runId)} passed.`;
    const text = failed.length === 0 ? none : failed.map(checkText).join('\n\n');
    printResult(options, failed, text);
  });
}

/** A check with a table of its offenders, which have the same columns. */
function checkText({ report, check, severity, count: found, acceptedBy, offenders }: FailedCheck): string {
  const accepted = acceptedBy === null ? '' : `, accepted by ${acceptedBy}`;
  const shown = found > offenders.length ? `, the first ${count(offenders.length)}` : '';
  const columns = Object.keys(offenders[0] ?? {});
  const rows = offenders.map((offender) => columns.map((column) => cell(offender[column])));
  return `${report} ${check} (${severity}): ${count(found)} found${shown}${accepted}\n${table(columns, rows)}`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return excerpt(typeof value === 'string' ? value : JSON.stringify(value), 200);
}
