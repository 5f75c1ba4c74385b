import type { Run as RunRow } from '../../database/client/client.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import type { Counts } from './job.js';
import type { JsonValue } from './json.js';

export const runStates = ['queued', 'running', 'succeeded', 'failed', 'held', 'cancelled'] as const;
export type RunState = (typeof runStates)[number];

/** One row of `support.run`. */
export interface Run {
  id: string;
  kind: string;
  state: RunState;
  requestedBy: string;
  payload: JsonValue;
  idempotencyKey: string | null;
  queue: string;
  /** The last stage that was planned, from 0; -1 before the first. */
  stage: number;
  cancelRequested: boolean;
  createdDate: Date;
  startedDate: Date | null;
  finishedDate: Date | null;
  counts: Counts;
  errorCode: string | null;
  error: string | null;
  publication: number | null;
  parentRunId: string | null;
}

export interface RunRequest {
  kind: string;
  queue: string;
  payload: JsonValue;
  requestedBy: string;
  idempotencyKey?: string | undefined;
  parentRunId?: string | undefined;
}

export interface RunEnd {
  state: 'succeeded' | 'failed' | 'held' | 'cancelled';
  counts?: Counts | undefined;
  publication?: number | undefined;
  errorCode?: string | undefined;
  error?: string | undefined;
}

/** A row as the rest of the code sees it. */
export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state as RunState,
    requestedBy: row.requested_by,
    payload: row.payload as JsonValue,
    idempotencyKey: row.idempotency_key,
    queue: row.queue!,
    stage: row.stage,
    cancelRequested: row.cancel_requested_date !== null,
    createdDate: row.created_date,
    startedDate: row.started_date,
    finishedDate: row.finished_date,
    counts: row.counts as Counts,
    errorCode: row.error_code,
    error: row.error,
    publication: row.publication,
    parentRunId: row.parent_run_id,
  };
}

const columns = `
  id, kind, state, requested_by as "requestedBy", payload, idempotency_key as "idempotencyKey", queue, stage,
  cancel_requested_date is not null as "cancelRequested", created_date as "createdDate",
  started_date as "startedDate", finished_date as "finishedDate", counts, error_code as "errorCode", error,
  publication, parent_run_id as "parentRunId"`;

/**
 * Records a queued run; with an idempotency key that is known, returns the earlier run.
 * @throws Fault `idempotency_key_reused` when the key belongs to another request
 */
export async function createRun(
  database: Queryable,
  request: RunRequest,
): Promise<{ run: Run; created: boolean }> {
  const inserted = await database.query<Run>(
    `/* queue.create_run */
     insert into support.run (kind, state, queue, payload, requested_by, idempotency_key, parent_run_id)
     values ($1, 'queued', $2, $3, $4, $5, $6)
     on conflict (idempotency_key) do nothing
     returning ${columns}`,
    [
      request.kind,
      request.queue,
      JSON.stringify(request.payload),
      request.requestedBy,
      request.idempotencyKey ?? null,
      request.parentRunId ?? null,
    ],
  );
  if (inserted.rows[0]) return { run: inserted.rows[0], created: true };
  const earlier = await database.query<Run & { same: boolean }>(
    `/* queue.read_run_by_key */
     select ${columns}, kind = $2 and payload @> $3::jsonb as same from support.run where idempotency_key = $1`,
    [request.idempotencyKey, request.kind, JSON.stringify(request.payload)],
  );
  const { same, ...run } = earlier.rows[0]!;
  if (!same) {
    throw new Fault(
      'idempotency_key_reused',
      `Idempotency key ${request.idempotencyKey} belongs to run ${run.id}, which is another request; use a new key.`,
    );
  }
  return { run, created: false };
}

/** The run with this id. */
export async function readRun(database: Queryable, runId: string): Promise<Run | undefined> {
  const found = await (await ledger(database)).run.findUnique({ where: { id: runId } });
  return found === null ? undefined : toRun(found);
}

/** Marks the run as running. @returns false when it has already ended */
export async function beginRun(database: Queryable, runId: string): Promise<boolean> {
  const updated = await database.query(
    `/* queue.begin_run */
     update support.run set state = 'running', started_date = coalesce(started_date, clock_timestamp())
     where id = $1 and state in ('queued', 'running')`,
    [runId],
  );
  return updated.rowCount === 1;
}

/** Ends the run. @returns false, and changes nothing, when it had already ended */
export async function endRun(database: Queryable, runId: string, end: RunEnd): Promise<boolean> {
  const updated = await database.query(
    `/* queue.end_run */
     update support.run
     set state = $2, finished_date = clock_timestamp(), counts = coalesce($3::jsonb, counts),
         publication = coalesce($4, publication), error_code = $5, error = $6
     where id = $1 and state in ('queued', 'running')`,
    [
      runId,
      end.state,
      end.counts ? JSON.stringify(end.counts) : null,
      end.publication ?? null,
      end.errorCode ?? null,
      end.error ?? null,
    ],
  );
  return updated.rowCount === 1;
}

/** Records that a run should stop. @returns the state it is in; undefined for an unknown run */
export async function requestCancel(database: Queryable, runId: string): Promise<RunState | undefined> {
  const updated = await database.query<{ state: RunState }>(
    `/* queue.request_cancel */
     update support.run
     set cancel_requested_date =
       case when state in ('queued', 'running') then coalesce(cancel_requested_date, clock_timestamp())
            else cancel_requested_date end
     where id = $1 returning state`,
    [runId],
  );
  return updated.rows[0]?.state;
}

/**
 * Opens a run that has ended again, with changes to its payload if any.
 * @returns false when the run has not failed and was not held or cancelled
 */
export async function reopenRun(
  database: Queryable,
  runId: string,
  payloadChanges: { [field: string]: JsonValue } = {},
): Promise<boolean> {
  const updated = await database.query(
    `/* queue.reopen_run */
     update support.run
     set state = 'queued', finished_date = null, cancel_requested_date = null, error_code = null, error = null,
         payload = payload || $2::jsonb
     where id = $1 and state in ('failed', 'held', 'cancelled')`,
    [runId, JSON.stringify(payloadChanges)],
  );
  return updated.rowCount === 1;
}
