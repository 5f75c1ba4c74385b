import { randomUUID } from 'node:crypto';
import { controlAnswers } from '../../queue/control/control-handlers.js';
import type { DropAnswers } from '../../source/drop/drop.js';
import type { Log } from '../output/log.js';
import { commandUser } from '../runtime/command.js';
import type { Environment } from '../runtime/environment.js';
import { openQueues } from '../runtime/services.js';

/** What a retry accepts, and what it says about an unclear drop. */
export interface RetryOptions extends DropAnswers {
  readonly acceptRejects?: boolean;
  readonly acceptLoss?: boolean;
  readonly period?: string;
}

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
  { acceptRejects = false, acceptLoss = false, as, ignore, period }: RetryOptions = {},
): Promise<void> {
  const pool = environment.pool('pipeline');
  const queues = await openQueues(environment, log);
  try {
    const answers = controlAnswers({ pool, runs: queues.runs, starts: {} });
    const about = { caller: commandUser(), expiresAt: Number.POSITIVE_INFINITY };
    const args = { id, acceptRejects, acceptLoss, idempotencyKey: randomUUID() };
    const drop = {
      as: as?.map((answer) => ({ ...answer })),
      ignore: ignore === undefined ? undefined : [...ignore],
      period,
    };
    const retry = { ...args, ...drop };
    if (action === 'retryRun') await answers.retryRun(retry, { action, arguments: retry, ...about });
    else await answers.cancelRun(args, { action, arguments: args, ...about });
  } finally {
    await queues.close();
  }
}
