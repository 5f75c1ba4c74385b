import { startTakingBack, startWithdrawing } from '../../../jobs/withdraw.js';
import { printResult } from '../output/print-result.js';
import { runToSuccess } from '../runs/follow.js';

/** `marquee withdraw`: removes a file's data from warehouse and reports, or undoes this. */
export async function withdraw(
  fileId: number,
  { reason, undo = false, json }: { reason: string; undo?: boolean; json?: boolean },
): Promise<void> {
  const start = undo ? startTakingBack : startWithdrawing;
  await runToSuccess(
    { action: undo ? 'takeFileBack' : 'withdrawFile', arguments: { file: fileId, reason } },
    (runs, request) => start(runs, { fileId, reason, actor: request.requestedBy }, request),
    ({ id, publication, counts: { published } }) => {
      const outcome = published
        ? `publication ${publication}`
        : `nothing differs: publication ${publication} stays`;
      printResult(
        { json },
        { file: fileId, withdrawn: !undo, publication, published, run: id },
        `${undo ? 'Took back' : 'Withdrew'} file ${fileId}; ${outcome}.`,
      );
    },
  );
}
