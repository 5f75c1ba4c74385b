import { mkdir } from 'node:fs/promises';
import { openQueueBackend, type QueueBackend, type QueueLocation } from '../src/queue/backend/backend.js';
import type { Run } from '../src/queue/ledger/run-ledger.js';
import { openRuns, type Runs } from '../src/queue/runs/runs.js';
import { startWorkers } from '../src/queue/worker/worker.js';
import { answerPipelineControl } from './control.js';
import { pipelineFlows, pipelineJobs, prepareWarehouse } from './pipeline.js';
import { keepSchedules, startSchedules } from './schedule.js';
import { keepUserSchedules } from './schedules/user-schedule.js';
import { queues, type Resources } from './services.js';

/** Interval of the search for runs and schedules that the queue has lost. */
const usualReconcileMs = 30_000;

/**
 * A worker that has not renewed its lock for this long is considered dead. With BullMQ's default of 30 s, the work of a killed
 * process would wait for most of a minute.
 */
const lockMs = 10_000;

export interface PipelineOptions {
  readonly location: QueueLocation;
  readonly resources: Resources;
  /** Concurrent jobs per queue. */
  readonly concurrency: number;
  /** How long a run waits for the database or the queue before it fails; 1 hour by default. */
  readonly outageLimitMs?: number;
  /** Receives errors outside runs, for example lost connections. */
  readonly onError: (error: unknown) => void;
  /** Receives each run that has ended under this worker. */
  readonly onEnd?: (run: Run) => void;
  /** Interval of the search for what the queue has lost; 30 s by default. */
  readonly reconcileMs?: number;
}

/** Access to the queues for a process that starts and follows runs. */
export interface Pipeline {
  readonly backend: QueueBackend;
  readonly runs: Runs;
  close(): Promise<void>;
}

/** Opens the queues without processing jobs. */
export async function openPipeline({ location, resources, onError }: PipelineOptions): Promise<Pipeline> {
  let closing = false;
  // Errors of connections that are being closed are not reported.
  const backend = await openQueueBackend(location, (error) => {
    if (!closing) onError(error);
  });
  const runs = openRuns({ backend, pool: resources.pool, jobs: pipelineJobs, flows: pipelineFlows });
  return {
    backend,
    runs,
    close() {
      closing = true;
      return backend.close();
    },
  };
}

/** Opens the queues and processes jobs until closed. */
export async function startPipelineWorker(options: PipelineOptions): Promise<Pipeline> {
  const { resources, concurrency, onError, onEnd, reconcileMs = usualReconcileMs } = options;
  await mkdir(resources.storage.folder, { recursive: true });
  await prepareWarehouse(resources);
  const pipeline = await openPipeline(options);
  let closing = false;
  const report = (error: unknown) => {
    if (!closing) onError(error);
  };
  const workers = await startWorkers({
    backend: pipeline.backend,
    pool: resources.pool,
    jobs: pipelineJobs,
    flows: pipelineFlows,
    services: { ...resources, runs: pipeline.runs },
    onError: report,
    onEnd,
    settings: {
      lockMs,
      outageLimitMs: options.outageLimitMs,
      stalledCheckMs: lockMs / 2,
      concurrency: {
        [queues.drop]: 16,
        [queues.ingest]: concurrency,
        [queues.clean]: concurrency,
        [queues.report]: concurrency,
      },
    },
  });
  answerPipelineControl(pipeline.backend, pipeline.runs, resources);
  const schedules = pipeline.backend.makeQueue(queues.schedule);
  await startSchedules(schedules, resources, report);
  const reconcile = async () => {
    await pipeline.runs.reconcile().catch(report);
    await keepSchedules(schedules, resources).catch(report);
    await keepUserSchedules(schedules, resources).catch(report);
  };
  await reconcile();
  const timer = setInterval(reconcile, reconcileMs);
  return {
    ...pipeline,
    async close() {
      clearInterval(timer);
      closing = true;
      await workers.close();
      await pipeline.close();
    },
  };
}
