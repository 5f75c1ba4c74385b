import { join } from 'node:path';
import type { Resources } from '../../../jobs/services.js';
import { openPipeline, type Pipeline, startPipelineWorker } from '../../../jobs/worker.js';
import { requireConnections } from '../../database/connection-need.js';
import { movies } from '../../dataset/movies.js';
import { withinQueueLimit } from '../../queue/backend/queue-limit.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { type Log, quietly } from '../output/log.js';
import { type Environment, storageFolder } from './environment.js';
import { checkRoleRights } from './role-rights.js';

/** What the jobs need. This is the only place on the pipeline's side that chooses the data set. */
export function pipelineResources(environment: Environment): Resources {
  return {
    pool: environment.pool('pipeline'),
    dataSet: movies,
    storage: { folder: storageFolder(environment.configuration.home) },
    databaseFolder: environment.embedded ? join(environment.configuration.home, 'postgres') : undefined,
    personalDataKey: environment.piiKey,
    maxRejectShare: environment.configuration.maxRejectShare,
    maxUnkeyedShare: environment.configuration.maxUnkeyedShare,
    earliestPeriod: environment.configuration.earliestPeriod,
    maxUnusableShare: environment.configuration.maxUnusableShare,
    maxRowLossShare: environment.configuration.maxRowLossShare,
    retainedPublications: environment.configuration.retainedPublications,
    inbox: environment.configuration.inbox,
    lateAfterDays: environment.configuration.lateAfterDays,
  };
}

/** Receives what a worker reports. */
export interface WorkerReports {
  /** A message that belongs to no run: a drop found, a late feed. */
  notify(level: 'info' | 'warn', sentence: string): void;
  /** A run that ended. */
  ended(run: Run): void;
}

/** Starts a worker in this process that logs its work, or reports it in another way. */
export async function startWorker(
  environment: Environment,
  log: Log,
  reports: WorkerReports = loggedReports(log),
): Promise<Pipeline> {
  for (const sentence of await checkRoleRights(environment)) reports.notify('warn', sentence);
  const options = optionsFrom(environment, log);
  await requireConnections(options.resources.pool, options.concurrency);
  return await startPipelineWorker({
    ...options,
    resources: { ...options.resources, notify: reports.notify },
    onEnd: reports.ended,
  });
}

/** Logs what a worker reports. */
export function loggedReports(log: Log): WorkerReports {
  return {
    notify: (level, sentence) => log[level](sentence),
    ended: (run) => logRun(log, run),
  };
}

/** Logs how a run ended, with the reason if it did not succeed. */
function logRun(
  log: Log,
  { id, kind, state, requestedBy, publication, counts, errorCode, error }: Run,
): void {
  const about = { run: id, kind, requestedBy };
  if (state === 'succeeded') log.info({ ...about, publication, ...counts }, 'run succeeded');
  else log.warn({ ...about, code: errorCode }, `run ${state}: ${error}`);
}

/** Opens the queues and the ledger of runs, without a worker in this process. */
export function openQueues(environment: Environment, log: Log): Promise<Pipeline> {
  return openPipeline(optionsFrom(environment, log));
}

/** Whether any worker is running. */
export async function isWorkedOn(environment: Environment, log: Log): Promise<boolean> {
  const pipeline = await openQueues(environment, log);
  try {
    return !(await isAlone(pipeline));
  } finally {
    await pipeline.close();
  }
}

/** How long the queue may take to say whether it has workers, in ms. */
const answerMs = 5000;

async function isAlone({ backend }: Pipeline): Promise<boolean> {
  return (await withinQueueLimit(answerMs, backend.makeQueue('drop').getWorkersCount())) === 0;
}

/** How often to check whether the workers of other processes are still running. */
const watchMs = 1000;

/** Opens the queues. Workers of other processes process them while any is running, else a worker in this process. */
export async function usePipeline(environment: Environment, log: Log): Promise<Pipeline> {
  const options = optionsFrom(environment, log);
  const pipeline = await openPipeline(options);
  if (await isAlone(pipeline)) {
    await pipeline.close();
    await requireConnections(options.resources.pool, options.concurrency);
    return startPipelineWorker(options);
  }
  let own: Promise<Pipeline> | undefined;
  const watch = setInterval(async () => {
    if (own === undefined && (await isAlone(pipeline).catch(() => false))) {
      own = startPipelineWorker(options);
      own.catch(options.onError);
    }
  }, watchMs);
  return {
    ...pipeline,
    async close() {
      clearInterval(watch);
      await (await own?.catch(() => undefined))?.close();
      await pipeline.close();
    },
  };
}

function optionsFrom(environment: Environment, log: Log) {
  return {
    location: environment.queueLocation(),
    resources: pipelineResources(environment),
    concurrency: environment.configuration.workerConcurrency,
    outageLimitMs: environment.configuration.outageLimitMs,
    onError: quietly(log),
  };
}
