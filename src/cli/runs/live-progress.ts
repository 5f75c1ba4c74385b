import { statSync } from 'node:fs';
import { stderr } from 'node:process';
import { messageOf } from '../../fault.js';
import type { Step } from '../../queue/ledger/step.js';
import type { Runs } from '../../queue/runs/runs.js';
import { LiveLines } from '../output/live-lines.js';
import { progressLine } from '../output/progress-bar.js';
import { warn } from '../output/terminal.js';
import { progressOf } from './step-estimate.js';

/** Shows the steps of a run on a terminal. Into a pipe or a file nothing is written. */
export interface LiveProgress {
  /** The steps as they are now. */
  update(steps: readonly Step[]): void;
  /** Writes a line that stays. */
  keep(line: string): void;
  end(): void;
}

const redrawMs = 200;

export async function showProgress(runs: Runs): Promise<LiveProgress> {
  const lines = new LiveLines(stderr);
  if (stderr.isTTY !== true) return { update: () => undefined, keep: () => undefined, end: () => undefined };
  const earlier = await runs.recentSteps().catch((error: unknown) => {
    warn(`warning: remaining times are rough, because earlier runs cannot be read (${messageOf(error)})`);
    return [];
  });
  const sizes = new Map<string, number | undefined>();
  const sizeOf = (path: string) => {
    if (!sizes.has(path)) sizes.set(path, statSync(path, { throwIfNoEntry: false })?.size);
    return sizes.get(path);
  };
  let steps: readonly Step[] = [];
  const draw = () => lines.show(progressOf(steps, earlier, sizeOf, Date.now()).map(progressLine));
  const timer = setInterval(draw, redrawMs);
  timer.unref();
  return {
    update(now) {
      steps = now;
      draw();
    },
    keep: (line) => lines.keep(line),
    end() {
      clearInterval(timer);
      lines.show([]);
    },
  };
}
