import type { Job } from 'bullmq';
import { Failure } from '../../fault.js';

/** What a job has waited for so far, kept in its data. */
export interface Outage {
  /** The pauses so far, in milliseconds. */
  readonly waitedMs: number;
  readonly tries: number;
  /** One sentence: what does not answer. */
  readonly message: string;
}

/** Class 08: connection errors; 57P: the server stops, starts or recovers from a crash; 53300: it has no free connection. */
const sqlStates = /^(08...|57P0[1-5]|53300)$/;
const systemCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTCONN'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN'],
]);
/** Errors of `pg` and `ioredis` that have no code. */
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Connection is closed|Command timed out|Stream isn't writeable|LOADING |MASTERDOWN |READONLY )/;

/**
 * What does not answer, as one sentence, when the error means that the database or the queue cannot be reached for now; undefined for
 * any other error. Trying again later helps, however often it failed.
 */
export function outageOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, name, message } = error as Error & { code?: unknown };
  const isRedis = name === 'MaxRetriesPerRequestError' || /redis/i.test(error.stack ?? '');
  const isOutage =
    (error instanceof Failure && code === 'queue_unreachable') ||
    name === 'MaxRetriesPerRequestError' ||
    (typeof code === 'string' && (sqlStates.test(code) || systemCodes.has(code))) ||
    messages.test(message);
  if (isOutage) {
    const text = message === '' ? String(code) : message;
    return `${isRedis ? 'Redis' : 'The database'} does not answer (${text.replace(/\.$/, '')}).`;
  }
  const inner = error instanceof AggregateError ? [...error.errors, error.cause] : [error.cause];
  for (const each of inner) {
    const found = outageOf(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why a run failed that waited as long as it may. */
export function outlastedText(message: string, minutes: number): string {
  return `${message} The run waited ${minutes} minutes for it; retry the run when it answers again.`;
}

/** The reason why the queue gave up a job, if that was an outage. */
export function outageThatEnded(job: Job | undefined): string | undefined {
  const reason = job?.failedReason;
  return reason !== undefined && / The run waited \d+ minutes for it; /.test(reason) ? reason : undefined;
}

/** The outage that a job has waited for last, if any. */
export function outageIn(job: Job | undefined): Outage | undefined {
  return (job?.data as { outage?: Outage } | undefined)?.outage;
}
