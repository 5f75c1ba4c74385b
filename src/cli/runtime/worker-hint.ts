import type { RunSummary } from '../../queue/ledger/list-runs.js';
import type { Log } from '../output/log.js';
import { print } from '../output/terminal.js';
import type { Environment } from './environment.js';
import { isWorkedOn } from './services.js';

/** Says so where runs wait or are under way by the ledger, but no process is there to work on them: theirs was killed. */
export async function tellIfIdle(
  environment: Environment,
  log: Log,
  runs: readonly Pick<RunSummary, 'state'>[],
): Promise<void> {
  const isOpen = runs.some(({ state }) => state === 'queued' || state === 'running');
  if (!isOpen || (await isWorkedOn(environment, log))) return;
  print(
    '\nNo worker is there: runs that are queued or running go on from where they stopped once one is (marquee up, or marquee worker).',
  );
}
