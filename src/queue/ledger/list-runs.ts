import type { Pool } from 'pg';
import type { Counts } from './job.js';
import type { JsonValue } from './json.js';
import type { RunState } from './run-ledger.js';

/** A run as lists show it. Times are those of the database server. */
export interface RunSummary {
  readonly id: string;
  readonly kind: string;
  readonly state: RunState;
  readonly requestedBy: string;
  /** What was asked for. */
  readonly payload: JsonValue;
  readonly createdDate: Date;
  readonly startedDate: Date | null;
  readonly finishedDate: Date | null;
  readonly publication: number | null;
  readonly error: string | null;
  readonly errorCode: string | null;
  readonly counts: Counts;
  /** Steps in all, and of them done. */
  readonly steps: number;
  readonly stepsDone: number;
}

/** The newest runs, newest first. */
export async function listRuns(
  pool: Pool,
  { state, limit = 20 }: { state?: string | undefined; limit?: number | undefined } = {},
): Promise<RunSummary[]> {
  const { rows } = await pool.query<RunSummary>(
    `/* queue.list_runs */
     select r.id, r.kind, r.state, r.requested_by as "requestedBy", r.payload, r.created_date as "createdDate",
       r.started_date as "startedDate", r.finished_date as "finishedDate", r.publication, r.error,
       r.error_code as "errorCode", r.counts,
       count(s.id)::int as steps, count(s.id) filter (where s.state = 'succeeded')::int as "stepsDone"
     from support.run r
     left join support.run_step s on s.run_id = r.id
     where $1::text is null or r.state = $1
     group by r.id
     order by r.created_date desc
     limit $2`,
    [state ?? null, limit],
  );
  return rows;
}

/** Runs that have not ended, oldest first. */
export async function listOpenRuns(pool: Pool): Promise<{ id: string; kind: string }[]> {
  const { rows } = await pool.query<{ id: string; kind: string }>(
    `/* queue.list_open_runs */
     select id, kind from support.run where state in ('queued', 'running') order by created_date`,
  );
  return rows;
}
