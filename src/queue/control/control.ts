import { randomUUID } from 'node:crypto';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { isStorable, storableText } from '../../database/storable-text.js';
import { Failure, Fault, messageOf } from '../../fault.js';
import { monthSchema } from '../../period.js';
import { within } from '../../within.js';
import type { QueueBackend } from '../backend/backend.js';
import type { JsonValue } from '../ledger/json.js';
import { complaintOfReason } from '../ledger/reason-text.js';
import { withoutServerPaths } from './server-paths.js';

/** The queue over which processes without rights to the ledger send requests to those that have them. */
export const controlQueue = 'control';

/** Text that Postgres can store; otherwise the queue and the audit would fail on it. */
const text = z.string().refine(isStorable, `expected ${storableText}`);
const idempotencyKey = text.min(1).max(128);
const reason = z.string().superRefine((given, context) => {
  const problem = complaintOfReason(given);
  if (problem !== undefined) context.addIssue(problem);
});
const link = z.strictObject({
  table: z.string().regex(/^[a-z_]{1,63}$/, 'expected the name of a table'),
  key: z
    .record(z.string(), z.union([text, z.number()]))
    .refine((key) => Object.keys(key).every(isStorable), `expected ${storableText}`),
  period: monthSchema.nullish(),
  reason,
});
const withdrawal = { file: z.int().positive(), reason, idempotencyKey };
const state = z.enum(['queued', 'running', 'succeeded', 'failed', 'held', 'cancelled']);

/** The actions and their arguments. All but `run`, `runs` and `auditEvents` are recorded in the audit. */
export const controlArguments = {
  ingestDrop: z.strictObject({ period: monthSchema, idempotencyKey }),
  rebuildReports: z.strictObject({ idempotencyKey }),
  rebuildWarehouse: z.strictObject({ idempotencyKey }),
  retryRun: z.strictObject({
    id: z.uuid(),
    acceptRejects: z.boolean().default(false),
    acceptLoss: z.boolean().default(false),
    /** What an operator said about the files of a drop whose run is held because they are unclear. */
    as: z.array(z.strictObject({ feed: text, file: text })).optional(),
    ignore: z.array(text).optional(),
    period: monthSchema.optional(),
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
    period: monthSchema,
    file: text.min(1).max(128),
    bytes: z.int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  run: z.strictObject({ id: z.uuid() }),
  runs: z.strictObject({
    states: z.array(state).nullish(),
    kinds: z.array(text).nullish(),
    createdSince: z.iso.datetime({ offset: true }).nullish(),
    /** One more than the page size, to find out whether there is a next page. */
    first: z.int().min(0).max(201),
    /** Only runs after this one in the list. */
    after: z.strictObject({ createdDate: text, id: z.uuid() }).nullish(),
  }),
  auditEvents: z.strictObject({
    actor: text.nullish(),
    action: text.nullish(),
    runId: z.uuid().nullish(),
    createdSince: z.iso.datetime({ offset: true }).nullish(),
    /** One more than the page size, as for `runs`. */
    first: z.int().min(0).max(201),
    /** Only events before this number. */
    before: z
      .string()
      .regex(/^\d{1,18}$/)
      .nullish(),
  }),
} as const;

export type ControlAction = keyof typeof controlArguments;
export type ControlArguments<Action extends ControlAction> = z.output<(typeof controlArguments)[Action]>;

/** A request on the control queue. */
export interface ControlRequest<Action extends ControlAction = ControlAction> {
  readonly action: Action;
  readonly arguments: ControlArguments<Action>;
  /** Who sent the request: the token's client and subject. */
  readonly caller: string;
  /** When the sender stops waiting, in milliseconds since 1970; after that the request has no effect. */
  readonly expiresAt: number;
}

type ControlOutcome =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly retry: boolean };

/** Sends requests over the control queue. */
export interface ControlClient {
  /**
   * @throws Fault with the pipeline's code when the request is refused, `control_arguments` when the arguments are not valid;
   * Failure `control_unanswered` when no worker answers in time
   */
  ask<Action extends ControlAction>(
    action: Action,
    args: z.input<(typeof controlArguments)[Action]>,
    caller: string,
  ): Promise<JsonValue>;
}

/** The handler of each action. The code and message of a Fault are sent back. */
export type ControlHandlers = {
  readonly [Action in ControlAction]: (
    args: ControlArguments<Action>,
    request: ControlRequest<Action>,
  ) => Promise<JsonValue>;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** Nobody reads a request or its result after that. */
const KEPT_SECONDS = 60;

/** @param timeoutMs How long to wait for an answer. */
export function openControlClient(backend: QueueBackend, timeoutMs = DEFAULT_TIMEOUT_MS): ControlClient {
  const queue = backend.makeQueue(controlQueue);
  const events = backend.makeQueueEvents(controlQueue);
  return {
    async ask(action, args, caller) {
      const parsed = controlArguments[action].safeParse(args);
      if (!parsed.success) {
        const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
        throw new Fault('control_arguments', `Invalid arguments of ${action}: ${problems.join('; ')}.`);
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

/**
 * Sends requests over a queue that did not answer yet: each request tries to open it until it is open.
 * @param open throws Failure `queue_unreachable` when it does not answer, which the requests report
 */
export function controlLater(open: () => Promise<QueueBackend>): ControlClient & { close(): Promise<void> } {
  let opened: Promise<{ backend: QueueBackend; client: ControlClient }> | undefined;
  return {
    async ask(action, args, caller) {
      opened ??= open()
        .then((backend) => ({ backend, client: openControlClient(backend) }))
        .catch((error: unknown) => {
          opened = undefined;
          throw error;
        });
      return await (await opened).client.ask(action, args, caller);
    },
    close: async () => (await opened?.catch(() => undefined))?.backend.close(),
  };
}

async function answered(outcome: Promise<ControlOutcome>, timeoutMs: number): Promise<ControlOutcome> {
  try {
    return await within(timeoutMs + 500, outcome, () => new Error('no answer'));
  } catch (error) {
    throw new Failure(
      'control_unanswered',
      `The pipeline did not answer within ${timeoutMs / 1000} s (${messageOf(error)}): check that a worker is running, then send the request again with the same idempotency key.`,
      { cause: error },
    );
  }
}

/**
 * Handles requests on the control queue until the backend is closed.
 * @param folders folders of this server, of which callers of the API learn nothing
 */
export function answerControl(
  backend: QueueBackend,
  handlers: ControlHandlers,
  folders: readonly string[] = [],
): void {
  const work = async (job: Job) => answer(handlers, job.data as ControlRequest, folders);
  backend.makeWorker(controlQueue, work, { concurrency: 8 });
}

async function answer(
  handlers: ControlHandlers,
  request: ControlRequest,
  folders: readonly string[],
): Promise<ControlOutcome> {
  try {
    if (Date.now() > request.expiresAt)
      throw new Fault('control_expired', 'The request waited too long and has no effect; send it again.');
    const schema = controlArguments[request.action];
    if (!schema) throw new Fault('control_arguments', 'Unknown action.');
    const args = schema.parse(request.arguments);
    const handle = handlers[request.action] as (args: unknown, request: ControlRequest) => Promise<JsonValue>;
    return { ok: true, value: withoutServerPaths(await handle(args, request), folders) };
  } catch (error) {
    const code = error instanceof Fault || error instanceof Failure ? error.code : 'control_failed';
    // Any other error is a defect; its message may contain internals, so it is not sent.
    const message =
      error instanceof Fault
        ? withoutServerPaths(error.message, folders)
        : 'The pipeline failed to answer: read its log.';
    return { ok: false, code, message, retry: !(error instanceof Fault) };
  }
}
