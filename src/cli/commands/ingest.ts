import { commandUser, withEnvironment } from '../command.js';
import { ingestDrop } from '../drop.js';
import { answerDrop } from '../drop-answer.js';
import { usePipeline } from '../services.js';

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
