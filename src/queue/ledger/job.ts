import type { PoolClient } from 'pg';
import type { z } from 'zod';
import { Fault } from '../../fault.js';
import type { JsonValue } from './json.js';

/** What a step counted or found; stored in the ledger, where later stages can read it. */
export type Counts = { [name: string]: JsonValue | undefined };

/** The argument of a job's `run`. `Services` is what the process supplies when it starts workers. */
export interface JobContext<Payload, Services> {
  readonly payload: Payload;
  /** The run and the step in the ledger; null for a job outside any run, such as a scheduled scan. */
  readonly runId: string | null;
  readonly stepId: string | null;
  readonly stepName: string;
  /** From 1; rises with each start, also after a kill. */
  readonly attempt: number;
  /** Aborts when the run is cancelled, another worker took the step over, or the worker stops. */
  readonly signal: AbortSignal;
  readonly services: Services;
  /** Reports progress to the queue board and, at most twice a second, to the ledger. */
  progress(value: number | Counts): Promise<void>;
  log(line: string): Promise<void>;
  /**
   * Locks the step for this attempt until the caller's transaction ends.
   * Call it last before the commit: from here on, the next attempt waits for this transaction.
   * @throws Fault `step_taken_over` when another attempt has begun or the run was cancelled.
   */
  fence(client: PoolClient): Promise<void>;
  /**
   * Like `fence`, and marks the step as succeeded in the same transaction, so that neither a kill nor a retry after the commit
   * repeats the effect.
   */
  complete(client: PoolClient, counts: Counts): Promise<void>;
  /** Adds steps to the stage this step belongs to; they may depend on its other steps. */
  addSteps(steps: readonly PlannedStep[]): Promise<void>;
}

export interface JobDefinition<Schema extends z.ZodType = z.ZodType, Services = never> {
  readonly name: string;
  readonly queue: string;
  readonly payload: Schema;
  /** Number of attempts before a failure is final; a fault is final at once. */
  readonly attempts: number;
  /** Pause before the second attempt in milliseconds; it doubles each time. */
  readonly backoffMs: number;
  /** Codes of faults that an operator may accept: the run is then held instead of failed. */
  readonly holdOn: readonly string[];
  run(context: JobContext<z.output<Schema>, Services>): Promise<Counts | undefined>;
}

/** A job with any payload, for lists and lookups. */
// biome-ignore lint/suspicious/noExplicitAny: a list of jobs of different payloads has no narrower type.
export type AnyJob<Services> = JobDefinition<any, Services>;

/** One step as a stage plans it. */
export interface PlannedStep {
  /** Unique within the stage. */
  readonly name: string;
  readonly jobName: string;
  readonly queue: string;
  readonly payload: JsonValue;
  /** Names of steps of the same stage that must succeed first. */
  readonly dependsOn: readonly string[];
}

interface JobInput<Schema extends z.ZodType, Services> {
  name: string;
  queue: string;
  payload: Schema;
  attempts?: number;
  backoffMs?: number;
  holdOn?: readonly string[];
  run(context: JobContext<z.output<Schema>, Services>): Promise<Counts | undefined>;
}

/** Defines a kind of job. A fault ends it at once; after any other error it is retried (by default 5 attempts, from 1 s). */
export function defineJob<Schema extends z.ZodType, Services>(
  input: JobInput<Schema, Services>,
): JobDefinition<Schema, Services> {
  return { attempts: 5, backoffMs: 1000, holdOn: [], ...input };
}

/**
 * Plans one step of a stage. The payload is checked here, where it is created, and again where it is used.
 * @throws Fault `job_payload` when the payload does not fit the job.
 */
export function planStep<Schema extends z.ZodType, Services>(
  job: JobDefinition<Schema, Services>,
  name: string,
  payload: z.input<Schema>,
  dependsOn: readonly string[] = [],
): PlannedStep {
  parsePayload(job, payload);
  return { name, jobName: job.name, queue: job.queue, payload: payload as JsonValue, dependsOn };
}

/** @throws Fault `job_payload`, which names the job and each wrong field */
export function parsePayload<Schema extends z.ZodType>(
  job: { name: string; payload: Schema },
  payload: unknown,
): z.output<Schema> {
  const parsed = job.payload.safeParse(payload);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`,
  );
  throw new Fault('job_payload', `The payload of ${job.name} is not valid: ${problems.join('; ')}.`);
}

/** Options of every job on a queue; finished jobs stay for the queue board. */
export function jobOptions(job: { attempts: number; backoffMs: number }) {
  return {
    attempts: job.attempts,
    backoff: { type: 'exponential', delay: job.backoffMs, jitter: 0.3 },
    removeOnComplete: { age: 7 * 86_400, count: 2000 },
    removeOnFail: { age: 30 * 86_400, count: 2000 },
  };
}
