import { ingestDrop } from '../runs/drop.js';
import { answerDrop } from '../runs/print-drop-result.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee ingest`: one drop to its publication. */
export async function ingest(
  folder: string,
  options: { period?: string; acceptRejects?: boolean; json?: boolean },
): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const result = await ingestDrop(environment, pipeline, folder, {
        period: options.period,
        acceptedBy: options.acceptRejects ? commandUser() : undefined,
        requestedBy: commandUser(),
      });
      answerDrop(result, options);
    } finally {
      await pipeline.close();
    }
  });
}
