import { randomUUID } from 'node:crypto';
import { controlAnswers } from '../../queue/control/control-handlers.js';
import type { Log } from '../output/log.js';
import { commandUser } from '../runtime/command.js';
import type { Environment } from '../runtime/environment.js';
import { openQueues } from '../runtime/services.js';

/**
 * Requests to retry or cancel a run in the same way as the API, so that the audit contains it. Starts no worker: an unknown
 * or unsuitable run is refused first.
 *
 * @throws Fault `run_unknown`, `run_not_retryable`, `run_not_cancellable`
 */
export async function requestOfRun(
  environment: Environment,
  log: Log,
  action: 'retryRun' | 'cancelRun',
  id: string,
  { acceptRejects = false, acceptLoss = false }: { acceptRejects?: boolean; acceptLoss?: boolean } = {},
): Promise<void> {
  const pool = environment.pool('pipeline');
  const queues = await openQueues(environment, log);
  try {
    const answers = controlAnswers({ pool, runs: queues.runs, starts: {} });
    const about = { caller: commandUser(), expiresAt: Number.POSITIVE_INFINITY };
    const args = { id, acceptRejects, acceptLoss, idempotencyKey: randomUUID() };
    if (action === 'retryRun') await answers.retryRun(args, { action, arguments: args, ...about });
    else await answers.cancelRun(args, { action, arguments: args, ...about });
  } finally {
    await queues.close();
  }
}
