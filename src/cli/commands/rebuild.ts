import { rebuildReportsFlow } from '../../../jobs/report-flows.js';
import { print } from '../output/terminal.js';
import { followToSuccess } from '../runs/follow.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

export interface RebuildOptions {
  readonly json?: boolean;
  readonly full?: boolean;
  readonly fromSource?: boolean;
  readonly verify?: boolean;
  readonly mapping?: 'recorded' | 'current';
}

/** `marquee rebuild`: the reports, or the warehouse and the reports, anew; or the proof that they would be the same. */
export async function rebuild(options: RebuildOptions): Promise<void> {
  if (options.verify) await (await import('./rebuild-from-source.js')).verifyWarehouse(options);
  else if (options.fromSource) await (await import('./rebuild-from-source.js')).rebuildWarehouse(options);
  else await rebuildReports(options);
}

/** The reports anew from the warehouse; publishes what differs. */
async function rebuildReports(options: RebuildOptions): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const { run } = await pipeline.runs.start(
        rebuildReportsFlow,
        { full: options.full },
        { requestedBy: commandUser() },
      );
      const ended = await followToSuccess(pipeline.runs, run.id);
      const { published } = ended.counts;
      print(
        options.json
          ? JSON.stringify({ publication: ended.publication, published, run: run.id })
          : published
            ? `Published as publication ${ended.publication}.`
            : `Nothing differs: publication ${ended.publication} stays.`,
      );
    } finally {
      await pipeline.close();
    }
  });
}
