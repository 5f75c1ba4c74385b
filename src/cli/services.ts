import { join } from 'node:path';
import type { Resources } from '../../jobs/services.js';
import { openPipeline, type Pipeline, startPipelineWorker } from '../../jobs/worker.js';
import { movies } from '../dataset/movies.js';
import type { Environment } from './environment.js';
import { type Log, quietly } from './log.js';

/** Puts together what the jobs need. The data set is chosen here and nowhere else on this side. */
export function pipelineResources(environment: Environment): Resources {
  return {
    pool: environment.pool('pipeline'),
    dataSet: movies,
    storage: { folder: join(environment.configuration.home, 'files') },
    personalDataKey: environment.piiKey,
    maxRejectShare: environment.configuration.maxRejectShare,
    maxRowLossShare: environment.configuration.maxRowLossShare,
    retainedPublications: environment.configuration.retainedPublications,
    inbox: environment.configuration.inbox,
    lateAfterDays: environment.configuration.lateAfterDays,
  };
}

/** Starts a worker in this process. */
export function startWorker(environment: Environment, log: Log): Promise<Pipeline> {
  return startPipelineWorker(optionsFrom(environment, log));
}

/** How often is it looked whether another process' workers are still there. */
const watchMs = 1000;

/** The queues, worked on by the workers of other processes as long as there are any, else by one in this process. */
export async function usePipeline(environment: Environment, log: Log): Promise<Pipeline> {
  const options = optionsFrom(environment, log);
  const pipeline = await openPipeline(options);
  const alone = async () => (await pipeline.backend.makeQueue('drop').getWorkersCount()) === 0;
  if (await alone()) {
    await pipeline.close();
    return startPipelineWorker(options);
  }
  let own: Promise<Pipeline> | undefined;
  const watch = setInterval(async () => {
    if (own === undefined && (await alone().catch(() => false))) {
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
