import type { PoolClient } from 'pg';
import type { Prisma } from '../../database/client/client.js';
import { ledger } from '../../database/prisma-client.js';

/** A change of the warehouse that was made, by whom and with what arguments. */
export interface AuditedChange {
  readonly actor: string;
  readonly action: string;
  readonly arguments: Prisma.InputJsonObject;
  readonly runId?: string | null | undefined;
}

/** Records a change in `support.audit_event`, in the transaction that makes it. */
export async function recordChange(client: PoolClient, change: AuditedChange): Promise<void> {
  const { auditEvent } = await ledger(client);
  await auditEvent.create({
    data: {
      actor: change.actor,
      action: change.action,
      arguments: change.arguments,
      outcome: 'done',
      run_id: change.runId ?? null,
    },
    select: { id: true },
  });
}
