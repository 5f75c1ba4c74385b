import { rebuildReportsFlow } from '../../../jobs/report-flows.js';
import { printResult } from '../output/print-result.js';
import { runToSuccess } from '../runs/follow.js';

export interface RebuildOptions {
  readonly json?: boolean;
  readonly full?: boolean;
  readonly fromSource?: boolean;
  readonly verify?: boolean;
  readonly mapping?: 'recorded' | 'current';
}

/** `marquee rebuild`: rebuilds the reports, or the warehouse and the reports, or verifies that a rebuild would be equal. */
export async function rebuild(options: RebuildOptions): Promise<void> {
  if (options.verify) await (await import('./rebuild-from-source.js')).verifyWarehouse(options);
  else if (options.fromSource) await (await import('./rebuild-from-source.js')).rebuildWarehouse(options);
  else await rebuildReports(options);
}

/** Rebuilds the reports from the warehouse and publishes the differences. */
async function rebuildReports(options: RebuildOptions): Promise<void> {
  await runToSuccess(
    { action: 'rebuildReports', arguments: { full: options.full } },
    (runs, request) => runs.start(rebuildReportsFlow, { full: options.full }, request),
    ({ id, publication, counts: { published } }) =>
      printResult(
        options,
        { publication, published, run: id },
        published
          ? `Published as publication ${publication}.`
          : `Nothing differs: publication ${publication} stays.`,
      ),
  );
}
