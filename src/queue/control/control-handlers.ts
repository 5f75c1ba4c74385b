import { isDeepStrictEqual } from 'node:util';
import type { Pool, PoolClient } from 'pg';
import { listAudit, readAcceptedAudit, recordAudit, refusalOf } from '../../database/audit-ledger.js';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import type { JsonValue } from '../ledger/json.js';
import { listRunsWithSteps } from '../ledger/list-runs.js';
import { type Run, readRun } from '../ledger/run-ledger.js';
import type { Step } from '../ledger/step.js';
import { readSteps } from '../ledger/step-ledger.js';
import type { Runs, StartRun } from '../runs/runs.js';
import type { ControlAction, ControlArguments, ControlHandlers, ControlRequest } from './control.js';

/** The actions that start a run; which flow it is, the process that answers decides. */
export type StartingAction = Exclude<
  ControlAction,
  'run' | 'runs' | 'auditEvents' | 'retryRun' | 'cancelRun' | 'recordUpload'
>;

/** How to start each of them; an action that is missing is refused. */
export type ControlStarts = {
  readonly [Action in StartingAction]?: (args: ControlArguments<Action>, request: StartRun) => Promise<Run>;
};

export interface ControlAnswersOptions {
  /** The data database, as the pipeline role. */
  readonly pool: Pool;
  readonly runs: Runs;
  readonly starts: ControlStarts;
}

/** The handlers of the control queue. They read the ledger, and record every request to change something in the audit. */
export function controlAnswers({ pool, runs, starts }: ControlAnswersOptions): ControlHandlers {
  const startOf =
    <Action extends StartingAction>(action: Action) =>
    (args: ControlArguments<Action>, request: ControlRequest<Action>) =>
      audited(pool, request, async (key) => {
        const start = starts[action];
        if (!start) throw new Fault('action_unavailable', `${action} is not available in this installation.`);
        return start(args, { requestedBy: request.caller, idempotencyKey: key });
      });
  return {
    ingestDrop: startOf('ingestDrop'),
    rebuildReports: startOf('rebuildReports'),
    rebuildWarehouse: startOf('rebuildWarehouse'),
    retireLink: startOf('retireLink'),
    restoreLink: startOf('restoreLink'),
    withdrawFile: startOf('withdrawFile'),
    takeFileBack: startOf('takeFileBack'),
    rollbackPublication: startOf('rollbackPublication'),
    retryRun: ({ id, acceptRejects, acceptLoss, as, ignore, period }, request) =>
      audited(pool, request, () =>
        runs.retry(id, {
          ...(as === undefined ? {} : { as }),
          ...(ignore === undefined ? {} : { ignore }),
          ...(period === undefined ? {} : { period, periodIsGiven: true }),
          ...(acceptRejects ? { acceptedBy: request.caller } : {}),
          // For this attempt only: a later one may lose more rows than the operator has looked at.
          lossAcceptedBy: acceptLoss ? request.caller : null,
          valuesAcceptedBy: acceptRejects ? request.caller : null,
        }),
      ),
    cancelRun: ({ id }, request) => audited(pool, request, () => runs.cancel(id)),
    async recordUpload(upload, { action, caller }) {
      await recordAudit(pool, { actor: caller, action, arguments: upload, outcome: 'accepted', runId: null });
      return null;
    },
    async auditEvents({ actor, action, runId, createdSince, first, before }) {
      const events = await listAudit(pool, {
        actor,
        action,
        runId,
        createdSince: createdSince ? new Date(createdSince) : null,
        before,
        limit: first,
      });
      return JSON.parse(JSON.stringify(events)) as JsonValue;
    },
    async run({ id }) {
      const run = await readRun(pool, id);
      return run ? describeRun(run, await readSteps(pool, id)) : null;
    },
    async runs({ states, kinds, createdSince, first, after }) {
      const found = await listRunsWithSteps(pool, {
        states,
        kinds,
        createdSince: createdSince ? new Date(createdSince) : null,
        after: after?.id,
        limit: first,
      });
      return found.map(({ run, steps }) => describeRun(run, steps));
    },
  };
}

/**
 * Acts once per idempotency key of a caller, and records the request with its outcome.
 * @throws Fault `idempotency_key_reused` when the key belongs to another request
 */
async function audited(
  pool: Pool,
  request: ControlRequest,
  act: (idempotencyKey: string) => Promise<Run>,
): Promise<JsonValue> {
  const { action, caller } = request;
  const args = request.arguments as { idempotencyKey: string };
  const key = `${caller}: ${args.idempotencyKey}`;
  const event = (outcome: string, runId: string | null) => ({
    actor: caller,
    action,
    arguments: args,
    outcome,
    runId,
  });
  try {
    const run = await inTransaction(pool, async (client) => {
      // Concurrent requests with the same key are handled one after the other.
      await client.query(
        "/* control.lock */ select pg_advisory_xact_lock(hashtextextended('control ' || $1, 0))",
        [key],
      );
      const earlier = await earlierRun(client, request, args.idempotencyKey);
      if (earlier) return earlier;
      const done = await act(key);
      await recordAudit(client, event('accepted', done.id));
      return done;
    });
    return describeRun(run, await readSteps(pool, run.id));
  } catch (error) {
    await recordAudit(pool, event(refusalOf(error), null));
    throw error;
  }
}

async function earlierRun(
  client: PoolClient,
  { action, caller, arguments: args }: ControlRequest,
  idempotencyKey: string,
): Promise<Run | undefined> {
  const event = await readAcceptedAudit(client, { actor: caller, idempotencyKey });
  if (event === undefined) return undefined;
  // As JSON on both sides: the audit does not keep fields that are undefined.
  const isSame =
    event.action === action && isDeepStrictEqual(event.arguments, JSON.parse(JSON.stringify(args)));
  if (!isSame) {
    throw new Fault(
      'idempotency_key_reused',
      `The idempotency key ${idempotencyKey} was used for another request: use a new key.`,
    );
  }
  return event.runId === null ? undefined : readRun(client, event.runId);
}

/** A run with its steps, as the API shows it. */
function describeRun(run: Run, steps: readonly Step[]): JsonValue {
  const { queue: _queue, stage: _stage, idempotencyKey: _key, ...shown } = run;
  return JSON.parse(JSON.stringify({ ...shown, steps: steps.map(describeStep) })) as JsonValue;
}

function describeStep({
  name,
  jobName,
  state,
  stage,
  attempt,
  startedDate,
  finishedDate,
  counts,
  errorCode,
  error,
}: Step) {
  return { name, jobName, state, stage, attempt, startedDate, finishedDate, counts, errorCode, error };
}
