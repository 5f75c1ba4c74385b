import type { DropAnswers } from '../../source/drop/drop.js';
import { ingestDrop } from '../runs/drop.js';
import { printDropResult } from '../runs/print-drop-result.js';
import { commandUser, withPipeline } from '../runtime/command.js';

/** `marquee ingest`: loads one drop and publishes it. */
export async function ingest(
  folder: string,
  options: DropAnswers & { period?: string; acceptRejects?: boolean; json?: boolean },
): Promise<void> {
  await withPipeline(async (pipeline, environment) => {
    const result = await ingestDrop(environment, pipeline, folder, {
      period: options.period,
      as: options.as,
      ignore: options.ignore,
      acceptedBy: options.acceptRejects ? commandUser() : undefined,
    });
    printDropResult(result, options);
  });
}
