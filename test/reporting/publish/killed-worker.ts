// A worker process for `killed-worker.test.ts`, which kills it without warning.
import { Pool } from 'pg';
import { startPipelineWorker } from '../../../jobs/worker.js';
import { movies } from '../../../src/dataset/movies.js';

/** What the process is told. */
export interface WorkerPlace {
  readonly queueUrl: string;
  readonly pipelineUrl: string;
  readonly folder: string;
}

export function startWorkerAt(
  { queueUrl, pipelineUrl, folder }: WorkerPlace,
  pool = new Pool({ connectionString: pipelineUrl, max: 8 }),
) {
  return startPipelineWorker({
    location: { kind: 'postgres', connectionString: queueUrl, schema: 'killed' },
    resources: {
      pool,
      dataSet: movies,
      storage: { folder },
      personalDataKey: 'a key that only tests know, and long enough',
      maxRejectShare: 0.01,
      inbox: { folder: `${folder}/inbox`, scanSeconds: 3600, stableSeconds: 30 },
      lateAfterDays: 20,
    },
    concurrency: 2,
    onError: () => {},
  });
}

if (process.send && process.argv[2]?.startsWith('{')) {
  await startWorkerAt(JSON.parse(process.argv[2]));
  process.send('ready');
}
