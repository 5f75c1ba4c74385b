import { Fault, messageOf } from '../fault.js';
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

/** The outcome of a request that was refused or failed. */
export function refusalOf(error: unknown): string {
  const code = error instanceof Fault ? error.code : 'failed';
  return `refused: ${code}: ${messageOf(error)}`.slice(0, 500);
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

/** An event as lists show it. */
export interface ListedAuditEvent {
  readonly id: string;
  readonly createdDate: Date;
  readonly actor: string;
  readonly action: string;
  readonly arguments: unknown;
  readonly outcome: string;
  readonly runId: string | null;
  /** Whether the hash chain contains it. */
  readonly sealed: boolean;
}

/** Which events a list contains; a missing field does not restrict it. */
export interface AuditFilter {
  readonly actor?: string | null | undefined;
  readonly action?: string | null | undefined;
  readonly runId?: string | null | undefined;
  readonly createdSince?: Date | null | undefined;
  /** Id of an event: only older ones. */
  readonly before?: string | null | undefined;
  readonly limit: number;
}

/** Events of the audit, newest first. */
export async function listAudit(
  database: Queryable,
  { actor, action, runId, createdSince, before, limit }: AuditFilter,
): Promise<ListedAuditEvent[]> {
  const { auditEvent, auditSeal } = await ledger(database);
  const events = await auditEvent.findMany({
    where: {
      ...(actor ? { actor } : {}),
      ...(action ? { action } : {}),
      ...(runId ? { run_id: runId } : {}),
      ...(createdSince ? { created_date: { gte: createdSince } } : {}),
      ...(before ? { id: { lt: BigInt(before) } } : {}),
    },
    orderBy: { id: 'desc' },
    take: limit,
  });
  const seals = await auditSeal.findMany({
    select: { event_id: true },
    where: { event_id: { in: events.map(({ id }) => id) } },
  });
  const sealed = new Set(seals.map(({ event_id }) => event_id));
  return events.map((event) => ({
    id: String(event.id),
    createdDate: event.created_date,
    actor: event.actor,
    action: event.action,
    arguments: event.arguments,
    outcome: event.outcome,
    runId: event.run_id,
    sealed: sealed.has(event.id),
  }));
}

/** The value as JSON keeps it, without fields that are undefined. */
function asJson(value: object): object {
  return JSON.parse(JSON.stringify(value));
}
