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

/** The queues, worked on by a worker of another process when there is one, else by one in this process. */
export async function usePipeline(environment: Environment, log: Log): Promise<Pipeline> {
  const options = optionsFrom(environment, log);
  const pipeline = await openPipeline(options);
  const workers = await pipeline.backend.makeQueue('drop').getWorkersCount();
  if (workers > 0) {
    return pipeline;
  }
  await pipeline.close();
  return startPipelineWorker(options);
}

function optionsFrom(environment: Environment, log: Log) {
  return {
    location: environment.queueLocation(),
    resources: pipelineResources(environment),
    concurrency: environment.configuration.workerConcurrency,
    onError: quietly(log),
  };
}
