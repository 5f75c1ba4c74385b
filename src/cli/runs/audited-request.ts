import type { Pool } from 'pg';
import { recordAudit, refusalOf } from '../../database/audit-ledger.js';
import type { StartRun } from '../../queue/runs/runs.js';
import { commandUser } from '../runtime/command.js';

/** What a command requests, as the audit records it: the action has the name that the API gives it. */
export interface CommandRequest {
  readonly action: string;
  readonly arguments: object;
}

/**
 * Starts what a command requests in the name of its user. The audit records the request in the transaction that creates the run,
 * and a refusal with its reason.
 */
export async function auditedRequest<T>(
  pool: Pool,
  request: CommandRequest,
  start: (options: StartRun) => Promise<T>,
): Promise<T> {
  const actor = commandUser();
  try {
    return await start({ requestedBy: actor, audit: request });
  } catch (error) {
    await recordAudit(pool, { actor, ...request, outcome: refusalOf(error) });
    throw error;
  }
}
