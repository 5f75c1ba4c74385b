import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import type { Counts, PlannedStep } from './job.js';
import type { JsonValue } from './json.js';
import { type Run, type RunState, toRun } from './run-ledger.js';
import type { Step, StepError } from './step.js';
import { stepColumns, toStep } from './step.js';

// A job id must not contain ':' or consist of digits only. It contains the fence, so that a retried step gets another job than
// the failed one, which the queue still remembers.
const freshJobId = `run_id || '-' || id || '-' || fence`;

const withKind = { run: { select: { kind: true } } } as const;

/** The run with this id, and its steps in the order they were planned. */
export async function readRunWithSteps(
  database: Queryable,
  runId: string,
): Promise<{ run: Run; steps: Step[] } | undefined> {
  const found = await (await ledger(database)).run.findUnique({
    where: { id: runId },
    include: { steps: { orderBy: { id: 'asc' } } },
  });
  if (found === null) return undefined;
  return { run: toRun(found), steps: found.steps.map((step) => toStep({ ...step, run: found })) };
}

/** Every step of a run, or of one stage of it, in the order they were planned. */
export async function readSteps(database: Queryable, runId: string, stage?: number): Promise<Step[]> {
  const found = await (await ledger(database)).runStep.findMany({
    where: { run_id: runId, ...(stage === undefined ? {} : { stage }) },
    orderBy: { id: 'asc' },
    include: withKind,
  });
  return found.map(toStep);
}

/** The last steps that succeeded, in any run, the newest first. */
export async function readRecentSteps(database: Queryable, most = 300): Promise<Step[]> {
  const found = await (await ledger(database)).runStep.findMany({
    where: { state: 'succeeded', finished_date: { not: null } },
    orderBy: { id: 'desc' },
    take: most,
    include: withKind,
  });
  return found.map(toStep);
}

/** The step with this id. */
export async function readStep(database: Queryable, stepId: string): Promise<Step | undefined> {
  const found = await (await ledger(database)).runStep.findUnique({
    where: { id: BigInt(stepId) },
    include: withKind,
  });
  return found === null ? undefined : toStep(found);
}

/** Which of these steps were cancelled. */
export async function readCancelled(
  database: Queryable,
  stepIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = await (await ledger(database)).runStep.findMany({
    where: { id: { in: stepIds.map(BigInt) }, state: 'cancelled' },
    select: { id: true },
  });
  return new Set(found.map(({ id }) => String(id)));
}

/** Adds planned steps to a stage; a step whose name already exists in the run is left unchanged. */
export async function insertSteps(
  database: Queryable,
  runId: string,
  stage: number,
  steps: readonly PlannedStep[],
): Promise<void> {
  await database.query(
    `/* queue.insert_steps */
     insert into support.run_step (run_id, stage, state, name, job_name, queue, payload, depends_on)
     select $1, $2, 'queued', name, job_name, queue, payload,
            array(select jsonb_array_elements_text(depends_on))
     from jsonb_to_recordset($3::jsonb) as planned
       (position int, name text, job_name text, queue text, payload jsonb, depends_on jsonb)
     order by position
     on conflict (run_id, name) do nothing`,
    [
      runId,
      stage,
      JSON.stringify(
        steps.map((step, position) => ({
          position,
          name: step.name,
          job_name: step.jobName,
          queue: step.queue,
          payload: step.payload,
          depends_on: step.dependsOn,
        })),
      ),
    ],
  );
  await database.query(
    `/* queue.name_jobs */ update support.run_step set job_id = ${freshJobId} where run_id = $1 and job_id is null`,
    [runId],
  );
}

/**
 * Starts an attempt at the step. It raises the fence, so that writes of every earlier attempt are rejected.
 * @returns undefined when the step has ended or now belongs to another job
 */
export async function beginStep(
  database: Queryable,
  stepId: string,
  jobId: string,
  worker: string,
): Promise<Step | undefined> {
  const updated = await database.query<Step>(
    `/* queue.begin_step */
     update support.run_step
     set state = 'running', fence = fence + 1, attempt = attempt + 1, worker = $3,
         started_date = clock_timestamp(), finished_date = null, error_code = null, error = null
     where id = $1 and job_id = $2 and state in ('queued', 'running')
     returning ${stepColumns}`,
    [stepId, jobId, worker],
  );
  return updated.rows[0];
}

/** Whether the attempt with this fence is still the current one; if so, locks the step for the caller's transaction. */
export async function holdStep(database: Queryable, stepId: string, fence: string): Promise<boolean> {
  const found = await database.query(
    `/* queue.hold_step */
     select 1 from support.run_step where id = $1 and fence = $2 and state = 'running' for no key update`,
    [stepId, fence],
  );
  return found.rowCount === 1;
}

/** Ends an attempt that succeeded. @returns false when the attempt is superseded */
export async function succeedStep(
  database: Queryable,
  stepId: string,
  fence: string,
  counts: Counts,
): Promise<boolean> {
  const updated = await database.query(
    `/* queue.succeed_step */
     update support.run_step set state = 'succeeded', finished_date = clock_timestamp(), counts = $3
     where id = $1 and fence = $2 and state = 'running'`,
    [stepId, fence, JSON.stringify(counts)],
  );
  return updated.rowCount === 1;
}

/**
 * Ends an attempt that did not succeed; with `queued`, the step waits for another attempt.
 * The fence rises, so that a write that is still running is rejected.
 * @returns false when the attempt is superseded
 */
export async function releaseStep(
  database: Queryable,
  stepId: string,
  fence: string,
  state: Exclude<RunState, 'running' | 'succeeded'>,
  error: StepError,
): Promise<boolean> {
  const updated = await database.query(
    `/* queue.release_step */
     update support.run_step
     set state = $3, fence = fence + 1, error_code = $4, error = $5,
         finished_date = case when $3 = 'queued' then null else clock_timestamp() end
     where id = $1 and fence = $2 and state = 'running'`,
    [stepId, fence, state, error.code, error.message],
  );
  return updated.rowCount === 1;
}

/** Records what a running attempt has done so far; does nothing while a transaction has locked the step. */
export async function noteProgress(
  database: Queryable,
  stepId: string,
  fence: string,
  counts: Counts,
): Promise<void> {
  await database.query(
    `/* queue.note_progress */
     update support.run_step set counts = $3
     where id = (select id from support.run_step
                 where id = $1 and fence = $2 and state = 'running' for no key update skip locked)`,
    [stepId, fence, JSON.stringify(counts)],
  );
}

/** Ends a step whose job was given up by the queue. */
export async function closeStep(
  database: Queryable,
  stepId: string,
  state: 'failed' | 'cancelled',
  error: StepError,
): Promise<void> {
  await database.query(
    `/* queue.close_step */
     update support.run_step
     set state = $2, fence = fence + 1, finished_date = clock_timestamp(), error_code = $3, error = $4
     where id = $1 and state in ('queued', 'running')`,
    [stepId, state, error.code, error.message],
  );
}

/** Cancels every step of a run that has not begun, and returns them. */
export async function cancelQueuedSteps(
  database: Queryable,
  runId: string,
  error: StepError,
): Promise<Step[]> {
  const updated = await database.query<Step>(
    `/* queue.cancel_queued_steps */
     update support.run_step
     set state = 'cancelled', finished_date = clock_timestamp(), error_code = $2, error = $3
     where run_id = $1 and state = 'queued' returning ${stepColumns}`,
    [runId, error.code, error.message],
  );
  return updated.rows;
}

/** Opens the steps of a run that did not succeed again, each with a new job. */
export async function reopenSteps(
  database: Queryable,
  runId: string,
  payloadChanges: { [field: string]: JsonValue } = {},
): Promise<void> {
  await database.query(
    `/* queue.reopen_steps */
     update support.run_step
     set payload = case when state = 'held' then payload || $2::jsonb else payload end,
         state = 'queued', finished_date = null, error_code = null, error = null, fence = fence + 1,
         job_id = run_id || '-' || id || '-' || (fence + 1)
     where run_id = $1 and state in ('failed', 'held', 'cancelled')`,
    [runId, JSON.stringify(payloadChanges)],
  );
}

/** Deletes the steps of stages and sets the run back to before the first of them, so that they are planned again. */
export async function forgetStages(
  database: Queryable,
  runId: string,
  stages: readonly number[],
): Promise<void> {
  await database.query(
    `/* queue.forget_stages */
     with forgotten as (delete from support.run_step where run_id = $1 and stage = any($2))
     update support.run set stage = $3 where id = $1`,
    [runId, stages, Math.min(...stages) - 1],
  );
}

/** Queued steps of a stage whose dependencies have all succeeded; with `after`, only those that depend on it. */
export async function readReadySteps(
  database: Queryable,
  runId: string,
  stage: number,
  after?: string,
): Promise<Step[]> {
  const found = await database.query<Step>(
    `/* queue.read_ready_steps */
     select ${stepColumns} from support.run_step
     where run_id = $1 and stage = $2 and state = 'queued' and ($3::text is null or $3 = any(depends_on))
       and not exists (
         select 1 from support.run_step needed
         where needed.run_id = run_step.run_id and needed.name = any(run_step.depends_on)
           and needed.state <> 'succeeded')
     order by run_step.id`,
    [runId, stage, after ?? null],
  );
  return found.rows;
}

/** Which of these attempts must stop, because their run was cancelled or they are superseded. */
export async function readLostAttempts(
  database: Queryable,
  attempts: readonly { stepId: string; fence: string }[],
): Promise<{ stepId: string; fence: string; cancelled: boolean }[]> {
  const found = await database.query<{ stepId: string; fence: string; cancelled: boolean }>(
    `/* queue.read_lost_attempts */
     select attempt.step_id::text as "stepId", attempt.fence::text as fence,
            run.cancel_requested_date is not null as cancelled
     from unnest($1::bigint[], $2::bigint[]) as attempt (step_id, fence)
     join support.run_step step on step.id = attempt.step_id
     join support.run run on run.id = step.run_id
     where run.cancel_requested_date is not null
        or (step.state <> 'succeeded' and (step.fence <> attempt.fence or step.state <> 'running'))`,
    [attempts.map((attempt) => attempt.stepId), attempts.map((attempt) => attempt.fence)],
  );
  return found.rows;
}
