import { randomUUID } from 'node:crypto';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { isStorable, storableText } from '../../database/storable-text.js';
import { Failure, Fault, messageOf } from '../../fault.js';
import type { QueueBackend } from '../backend/backend.js';
import type { JsonValue } from '../ledger/json.js';
import { complaintOfReason } from '../ledger/reason-text.js';

/** The queue by which processes without the ledger's rights ask those that have them. */
export const controlQueue = 'control';

const period = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'expected a period as YYYY-MM');
/** Both the queue and the audit keep it, and would fail as if they were out of order. */
const text = z.string().refine(isStorable, `expected ${storableText}`);
const idempotencyKey = text.min(1).max(128);
const reason = z.string().superRefine((given, context) => {
  const complaint = complaintOfReason(given);
  if (complaint !== undefined) context.addIssue(complaint);
});
const link = z.strictObject({
  table: z.string().regex(/^[a-z_]{1,63}$/, 'expected the name of a table'),
  key: z
    .record(z.string(), z.union([text, z.number()]))
    .refine((key) => Object.keys(key).every(isStorable), `expected ${storableText}`),
  period: period.nullish(),
  reason,
});
const withdrawal = { file: z.int().positive(), reason, idempotencyKey };
const state = z.enum(['queued', 'running', 'succeeded', 'failed', 'held', 'cancelled']);

/** What can be asked, by action. All but `run` and `runs` are kept in the audit. */
export const controlArguments = {
  ingestDrop: z.strictObject({ period, idempotencyKey }),
  rebuildReports: z.strictObject({ idempotencyKey }),
  rebuildWarehouse: z.strictObject({ idempotencyKey }),
  retryRun: z.strictObject({
    id: z.uuid(),
    acceptRejects: z.boolean().default(false),
    acceptLoss: z.boolean().default(false),
    idempotencyKey,
  }),
  cancelRun: z.strictObject({ id: z.uuid(), idempotencyKey }),
  retireLink: z.strictObject({ link, idempotencyKey }),
  restoreLink: z.strictObject({ link, idempotencyKey }),
  withdrawFile: z.strictObject(withdrawal),
  takeFileBack: z.strictObject(withdrawal),
  rollbackPublication: z.strictObject({
    to: z.int().min(1),
    reason,
    idempotencyKey,
  }),
  recordUpload: z.strictObject({
    period,
    file: text.min(1).max(128),
    bytes: z.int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  run: z.strictObject({ id: z.uuid() }),
  runs: z.strictObject({
    states: z.array(state).nullish(),
    kinds: z.array(text).nullish(),
    createdSince: z.iso.datetime({ offset: true }).nullish(),
    /** One more than a page has, to know whether there are more. */
    first: z.int().min(0).max(201),
    /** Only runs older than this one. */
    after: z.strictObject({ createdDate: text, id: z.uuid() }).nullish(),
  }),
} as const;

export type ControlAction = keyof typeof controlArguments;
export type ControlArguments<Action extends ControlAction> = z.output<(typeof controlArguments)[Action]>;

/** A request on the control queue. */
export interface ControlRequest<Action extends ControlAction = ControlAction> {
  readonly action: Action;
  readonly arguments: ControlArguments<Action>;
  /** Who asks: the token's client and subject. */
  readonly caller: string;
  /** When nobody waits for the answer any more, in ms since 1970: the request then has no effect. */
  readonly expiresAt: number;
}

type ControlOutcome =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly retry: boolean };

/** Asks over the control queue. */
export interface ControlClient {
  /**
   * @throws Fault with the code of the answering side when the request cannot be met, Failure
   * `control_unanswered` when nobody answers in time, Fault `control_arguments` when the arguments do not fit.
   */
  ask<Action extends ControlAction>(
    action: Action,
    args: z.input<(typeof controlArguments)[Action]>,
    caller: string,
  ): Promise<JsonValue>;
}

/** What answers each action. A Fault's code and message reach the one who asks. */
export type ControlHandlers = {
  readonly [Action in ControlAction]: (
    args: ControlArguments<Action>,
    request: ControlRequest<Action>,
  ) => Promise<JsonValue>;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** Answers are of no use once given. */
const KEPT_SECONDS = 60;

/** @param timeoutMs How long to wait for an answer. */
export function openControlClient(backend: QueueBackend, timeoutMs = DEFAULT_TIMEOUT_MS): ControlClient {
  const queue = backend.makeQueue(controlQueue);
  const events = backend.makeQueueEvents(controlQueue);
  return {
    async ask(action, args, caller) {
      const parsed = controlArguments[action].safeParse(args);
      if (!parsed.success) {
        const complaints = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
        throw new Fault('control_arguments', `${action} cannot be asked so: ${complaints.join('; ')}.`);
      }
      const request = { action, arguments: parsed.data, caller, expiresAt: Date.now() + timeoutMs };
      const outcome = await answered(
        queue
          .add(action, request, {
            jobId: `control-${randomUUID()}`,
            attempts: 1,
            removeOnComplete: { age: KEPT_SECONDS },
            removeOnFail: { age: KEPT_SECONDS },
          })
          .then(async (job) => {
            await events.waitUntilReady();
            return (await job.waitUntilFinished(events, timeoutMs)) as ControlOutcome;
          }),
        timeoutMs,
      );
      if (outcome.ok) return outcome.value;
      if (outcome.retry) throw new Failure(outcome.code, outcome.message);
      throw new Fault(outcome.code, outcome.message);
    },
  };
}

async function answered(outcome: Promise<ControlOutcome>, timeoutMs: number): Promise<ControlOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('nobody answered')), timeoutMs + 500);
  });
  try {
    return await Promise.race([outcome, late]);
  } catch (error) {
    throw new Failure(
      'control_unanswered',
      `The pipeline did not answer within ${timeoutMs / 1000} s (${messageOf(error)}): see that a worker runs, then ask again with the same idempotency key.`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    // The loser of the race may still fail.
    outcome.catch(() => undefined);
  }
}

/** Answers what is asked over the control queue, until the backend is closed. */
export function answerControl(backend: QueueBackend, handlers: ControlHandlers): void {
  backend.makeWorker(controlQueue, async (job: Job) => answer(handlers, job.data as ControlRequest), {
    concurrency: 8,
  });
}

async function answer(handlers: ControlHandlers, request: ControlRequest): Promise<ControlOutcome> {
  try {
    if (Date.now() > request.expiresAt)
      throw new Fault('control_expired', 'The request had waited too long: it has no effect.');
    const schema = controlArguments[request.action];
    if (!schema) throw new Fault('control_arguments', 'There is no such action.');
    const args = schema.parse(request.arguments);
    const handle = handlers[request.action] as (args: unknown, request: ControlRequest) => Promise<JsonValue>;
    return { ok: true, value: await handle(args, request) };
  } catch (error) {
    const code = error instanceof Fault || error instanceof Failure ? error.code : 'control_failed';
    // What is neither is a defect: its message is for the log of this side alone.
    const message = error instanceof Fault ? error.message : 'The pipeline failed to answer: see its log.';
    return { ok: false, code, message, retry: !(error instanceof Fault) };
  }
}
