import { Failure } from '../../fault.js';
import type { RunSummary } from '../../queue/ledger/list-runs.js';
import type { Log } from '../output/log.js';
import { print, warn } from '../output/terminal.js';
import type { Environment } from './environment.js';

/** Prints a hint when runs are waiting or under way but no worker is running, for example because it was killed. */
export async function hintIfNoWorker(
  environment: Environment,
  log: Log,
  runs: readonly Pick<RunSummary, 'state'>[],
): Promise<void> {
  const isOpen = runs.some(({ state }) => state === 'queued' || state === 'running');
  if (!isOpen) return;
  // Loading the queues takes as long as the rest of a short command.
  const { isWorkedOn } = await import('./services.js');
  try {
    if (await isWorkedOn(environment, log)) return;
  } catch (error) {
    // What the command is for is printed already.
    if (!(error instanceof Failure)) throw error;
    warn(`warning: ${error.message}`);
    return;
  }
  print('\nNo worker is running. Start one with marquee up or marquee worker; unfinished runs will resume.');
}
