import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';
import { openQueueBackend, type QueueBackend, type QueueLocation } from '../../src/queue/backend.js';
import type { AnyFlow } from '../../src/queue/flow.js';
import type { AnyJob } from '../../src/queue/job.js';
import { openRuns, type Runs } from '../../src/queue/runs.js';
import { startWorkers, type WorkerSettings, type Workers } from '../../src/queue/worker.js';
import { emptyPlace, type QueuePlace } from './queue-places.js';

/** A queue of its own with its ledger, as one test file uses it. */
export interface QueueFixture {
  pool: Pool;
  connectionString: string;
  location: QueueLocation;
  backend: QueueBackend;
  /** Errors the queue reported in passing. */
  errors: unknown[];
  work<Services>(
    services: Services,
    jobs: readonly AnyJob<Services>[],
    flows: readonly AnyFlow<Services>[],
    settings?: WorkerSettings,
  ): Promise<{ runs: Runs; workers: Workers }>;
  close(): Promise<void>;
}

/** Quick enough for tests: dead workers are noticed within a second or two. */
export const hasty: WorkerSettings = { lockMs: 1000, stalledCheckMs: 300, watchMs: 50, graceMs: 200 };

export async function openQueueFixture(place: QueuePlace): Promise<QueueFixture> {
  const database = `queue_${randomUUID().replaceAll('-', '')}`;
  const server = 'postgresql://postgres@127.0.0.1:5432';
  await onServer(`${server}/postgres`, `create database ${database}`);
  const connectionString = `${server}/${database}`;
  await onServer(connectionString, ledgerTables);
  const pool = new Pool({ connectionString, max: 8 });
  const location = place.location(connectionString);
  const errors: unknown[] = [];
  const backend = await openQueueBackend(location, (error) => errors.push(error));
  const started: Workers[] = [];
  return {
    pool,
    connectionString,
    location,
    backend,
    errors,
    async work(services, jobs, flows, settings) {
      const workers = await startWorkers({
        backend,
        pool,
        jobs,
        flows,
        services,
        settings: { ...hasty, concurrency: everyQueue(jobs, flows, 4), ...settings },
        onError: (error) => errors.push(error),
      });
      started.push(workers);
      return { runs: openRuns({ backend, pool, jobs, flows }), workers };
    },
    async close() {
      await Promise.all(started.map((workers) => workers.close(0)));
      await backend.close();
      await pool.end();
      await emptyPlace(location);
      await onServer(`${server}/postgres`, `drop database ${database} with (force)`);
    },
  };
}

function everyQueue(
  jobs: readonly { queue: string }[],
  flows: readonly { queue: string }[],
  concurrency: number,
): Record<string, number> {
  return Object.fromEntries([...jobs, ...flows].map(({ queue }) => [queue, concurrency]));
}

async function onServer(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(sql);
  await client.end();
}

const ledgerTables = `
  create schema support;
  create table support.run (
    id uuid primary key default gen_random_uuid(), kind text not null, state text not null, requested_by text not null,
    payload jsonb not null default '{}', idempotency_key text unique, job_id text, queue text,
    created_date timestamptz not null default now(), started_date timestamptz, finished_date timestamptz,
    cancel_requested_date timestamptz, stage int not null default -1, counts jsonb not null default '{}',
    error_code text, error text, publication int, parent_run_id uuid references support.run);
  create table support.run_step (
    id bigserial primary key, run_id uuid not null references support.run, name text not null, job_name text not null,
    queue text not null, job_id text, attempt int not null default 0, fence bigint not null default 0,
    state text not null, stage int not null default 0, payload jsonb not null default '{}',
    depends_on text[] default array[]::text[], worker text, created_date timestamptz not null default now(),
    started_date timestamptz, finished_date timestamptz, counts jsonb not null default '{}',
    error_code text, error text, unique (run_id, name));`;
