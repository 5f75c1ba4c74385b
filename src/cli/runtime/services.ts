import { join } from 'node:path';
import type { Resources } from '../../../jobs/services.js';
import { openPipeline, type Pipeline, startPipelineWorker } from '../../../jobs/worker.js';
import { movies } from '../../dataset/movies.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { type Log, quietly } from '../output/log.js';
import type { Environment } from './environment.js';

/** Puts together what the jobs need. The data set is chosen here and nowhere else on this side. */
export function pipelineResources(environment: Environment): Resources {
  return {
    pool: environment.pool('pipeline'),
    dataSet: movies,
    storage: { folder: join(environment.configuration.home, 'files') },
    personalDataKey: environment.piiKey,
    maxRejectShare: environment.configuration.maxRejectShare,
    maxUnkeyedShare: environment.configuration.maxUnkeyedShare,
    maxRowLossShare: environment.configuration.maxRowLossShare,
    retainedPublications: environment.configuration.retainedPublications,
    inbox: environment.configuration.inbox,
    lateAfterDays: environment.configuration.lateAfterDays,
  };
}

/**
 * Starts a worker in this process that says in the log what it does.
 *
 * @param isTold which ended runs to tell of; all unless told
 */
export function startWorker(
  environment: Environment,
  log: Log,
  isTold: (run: Run) => boolean = () => true,
): Promise<Pipeline> {
  const options = optionsFrom(environment, log);
  return startPipelineWorker({
    ...options,
    resources: { ...options.resources, notify: (level, sentence) => log[level](sentence) },
    onEnd: (run) => {
      if (isTold(run)) logRun(log, run);
    },
  });
}

/** What became of a run, with why where it did not succeed. */
function logRun(
  log: Log,
  { id, kind, state, requestedBy, publication, counts, errorCode, error }: Run,
): void {
  const about = { run: id, kind, requestedBy };
  if (state === 'succeeded') log.info({ ...about, publication, ...counts }, 'run succeeded');
  else log.warn({ ...about, code: errorCode }, `run ${state}: ${error}`);
}

/** The queues and the ledger of runs, without a worker in this process. */
export function openQueues(environment: Environment, log: Log): Promise<Pipeline> {
  return openPipeline(optionsFrom(environment, log));
}

/** Whether any process works on the queues. */
export async function isWorkedOn(environment: Environment, log: Log): Promise<boolean> {
  const pipeline = await openQueues(environment, log);
  try {
    return !(await isAlone(pipeline));
  } finally {
    await pipeline.close();
  }
}

async function isAlone({ backend }: Pipeline): Promise<boolean> {
  return (await backend.makeQueue('drop').getWorkersCount()) === 0;
}

/** How often is it looked whether another process' workers are still there. */
const watchMs = 1000;

/** The queues, worked on by the workers of other processes as long as there are any, else by one in this process. */
export async function usePipeline(environment: Environment, log: Log): Promise<Pipeline> {
  const options = optionsFrom(environment, log);
  const pipeline = await openPipeline(options);
  if (await isAlone(pipeline)) {
    await pipeline.close();
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
    onError: quietly(log),
  };
}
