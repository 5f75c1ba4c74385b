import type { RunStep as StepRow } from '../../database/client/client.js';
import type { Counts } from './job.js';
import type { JsonValue } from './json.js';
import type { RunState } from './run-ledger.js';

/** One row of `support.run_step`. Ids and fences are bigints, as text. */
export interface Step {
  id: string;
  runId: string;
  /** The kind of its run, which is the name of the flow. */
  runKind: string;
  name: string;
  jobName: string;
  queue: string;
  jobId: string;
  stage: number;
  attempt: number;
  fence: string;
  state: RunState;
  payload: JsonValue;
  dependsOn: string[];
  worker: string | null;
  createdDate: Date;
  startedDate: Date | null;
  finishedDate: Date | null;
  counts: Counts;
  errorCode: string | null;
  error: string | null;
}

export interface StepError {
  code: string;
  message: string;
}

export const stepColumns = `
  run_step.id::text, run_id as "runId",
  (select kind from support.run where run.id = run_step.run_id) as "runKind", name, job_name as "jobName", queue, job_id as "jobId", stage, attempt,
  fence::text, state, payload, depends_on as "dependsOn", worker, created_date as "createdDate",
  started_date as "startedDate", finished_date as "finishedDate", counts, error_code as "errorCode", error`;

/** A row as the rest of the code sees it. */
export function toStep(row: StepRow & { run: { kind: string } }): Step {
  return {
    id: String(row.id),
    runId: row.run_id,
    runKind: row.run.kind,
    name: row.name,
    jobName: row.job_name,
    queue: row.queue,
    jobId: row.job_id!,
    stage: row.stage,
    attempt: row.attempt,
    fence: String(row.fence),
    state: row.state as RunState,
    payload: row.payload as JsonValue,
    dependsOn: row.depends_on,
    worker: row.worker,
    createdDate: row.created_date,
    startedDate: row.started_date,
    finishedDate: row.finished_date,
    counts: row.counts as Counts,
    errorCode: row.error_code,
    error: row.error,
  };
}
