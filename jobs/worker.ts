import { mkdir } from 'node:fs/promises';
import { openQueueBackend, type QueueBackend, type QueueLocation } from '../src/queue/backend/backend.js';
import type { Run } from '../src/queue/ledger/run-ledger.js';
import { openRuns, type Runs } from '../src/queue/runs/runs.js';
import { startWorkers } from '../src/queue/worker/worker.js';
import { answerPipelineControl } from './control.js';
import { pipelineFlows, pipelineJobs, prepareWarehouse } from './pipeline.js';
import { keepSchedules, startSchedules } from './schedule.js';
import { queues, type Resources } from './services.js';

/** How often runs and schedules that the queue has lost are looked for. */
const usualReconcileMs = 30_000;

/**
 * A worker that has not renewed its lock for so long is dead. BullMQ's 30 s would keep the work of a killed
 * process waiting for most of a minute.
 */
const lockMs = 10_000;

export interface PipelineOptions {
  readonly location: QueueLocation;
  readonly resources: Resources;
  /** Jobs of one kind of work at once. */
  readonly concurrency: number;
  /** Hears what goes wrong beside the runs: lost connections, for one. */
  readonly onError: (error: unknown) => void;
  /** Hears of each run that has ended under this worker. */
  readonly onEnd?: (run: Run) => void;
  /** How often it is looked for what the queue has lost; 30 s unless told. */
  readonly reconcileMs?: number;
}

/** The queues as a process sees them that starts and follows runs. */
export interface Pipeline {
  readonly backend: QueueBackend;
  readonly runs: Runs;
  close(): Promise<void>;
}

/** Opens the queues without working on them. */
export async function openPipeline({ location, resources, onError }: PipelineOptions): Promise<Pipeline> {
  let closing = false;
  // A connection that ends because it is closed is no news.
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

/** Opens the queues and works on them until closed. */
export async function startPipelineWorker(options: PipelineOptions): Promise<Pipeline> {
  const { resources, concurrency, onError, onEnd, reconcileMs = usualReconcileMs } = options;
  await mkdir(resources.storage.folder, { recursive: true });
  await prepareWarehouse(resources);
  const pipeline = await openPipeline(options);
  let closing = false;
  const tell = (error: unknown) => {
    if (!closing) onError(error);
  };
  const workers = await startWorkers({
    backend: pipeline.backend,
    pool: resources.pool,
    jobs: pipelineJobs,
    flows: pipelineFlows,
    services: { ...resources, runs: pipeline.runs },
    onError: tell,
    onEnd,
    settings: {
      lockMs,
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
  await startSchedules(schedules, resources);
  const reconcile = async () => {
    await pipeline.runs.reconcile().catch(tell);
    await keepSchedules(schedules, resources).catch(tell);
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
