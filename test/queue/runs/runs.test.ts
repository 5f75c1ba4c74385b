import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { inTransaction } from '../../../src/database/transaction.js';
import { Fault } from '../../../src/fault.js';
import { createDispatch } from '../../../src/queue/backend/dispatch.js';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../../../src/queue/ledger/job.js';
import { listRuns } from '../../../src/queue/ledger/list-runs.js';
import { createRun, readRun } from '../../../src/queue/ledger/run-ledger.js';
import { readSteps } from '../../../src/queue/ledger/step-ledger.js';
import type { Runs } from '../../../src/queue/runs/runs.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

type Behaviour = (context: JobContext<Payload, Services>) => Promise<void>;
interface Payload {
  step: string;
  accept?: boolean | undefined;
}
interface Services {
  behave: Map<string, Behaviour>;
  stopped: string[];
}

const work = defineJob({
  name: 'work',
  queue: 'narrow',
  payload: z.object({ step: z.string(), accept: z.boolean().optional() }),
  holdOn: ['too_many_rejects'],
  async run(context: JobContext<Payload, Services>) {
    await context.services.behave.get(context.payload.step)?.(context);
    return { done: context.payload.step };
  },
});

const pair = defineFlow({
  name: 'pair',
  queue: 'flows',
  payload: z.object({ first: z.string(), second: z.string() }),
  stages: [
    {
      name: 'only',
      plan: ({ payload }) => [
        planStep(work, payload.first, { step: payload.first }),
        planStep(work, payload.second, { step: payload.second }),
      ],
    },
  ],
});

describe.each(queuePlaces())('runs on $kind', (place) => {
  let fixture: QueueFixture;
  let runs: Runs;
  const services: Services = { behave: new Map(), stopped: [] };
  const by = { requestedBy: 'a test' };

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    // One slot on the work queue: whoever keeps it keeps everyone else out.
    ({ runs } = await fixture.work(services, [work], [pair], { concurrency: { narrow: 1, flows: 4 } }));
  });
  afterAll(() => fixture.close());
  afterEach(() => services.behave.clear());

  /** Has the step `blocker` keep the one slot from when it begins until it is let go, at the latest when the test is over. */
  function block(): { begun: Promise<void>; letGo: () => void } {
    let letGo = () => {};
    let begin = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    services.behave.set('blocker', () => {
      begin();
      return gate;
    });
    onTestFinished(letGo);
    return { begun, letGo };
  }

  test('the same idempotency key returns the earlier run, for ten concurrent requests', async () => {
    const request = { ...by, idempotencyKey: 'once' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => runs.start(pair, { first: 'a', second: 'b' }, request)),
    );
    expect(new Set(answers.map((answer) => answer.run.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.created)).toHaveLength(1);
    await runs.follow(answers[0]!.run.id);
    const steps = await readSteps(fixture.pool, answers[0]!.run.id);
    expect(steps.map((step) => step.attempt)).toEqual([1, 1]);
  });

  test('an idempotency key with another request is refused', async () => {
    await runs.start(pair, { first: 'a', second: 'b' }, { ...by, idempotencyKey: 'mine' });
    await expect(
      runs.start(pair, { first: 'a', second: 'c' }, { ...by, idempotencyKey: 'mine' }),
    ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  test('a payload that is not valid is refused before anything is recorded', async () => {
    const before = await listRuns(fixture.pool);
    const wrong = { first: 1, second: 'b' } as unknown as { first: string; second: string };
    await expect(runs.start(pair, wrong, by)).rejects.toThrow(/first: .*expected string/);
    expect(await listRuns(fixture.pool)).toHaveLength(before.length);
  });

  test.each([
    ['listens to its signal', true],
    ['does not listen', false],
  ])('cancelling stops work that %s, and its slot is free', async (_title, listens) => {
    let begun = () => {};
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    services.behave.set('endless', async ({ signal }) => {
      begun();
      if (listens)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      else await new Promise(() => {});
    });
    const { run } = await runs.start(pair, { first: 'endless', second: 'never' }, by);
    await running;
    await runs.cancel(run.id);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'cancelled', errorCode: 'run_cancelled' });
    const steps = await readSteps(fixture.pool, run.id);
    expect(steps.map((step) => [step.name, step.state, step.attempt])).toEqual([
      ['only:endless', 'cancelled', 1],
      ['only:never', 'cancelled', 0],
    ]);
    services.behave.clear();
    const next = await runs.start(pair, { first: 'a', second: 'b' }, by);
    expect(await runs.follow(next.run.id)).toMatchObject({ state: 'succeeded' });
    await runs.retry(run.id);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded', error: null });
  });

  test('cancelling ends the statement that is running in the database', async () => {
    const under = async () => {
      const { rows } = await fixture.pool.query<{ query: string }>(
        `select query from pg_stat_activity
         where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query like '%long work%'`,
      );
      return rows.length;
    };
    let ended: unknown;
    services.behave.set('long', async () => {
      await inTransaction(fixture.pool, (client) =>
        client.query('/* long work */ select pg_sleep(60)'),
      ).catch((error: unknown) => {
        ended = error;
        throw error;
      });
    });
    const { run } = await runs.start(pair, { first: 'long', second: 'never' }, by);
    while ((await under()) === 0) await sleep(20);
    await runs.cancel(run.id);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'cancelled', errorCode: 'run_cancelled' });
    expect(ended).toMatchObject({ code: '57014' });
    expect(await under()).toBe(0);
  });

  test('cancelling a run that waits for another ends it at once', async () => {
    const { begun, letGo } = block();
    const blocker = await runs.start(pair, { first: 'blocker', second: 'b' }, by);
    await begun;
    const { run } = await runs.start(pair, { first: 'x', second: 'y' }, by);
    while ((await readRun(fixture.pool, run.id))!.stage < 0) await sleep(20);
    await runs.cancel(run.id);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'cancelled' });
    expect((await readSteps(fixture.pool, run.id)).map((step) => step.attempt)).toEqual([0, 0]);
    expect(await readRun(fixture.pool, blocker.run.id)).toMatchObject({ state: 'running' });
    letGo();
    expect(await runs.follow(blocker.run.id)).toMatchObject({ state: 'succeeded' });
  });

  test('a step that is enqueued after it was cancelled does not run', async () => {
    const { begun } = block();
    await runs.start(pair, { first: 'blocker', second: 'b' }, by);
    await begun;
    const { run } = await runs.start(pair, { first: 'x', second: 'y' }, by);
    while ((await readSteps(fixture.pool, run.id)).length === 0) await sleep(5);
    const [seen] = await readSteps(fixture.pool, run.id);
    await runs.cancel(run.id);
    const dispatch = createDispatch({
      backend: fixture.backend,
      pool: fixture.pool,
      jobs: [work],
      flows: [pair],
    });
    await dispatch.enqueueSteps([seen!]);
    // The run's own flow may be in the midst of the same; whoever comes last takes the job off.
    await expect
      .poll(() => fixture.backend.makeQueue('narrow').getJob(seen!.jobId), { timeout: 10_000 })
      .toBeUndefined();
    expect(await runs.follow(run.id)).toMatchObject({ state: 'cancelled' });
  });

  test('a request that its judge refuses creates no run, and a repeated request is not judged again', async () => {
    const before = (await listRuns(fixture.pool)).length;
    const request = { ...by, idempotencyKey: 'judged' };
    const judge = async () => {
      throw new Fault('too_many_rejects', 'It is wrong.');
    };
    const wrong = runs.start(pair, { first: 'a', second: 'b' }, { ...request, judge });
    await expect(wrong).rejects.toMatchObject({ code: 'too_many_rejects' });
    expect(await listRuns(fixture.pool)).toHaveLength(before);
    const { run } = await runs.start(pair, { first: 'a', second: 'b' }, request);
    expect(await runs.start(pair, { first: 'a', second: 'b' }, { ...request, judge })).toMatchObject({
      created: false,
      run: { id: run.id },
    });
    await runs.follow(run.id);
  });

  test('a run that succeeded can be neither retried nor cancelled, and an unknown run is reported', async () => {
    const { run } = await runs.start(pair, { first: 'a', second: 'b' }, by);
    await runs.follow(run.id);
    await expect(runs.retry(run.id)).rejects.toMatchObject({ code: 'run_not_retryable' });
    await expect(runs.cancel(run.id)).rejects.toMatchObject({
      code: 'run_not_cancellable',
      message: expect.stringContaining(`Run ${run.id} has already succeeded`),
    });
    await expect(runs.cancel('00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({
      code: 'run_unknown',
    });
  });

  test('a held run continues when it is retried with a change', async () => {
    services.behave.set('load', async ({ payload }) => {
      if (!payload.accept) throw new Fault('too_many_rejects', '12 of 100 records were refused; 1 may be.');
    });
    const { run } = await runs.start(pair, { first: 'load', second: 'b' }, by);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'held', errorCode: 'too_many_rejects' });
    await runs.retry(run.id, { accept: true });
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded', error: null });
  });

  test('a run whose job never reached the queue is enqueued from the ledger', async () => {
    const { run } = await createRun(fixture.pool, {
      kind: 'pair',
      queue: 'flows',
      payload: { first: 'a', second: 'b' },
      requestedBy: 'a process that died',
    });
    expect(await runs.reconcile()).toBe(1);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    expect(await runs.reconcile()).toBe(0);
  });

  test('a running run whose jobs were all lost resumes where it stopped', async () => {
    const { begun, letGo } = block();
    const blocker = await runs.start(pair, { first: 'blocker', second: 'z' }, by);
    await begun;
    const { run } = await runs.start(pair, { first: 'a', second: 'b' }, by);
    while ((await readRun(fixture.pool, run.id))!.stage < 0) await sleep(20);
    const steps = await readSteps(fixture.pool, run.id);
    const narrow = fixture.backend.makeQueue('narrow');
    for (const step of steps) {
      while (!(await narrow.getJob(step.jobId))) await sleep(20);
    }
    const flows = fixture.backend.makeQueue('flows');
    while ((await (await flows.getJob(run.id))?.getState()) !== 'waiting-children') await sleep(20);
    await flows.remove(run.id, { removeChildren: true });
    expect(await narrow.getJob(steps[0]!.jobId)).toBeUndefined();
    expect(await runs.reconcile()).toBe(1);
    letGo();
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    expect(await runs.follow(blocker.run.id)).toMatchObject({ state: 'succeeded' });
  });

  test('a step whose job was lost while its flow waits is enqueued again', async () => {
    const { begun, letGo } = block();
    const { run } = await runs.start(pair, { first: 'blocker', second: 'lost' }, by);
    await begun;
    const flows = fixture.backend.makeQueue('flows');
    while ((await (await flows.getJob(run.id))?.getState()) !== 'waiting-children') await sleep(20);
    const lost = (await readSteps(fixture.pool, run.id)).find((step) => step.name === 'only:lost')!;
    await fixture.backend.makeQueue('narrow').remove(lost.jobId);
    expect(await runs.reconcile()).toBe(1);
    letGo();
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
  });

  test('an effect completed in its own transaction is not repeated', async () => {
    await fixture.pool.query('create table if not exists support.effect (made_by text)');
    services.behave.set('effect', async (context) => {
      await inTransaction(fixture.pool, async (client) => {
        await client.query('insert into support.effect values ($1)', [context.stepName]);
        await context.complete(client, { rows: 1 });
      });
      throw new Error('The connection broke between commit and its answer.');
    });
    const { run } = await runs.start(pair, { first: 'effect', second: 'b' }, by);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    const made = await fixture.pool.query('select made_by from support.effect');
    expect(made.rows).toEqual([{ made_by: 'only:effect' }]);
    const step = (await readSteps(fixture.pool, run.id))[0];
    expect(step).toMatchObject({ state: 'succeeded', counts: { rows: 1 }, attempt: 1 });
  });

  test('a superseded attempt cannot write', async () => {
    await fixture.pool.query('create table if not exists support.taken (by_attempt int)');
    const outcomes: string[] = [];
    services.behave.set('slow', async (context) => {
      if (context.attempt === 1) {
        // As if this worker had been frozen while the queue gave its step to another.
        await fixture.pool.query('update support.run_step set fence = fence + 1, attempt = 2 where id = $1', [
          context.stepId,
        ]);
      }
      const write = inTransaction(fixture.pool, async (client) => {
        await client.query('insert into support.taken values ($1)', [context.attempt]);
        await context.fence(client);
      });
      await write.then(
        () => outcomes.push('wrote'),
        (error: Fault) => outcomes.push(error.code),
      );
      await fixture.pool.query(`update support.run set cancel_requested_date = now() where id = $1`, [
        context.runId,
      ]);
      await new Promise(() => {});
    });
    const { run } = await runs.start(pair, { first: 'slow', second: 'b' }, by);
    while (outcomes.length === 0) await sleep(20);
    expect(outcomes).toEqual(['step_taken_over']);
    expect((await fixture.pool.query('select * from support.taken')).rows).toEqual([]);
    services.behave.clear();
    await runs.cancel(run.id);
  });

  test('a step may add steps to its stage', async () => {
    services.behave.set('splitter', (context) =>
      context.addSteps([
        planStep(work, 'part-1', { step: 'part-1' }),
        planStep(work, 'part-2', { step: 'part-2' }),
        planStep(work, 'join', { step: 'join' }, ['part-1', 'part-2', 'splitter']),
      ]),
    );
    const { run } = await runs.start(pair, { first: 'splitter', second: 'b' }, by);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    const steps = await readSteps(fixture.pool, run.id);
    expect(steps.map((step) => [step.name, step.state])).toEqual([
      ['only:splitter', 'succeeded'],
      ['only:b', 'succeeded'],
      ['only:part-1', 'succeeded'],
      ['only:part-2', 'succeeded'],
      ['only:join', 'succeeded'],
    ]);
  });
});
