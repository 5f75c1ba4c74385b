import { startTakingBack, startWithdrawing } from '../../../jobs/withdraw.js';
import { print } from '../output/terminal.js';
import { followToSuccess } from '../runs/follow.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

/** `marquee withdraw`: a file that should not have been sent is left out of warehouse and reports, or taken back. */
export async function withdraw(
  fileId: number,
  { reason, undo = false, json = false }: { reason: string; undo?: boolean; json?: boolean },
): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const actor = commandUser();
      const start = undo ? startTakingBack : startWithdrawing;
      const { run } = await start(pipeline.runs, { fileId, reason, actor }, { requestedBy: actor });
      const { publication, counts } = await followToSuccess(pipeline.runs, run.id);
      const { published } = counts;
      const told = published
        ? `publication ${publication}`
        : `nothing differs: publication ${publication} stays`;
      print(
        json
          ? JSON.stringify({ file: fileId, withdrawn: !undo, publication, published, run: run.id })
          : `${undo ? 'Took back' : 'Withdrew'} file ${fileId}; ${told}.`,
      );
    } finally {
      await pipeline.close();
    }
  });
}
