import type { PoolClient } from 'pg';
import type { z } from 'zod';
import { Fault } from '../../fault.js';
import type { JsonValue } from './json.js';

/** What a step counted or found; kept in the ledger and readable by later stages. */
export type Counts = { [name: string]: JsonValue | undefined };

/** What a job's `run` is given. `Services` is what the process supplies when it starts workers. */
export interface JobContext<Payload, Services> {
  readonly payload: Payload;
  /** The run and step in the ledger; null for a job outside any run, such as a scheduled scan. */
  readonly runId: string | null;
  readonly stepId: string | null;
  readonly stepName: string;
  /** From 1; rises with each start, killed ones included. */
  readonly attempt: number;
  /** Aborts when the run is cancelled, another worker took the step over, or the worker stops. */
  readonly signal: AbortSignal;
  readonly services: Services;
  /** Reports progress, shown by the queue board and, a few times a second at most, in the ledger. */
  progress(value: number | Counts): Promise<void>;
  log(line: string): Promise<void>;
  /**
   * Holds this attempt's right to the step until the caller's transaction ends.
   * Call it last before the commit: from here on a successor waits for this transaction.
   * @throws Fault `step_taken_over` when another attempt has begun or the run was cancelled.
   */
  fence(client: PoolClient): Promise<void>;
  /**
   * As `fence`, and marks the step succeeded in the same transaction, so that
   * neither a kill nor a retry after the commit repeats the effect.
   */
  complete(client: PoolClient, counts: Counts): Promise<void>;
  /** Adds steps to the stage this step belongs to; they may depend on its other steps. */
  addSteps(steps: readonly PlannedStep[]): Promise<void>;
}

export interface JobDefinition<Schema extends z.ZodType = z.ZodType, Services = never> {
  readonly name: string;
  readonly queue: string;
  readonly payload: Schema;
  /** Tries before a failure (not a fault) is final. */
  readonly attempts: number;
  /** First pause between tries in milliseconds; it doubles each time. */
  readonly backoffMs: number;
  /** Codes of faults after which a person may let the work go on: the run is held, not failed. */
  readonly holdOn: readonly string[];
  run(context: JobContext<z.output<Schema>, Services>): Promise<Counts | undefined>;
}

/** A job of any payload, for lists and lookups. */
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

/** Defines a kind of job. Faults end it at once; anything else is tried again (5 times, from 1 s). */
export function defineJob<Schema extends z.ZodType, Services>(
  input: JobInput<Schema, Services>,
): JobDefinition<Schema, Services> {
  return { attempts: 5, backoffMs: 1000, holdOn: [], ...input };
}

/**
 * Plans one step of a stage. The payload is checked here, where it is made, and again where it is used.
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

/** @throws Fault `job_payload` naming the job and each field that does not fit. */
export function parsePayload<Schema extends z.ZodType>(
  job: { name: string; payload: Schema },
  payload: unknown,
): z.output<Schema> {
  const parsed = job.payload.safeParse(payload);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`,
  );
  throw new Fault('job_payload', `The payload of ${job.name} does not fit: ${complaints.join('; ')}.`);
}

/** Options every job is enqueued with; finished jobs stay a while for the queue board. */
export function jobOptions(job: { attempts: number; backoffMs: number }) {
  return {
    attempts: job.attempts,
    backoff: { type: 'exponential', delay: job.backoffMs, jitter: 0.3 },
    removeOnComplete: { age: 7 * 86_400, count: 2000 },
    removeOnFail: { age: 30 * 86_400, count: 2000 },
  };
}
