import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openPool } from '../../../src/database/pool.js';
import { openQueueBackend, type QueueBackend } from '../../../src/queue/backend/backend.js';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { outageOf } from '../../../src/queue/backend/outage.js';
import { defineJob, type JobContext, planStep } from '../../../src/queue/ledger/job.js';
import { readSteps } from '../../../src/queue/ledger/step-ledger.js';
import { openRuns, type Runs } from '../../../src/queue/runs/runs.js';
import { startWorkers, type WorkerSettings, type Workers } from '../../../src/queue/worker/worker.js';
import { openProxy, type TcpProxy } from '../../tcp-proxy.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

interface Services {
  pool: Pool;
  attempts: number;
  begun: Promise<void>;
  begin: () => void;
}

/** Reads the database until told to stop, so that an outage meets it at work. */
const reader = defineJob({
  name: 'reader',
  queue: 'reader',
  payload: z.object({}),
  attempts: 2,
  backoffMs: 10,
  async run({ services, signal }: JobContext<object, Services>) {
    services.attempts += 1;
    services.begin();
    for (let reads = 0; reads < 20 && !signal.aborted; reads++) {
      await services.pool.query('select 1');
      await sleep(20);
    }
    return { attempts: services.attempts };
  },
});

const flow = defineFlow({
  name: 'read',
  queue: 'read',
  payload: z.object({}),
  stages: [{ name: 'one', plan: () => [planStep(reader, 'a', {})] }],
});

describe.each(queuePlaces())('a job on $kind whose database goes away', (place) => {
  let fixture: QueueFixture;
  let database: TcpProxy;
  let pool: Pool;
  let backend: QueueBackend;
  let runs: Runs;
  let workers: Workers;
  const services = { attempts: 0 } as Services;

  async function start(settings: WorkerSettings = {}): Promise<void> {
    services.attempts = 0;
    services.begun = new Promise((resolve) => {
      services.begin = resolve;
    });
    const options = { backend, pool, jobs: [reader], flows: [flow] };
    workers = await startWorkers({
      ...options,
      services,
      settings: { lockMs: 1000, stalledCheckMs: 300, watchMs: 50, graceMs: 200, ...settings },
    });
    // Follows over a connection that stays.
    runs = openRuns({ ...options, pool: fixture.pool });
  }

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    database = await openProxy(fixture.connectionString);
    pool = openPool(database.url, 'through the proxy');
    services.pool = pool;
  });
  beforeEach(async () => {
    backend = await openQueueBackend(fixture.location);
  });
  afterEach(async () => {
    await workers.close(0);
    await backend.close();
  });
  afterAll(async () => {
    await pool.end();
    await database.cut();
    await fixture.close();
  });

  test('waits for it, and the outage uses up no attempt', { timeout: 60_000 }, async () => {
    await start();
    const { run } = await runs.start(flow, {}, { requestedBy: 'a test' });
    await services.begun;
    await database.cut();
    // Longer than two attempts with their pauses.
    await sleep(2500);
    await database.mend();
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded', errorCode: null });
    const [step] = await readSteps(fixture.pool, run.id);
    expect(step).toMatchObject({ state: 'succeeded', errorCode: null });
  });

  test('can be cancelled while it waits', { timeout: 60_000 }, async () => {
    await start();
    const { run } = await runs.start(flow, {}, { requestedBy: 'a test' });
    await services.begun;
    await database.cut();
    await sleep(300);
    await runs.cancel(run.id);
    await database.mend();
    expect(await runs.follow(run.id)).toMatchObject({ state: 'cancelled' });
  });

  test('fails with the outage as its reason after the limit, and can be resumed', {
    timeout: 60_000,
  }, async () => {
    await start({ outageLimitMs: 500 });
    const { run } = await runs.start(flow, {}, { requestedBy: 'a test' });
    await services.begun;
    await database.cut();
    await sleep(3500);
    await database.mend();
    const failed = await runs.follow(run.id);
    expect(failed).toMatchObject({ state: 'failed', errorCode: 'outage' });
    expect(failed.error).toMatch(
      /^The database does not answer \(.+\)\. The run waited \d+ minutes for it; retry/,
    );
    await runs.retry(run.id);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
  });
});

test.each([
  [Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }), true],
  [Object.assign(new Error('the database system is starting up'), { code: '57P03' }), true],
  [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), true],
  [new Error('Connection terminated unexpectedly'), true],
  [new Error('The copy failed.', { cause: Object.assign(new Error('read'), { code: 'ECONNRESET' }) }), true],
  [Object.assign(new Error('canceling statement due to user request'), { code: '57014' }), false],
  [Object.assign(new Error('no space left on device'), { code: '53100' }), false],
  [Object.assign(new Error('duplicate key'), { code: '23505' }), false],
  [new Error('Connection string is wrong'), false],
  ['not an error', false],
])('%s is an outage: %s', (error, expected) => {
  expect(outageOf(error) !== undefined).toBe(expected);
});
