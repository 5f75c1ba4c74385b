import type { Caller } from '../../auth/caller.js';
import { Failure, Fault } from '../../fault.js';
import type { ControlAction, ControlClient } from '../../queue/control/control.js';
import { apiError, badInput } from '../errors/api-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { Resolver, RootResolvers } from '../graphql/schema.js';
import type { RequestContext } from '../operation/request-context.js';

/** A run as the pipeline returns it. */
interface PipelineRun {
  readonly id: string;
  readonly state: string;
  readonly createdDate: string;
  readonly steps: readonly { readonly state: string; readonly finishedDate: string | null }[];
  readonly [field: string]: unknown;
}

/** Maximum number of runs on a page. */
const MAX_RUNS = 200;

/** The API's codes for refusals of the pipeline. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  run_unknown: 'NOT_FOUND',
  drop_unknown: 'NOT_FOUND',
  file_unknown: 'NOT_FOUND',
  file_not_loaded: 'CONFLICT',
  file_not_withdrawn: 'CONFLICT',
  nothing_loaded: 'CONFLICT',
  idempotency_key_reused: 'CONFLICT',
  run_not_retryable: 'CONFLICT',
  run_not_cancellable: 'CONFLICT',
  control_expired: 'QUEUE_UNAVAILABLE',
};

const MUTATIONS = [
  'ingestDrop',
  'rebuildReports',
  'rebuildWarehouse',
  'retryRun',
  'cancelRun',
  'retireLink',
  'restoreLink',
  'withdrawFile',
  'takeFileBack',
  'rollbackPublication',
] as const satisfies readonly ControlAction[];

/**
 * Resolvers that list, start and change runs. All of them send requests to the pipeline over its queue, since this process
 * can only read the reports in the database.
 * @param control undefined if no queue is configured: all these fields then fail with QUEUE_UNAVAILABLE
 */
export function jobResolvers(control: ControlClient | undefined): RootResolvers {
  const ask = (action: ControlAction, args: object, { caller }: RequestContext) =>
    askPipeline(control, action, args, caller);
  const mutations = MUTATIONS.map((action): [string, Resolver] => [
    action,
    async (_root, args, context) => runOf(await ask(action, args, context)),
  ]);
  return {
    Query: {
      run: async (_root, { id }: { id: string }, context) => {
        const run = await ask('run', { id }, context);
        return run ? runOf(run) : null;
      },
      runs: async (_root, { filter, first, after }: RunsArguments, context) => {
        if (first < 0 || first > MAX_RUNS) throw badInput(`first is ${first}, expected 0 to ${MAX_RUNS}.`);
        const { states, kinds, createdSince } = filter ?? {};
        const runs = (await ask(
          'runs',
          {
            states: states?.map((state) => state.toLowerCase()),
            kinds,
            createdSince,
            first: first + 1,
            after: after ? decode(after) : undefined,
          },
          context,
        )) as PipelineRun[];
        return connection(runs, first, after);
      },
    },
    Mutation: Object.fromEntries(mutations),
  };
}

/** Sends a request to the pipeline on behalf of a caller. @throws an API error for an error of the pipeline */
export async function askPipeline(
  control: ControlClient | undefined,
  action: ControlAction,
  args: object,
  caller: Caller,
): Promise<unknown> {
  if (!control)
    throw apiError('QUEUE_UNAVAILABLE', 'This server has no connection to the pipeline. Configure a queue.');
  try {
    return await control.ask(action, args as never, callerName(caller));
  } catch (error) {
    if (error instanceof Fault) throw apiError(CODES[error.code] ?? 'BAD_USER_INPUT', error.message, error);
    if (error instanceof Failure) throw apiError('QUEUE_UNAVAILABLE', undefined, error);
    throw error;
  }
}

/** The caller's name in the ledger and the audit. */
export function callerName({ clientId, subject }: Caller): string {
  return clientId === subject ? clientId : `${clientId} ${subject}`;
}

interface RunsArguments {
  readonly filter?: {
    states?: string[] | null;
    kinds?: string[] | null;
    createdSince?: string | null;
  } | null;
  readonly first: number;
  readonly after?: string | null;
}

function connection(runs: readonly PipelineRun[], first: number, after: string | null | undefined) {
  const page = runs.slice(0, first);
  const cursor = (run: PipelineRun | undefined) => run && encode(run);
  return {
    nodes: page.map(runOf),
    edges: page.map((run) => ({ node: runOf(run), cursor: encode(run) })),
    pageInfo: {
      hasNextPage: runs.length > first,
      hasPreviousPage: typeof after === 'string' && page.length > 0,
      startCursor: cursor(page[0]),
      endCursor: cursor(page.at(-1)),
    },
  };
}

function runOf(value: unknown) {
  const run = value as PipelineRun;
  const upper = <Stated extends { readonly state: string }>(each: Stated) => ({
    ...each,
    state: each.state.toUpperCase(),
  });
  return {
    ...upper(run),
    steps: run.steps.map(upper),
    progress: {
      stepsKnown: run.steps.length,
      stepsEnded: run.steps.filter(({ finishedDate }) => finishedDate !== null).length,
    },
  };
}

function encode({ createdDate, id }: PipelineRun): string {
  return Buffer.from(JSON.stringify([createdDate, id])).toString('base64url');
}

function decode(cursor: string): { createdDate: string; id: string } {
  try {
    const [createdDate, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, string];
    // Only in the form that `encode` writes: the ledger accepts fewer formats of a time than `Date`.
    if (new Date(createdDate).toISOString() === createdDate && /^[0-9a-f-]{36}$/.test(id))
      return { createdDate, id };
  } catch {
    // It is refused below.
  }
  throw badInput('after is not a cursor of runs. Use a cursor from a response.');
}
