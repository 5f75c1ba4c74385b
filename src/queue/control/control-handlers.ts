import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { Fault, messageOf } from '../../fault.js';
import type { JsonValue } from '../ledger/json.js';
import { type Queryable, type Run, readRun } from '../ledger/run-ledger.js';
import { readSteps, type Step } from '../ledger/step-ledger.js';
import type { Runs, StartRun } from '../runs/runs.js';
import type { ControlAction, ControlArguments, ControlHandlers, ControlRequest } from './control.js';

/** The actions that start a run of a kind only the process's own parts know. */
export type StartingAction = Exclude<
  ControlAction,
  'run' | 'runs' | 'retryRun' | 'cancelRun' | 'recordUpload'
>;

/** How each of them is started; those left out are refused. */
export type ControlStarts = {
  readonly [Action in StartingAction]?: (args: ControlArguments<Action>, request: StartRun) => Promise<Run>;
};

export interface ControlAnswersOptions {
  /** The data database, as the pipeline role. */
  readonly pool: Pool;
  readonly runs: Runs;
  readonly starts: ControlStarts;
}

/** What answers the control queue: from the ledger, and with every request to change something kept in the audit. */
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
    retryRun: ({ id, acceptRejects, acceptLoss }, request) =>
      audited(pool, request, () =>
        runs.retry(id, {
          ...(acceptRejects ? { acceptedBy: request.caller } : {}),
          // For one attempt: a later one may lose more than was looked at.
          lossAcceptedBy: acceptLoss ? request.caller : null,
        }),
      ),
    cancelRun: ({ id }, request) => audited(pool, request, () => runs.cancel(id)),
    async recordUpload(upload, { action, caller }) {
      await keep(pool, { actor: caller, action, arguments: upload, outcome: 'accepted', runId: null });
      return null;
    },
    async run({ id }) {
      const run = await readRun(pool, id);
      return run ? tellRun(pool, run) : null;
    },
    async runs({ states, kinds, createdSince, first, after }) {
      const found = await pool.query<{ id: string }>(
        `/* control.runs */
         select id from support.run
         where ($1::text[] is null or state = any($1)) and ($2::text[] is null or kind = any($2))
           and ($3::timestamptz is null or created_date >= $3)
           and ($4::timestamptz is null or (date_trunc('milliseconds', created_date), id) < ($4, $5::uuid))
         order by date_trunc('milliseconds', created_date) desc, id desc limit $6`,
        [
          states ?? null,
          kinds ?? null,
          createdSince ?? null,
          after?.createdDate ?? null,
          after?.id ?? null,
          first,
        ],
      );
      const runs = found.rows.map(async ({ id }) => tellRun(pool, (await readRun(pool, id))!));
      return Promise.all(runs);
    },
  };
}

/**
 * Does what was asked once for each idempotency key of a caller, and keeps the request with its outcome.
 * @throws Fault `idempotency_key_reused` when the key came with another request before.
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
      // Two requests with one key, sent at once, are done one after the other.
      await client.query(
        "/* control.lock */ select pg_advisory_xact_lock(hashtextextended('control ' || $1, 0))",
        [key],
      );
      const earlier = await earlierRun(client, request, args.idempotencyKey);
      if (earlier) return earlier;
      const done = await act(key);
      await keep(client, event('accepted', done.id));
      return done;
    });
    return tellRun(pool, run);
  } catch (error) {
    const code = error instanceof Fault ? error.code : 'failed';
    await keep(pool, event(`refused: ${code}: ${messageOf(error)}`.slice(0, 500), null));
    throw error;
  }
}

interface AuditEvent {
  readonly actor: string;
  readonly action: string;
  readonly arguments: object;
  readonly outcome: string;
  readonly runId: string | null;
}

async function keep(database: Queryable, event: AuditEvent): Promise<void> {
  await database.query(
    `/* control.audit */
     insert into support.audit_event (actor, action, arguments, outcome, run_id) values ($1, $2, $3, $4, $5)`,
    [event.actor, event.action, JSON.stringify(event.arguments), event.outcome, event.runId],
  );
}

async function earlierRun(
  client: PoolClient,
  { action, caller, arguments: args }: ControlRequest,
  idempotencyKey: string,
): Promise<Run | undefined> {
  const found = await client.query<{ run_id: string; same: boolean }>(
    `/* control.earlier */
     select run_id, action = $2 and arguments = $3::jsonb as same from support.audit_event
     where actor = $1 and outcome = 'accepted' and arguments ->> 'idempotencyKey' = $4
     order by id desc limit 1`,
    [caller, action, JSON.stringify(args), idempotencyKey],
  );
  const [event] = found.rows;
  if (!event) return undefined;
  if (!event.same) {
    throw new Fault(
      'idempotency_key_reused',
      `The idempotency key ${idempotencyKey} came with another request before: use a new key.`,
    );
  }
  return readRun(client, event.run_id);
}

/** A run with its steps, as the API tells of it. */
async function tellRun(database: Queryable, run: Run): Promise<JsonValue> {
  const { queue: _queue, stage: _stage, idempotencyKey: _key, ...shown } = run;
  const steps = (await readSteps(database, run.id)).map(tellStep);
  return JSON.parse(JSON.stringify({ ...shown, steps })) as JsonValue;
}

function tellStep({
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
