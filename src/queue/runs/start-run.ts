import type { PoolClient } from 'pg';
import type { z } from 'zod';
import { recordAudit } from '../../database/audit-ledger.js';
import { inTransaction } from '../../database/transaction.js';
import type { Dispatch } from '../backend/dispatch.js';
import type { FlowDefinition } from '../backend/flow.js';
import { parsePayload } from '../ledger/job.js';
import type { JsonValue } from '../ledger/json.js';
import { createRun, type Run } from '../ledger/run-ledger.js';

export interface StartRun {
  requestedBy: string;
  /** The same key with the same request returns the earlier run. */
  idempotencyKey?: string;
  parentRunId?: string;
  /**
   * Checks a new request in the transaction that creates its run: when it throws, no run is created. Use it for what is
   * certain to fail; whether the request is still valid when the run begins, the run itself checks.
   */
  judge?: (client: PoolClient) => Promise<void>;
  /** What the audit records in that transaction; nothing when it is missing, because the caller records the request. */
  audit?: { readonly action: string; readonly arguments: object };
}

/** Creates a run and puts it on its queue. */
export async function startRun<Schema extends z.ZodType, FlowServices, Services>(
  dispatch: Dispatch<Services>,
  flow: FlowDefinition<Schema, FlowServices>,
  payload: z.input<Schema>,
  { judge, audit, ...request }: StartRun,
): Promise<{ run: Run; created: boolean }> {
  parsePayload(flow, payload);
  const started = await inTransaction(dispatch.pool, async (client) => {
    const made = await createRun(client, {
      kind: flow.name,
      queue: flow.queue,
      payload: payload as JsonValue,
      ...request,
    });
    if (!made.created) return made;
    await judge?.(client);
    if (audit !== undefined) {
      const { requestedBy: actor } = request;
      await recordAudit(client, { actor, ...audit, outcome: 'accepted', runId: made.run.id });
    }
    return made;
  });
  // If this fails, the ledger has a queued run without a job: the caller's next try or `reconcile` enqueues it.
  if (started.run.state === 'queued') await dispatch.enqueueRun(started.run);
  return started;
}
