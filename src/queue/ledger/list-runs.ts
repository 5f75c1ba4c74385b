import type { Prisma } from '../../database/client/client.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { type Run, type RunState, toRun } from './run-ledger.js';
import { type Step, toStep } from './step.js';

/** Which runs a list contains; a missing field does not restrict it. */
export interface RunFilter {
  readonly states?: readonly string[] | null | undefined;
  readonly kinds?: readonly string[] | null | undefined;
  readonly createdSince?: Date | null | undefined;
  /** Id of a run: only runs listed after it. */
  readonly after?: string | null | undefined;
  readonly limit?: number | undefined;
}

/** A run as lists show it, with the number of its steps. Times are those of the database server. */
export interface RunSummary
  extends Omit<Run, 'idempotencyKey' | 'queue' | 'stage' | 'cancelRequested' | 'parentRunId'> {
  readonly steps: number;
  readonly stepsDone: number;
}

const openStates: readonly RunState[] = ['queued', 'running'];
const usualLimit = 20;

/** The newest runs, newest first. */
export async function listRuns(
  database: Queryable,
  { state, limit = usualLimit }: { state?: string | undefined; limit?: number | undefined } = {},
): Promise<RunSummary[]> {
  const rows = await ledger(database);
  const runs = await rows.run.findMany(newest({ states: state === undefined ? null : [state], limit }));
  const counts = await rows.runStep.groupBy({
    by: ['run_id', 'state'],
    where: { run_id: { in: runs.map(({ id }) => id) } },
    _count: { id: true },
  });
  return runs.map((row) => {
    const { idempotencyKey, queue, stage, cancelRequested, parentRunId, ...run } = toRun(row);
    const ofRun = counts.filter(({ run_id }) => run_id === run.id);
    const done = ofRun.find(({ state: reached }) => reached === 'succeeded');
    return {
      ...run,
      steps: ofRun.reduce((sum, { _count }) => sum + _count.id, 0),
      stepsDone: done?._count.id ?? 0,
    };
  });
}

/** The runs with these idempotency keys, by key. */
export async function findRunsByKeys(
  database: Queryable,
  keys: readonly string[],
): Promise<Map<string, Run>> {
  const rows = await ledger(database);
  const runs = await rows.run.findMany({ where: { idempotency_key: { in: [...keys] } } });
  return new Map(runs.map((row) => [row.idempotency_key!, toRun(row)]));
}

/** Runs with all their steps, newest first. */
export async function listRunsWithSteps(
  database: Queryable,
  filter: RunFilter,
): Promise<{ run: Run; steps: Step[] }[]> {
  const rows = await ledger(database);
  const runs = await rows.run.findMany({
    ...newest(filter),
    include: { steps: { orderBy: { id: 'asc' } } },
  });
  return runs.map(({ steps, ...run }) => ({
    run: toRun(run),
    steps: steps.map((step) => toStep({ ...step, run })),
  }));
}

/** Runs that have not ended, oldest first. */
export async function listOpenRuns(database: Queryable): Promise<Run[]> {
  const rows = await ledger(database);
  const found = await rows.run.findMany({
    where: { state: { in: [...openStates] } },
    orderBy: [{ created_date: 'asc' }, { id: 'asc' }],
  });
  return found.map(toRun);
}

function newest({ states, kinds, createdSince, after, limit }: RunFilter) {
  return {
    where: {
      ...(states ? { state: { in: [...states] } } : {}),
      ...(kinds ? { kind: { in: [...kinds] } } : {}),
      ...(createdSince ? { created_date: { gte: createdSince } } : {}),
    },
    // The client compares with the cursor's row in the database, so that no time loses its microseconds on the way.
    orderBy: [{ created_date: 'desc' }, { id: 'desc' }],
    ...(after ? { cursor: { id: after }, skip: 1 } : {}),
    take: limit ?? usualLimit,
  } satisfies Prisma.RunFindManyArgs;
}
