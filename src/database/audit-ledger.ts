import { ledger } from './prisma-client.js';
import type { Queryable } from './queryable.js';

/** One row of `support.audit_event`: who asked for what, and what came of it. */
export interface AuditEvent {
  readonly actor: string;
  readonly action: string;
  readonly arguments: object;
  readonly outcome: string;
  readonly runId?: string | null | undefined;
}

/** Records an event. Given the client of a transaction, the event commits together with what it reports. */
export async function recordAudit(database: Queryable, event: AuditEvent): Promise<void> {
  await (await ledger(database)).auditEvent.create({
    data: {
      actor: event.actor,
      action: event.action,
      arguments: asJson(event.arguments),
      outcome: event.outcome,
      run_id: event.runId ?? null,
    },
    select: { id: true },
  });
}

/** The latest accepted event of an actor that came with this idempotency key. */
export async function readAcceptedAudit(
  database: Queryable,
  { actor, idempotencyKey }: { actor: string; idempotencyKey: string },
): Promise<{ action: string; arguments: unknown; runId: string | null } | undefined> {
  const found = await (await ledger(database)).auditEvent.findFirst({
    where: {
      actor,
      outcome: 'accepted',
      arguments: { path: ['idempotencyKey'], equals: idempotencyKey },
    },
    orderBy: { id: 'desc' },
    select: { action: true, arguments: true, run_id: true },
  });
  if (found === null) return undefined;
  return { action: found.action, arguments: found.arguments, runId: found.run_id };
}

/** The value as JSON keeps it, without fields that are undefined. */
function asJson(value: object): object {
  return JSON.parse(JSON.stringify(value));
}
