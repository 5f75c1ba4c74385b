import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Failure, Fault } from '../../../src/fault.js';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { defineJob, type JobContext, type PlannedStep, planStep } from '../../../src/queue/ledger/job.js';
import { readSteps } from '../../../src/queue/ledger/step-ledger.js';
import type { Runs } from '../../../src/queue/runs/runs.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

/** What the jobs of this file saw and how they are to behave, by step name. */
interface Services {
  order: string[];
  behave: Map<string, (attempt: number) => void | Promise<void>>;
}

const note = defineJob({
  name: 'note',
  queue: 'notes',
  payload: z.object({ word: z.string() }),
  attempts: 3,
  backoffMs: 10,
  async run(context: JobContext<{ word: string }, Services>) {
    context.services.order.push(`begin ${context.payload.word}`);
    await context.services.behave.get(context.payload.word)?.(context.attempt);
    context.services.order.push(`end ${context.payload.word}`);
    return { letters: context.payload.word.length, attempt: context.attempt };
  },
});

const step = (word: string, dependsOn: string[] = []): PlannedStep =>
  planStep(note, word, { word }, dependsOn);

const words = z.object({ words: z.array(z.string()) });

const threeStages = defineFlow({
  name: 'three-stages',
  queue: 'flows',
  payload: words,
  stages: [
    { name: 'one', plan: ({ payload }) => payload.words.map((word) => step(word)) },
    { name: 'empty', plan: () => [] },
    {
      name: 'two',
      plan: ({ results }) =>
        [...results.get('one')!].map(([word, counts]) => step(`${word}-${counts.letters}`)),
    },
    { name: 'three', plan: () => [step('last')] },
  ],
  finish: ({ results }) => ({ counts: { words: results.get('two')!.size }, publication: 7 }),
});

const graph = defineFlow({
  name: 'graph',
  queue: 'flows',
  payload: words,
  stages: [
    {
      name: 'tables',
      plan: () => [
        step('roof', ['left', 'right']),
        step('left', ['ground']),
        step('right', ['ground']),
        step('ground'),
        step('shed'),
      ],
    },
    { name: 'after', plan: () => [step('garden')] },
  ],
});

describe.each(queuePlaces())('stages on $kind', (place) => {
  let fixture: QueueFixture;
  let runs: Runs;
  const services: Services = { order: [], behave: new Map() };

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    ({ runs } = await fixture.work(services, [note], [threeStages, graph]));
  });
  afterAll(() => fixture.close());

  async function begin(flow: typeof graph | typeof threeStages, words: string[] = []) {
    services.order.length = 0;
    const { run } = await runs.start(flow, { words }, { requestedBy: 'a test' });
    return run.id;
  }

  test('a flow plans each stage from the results of those before it', async () => {
    const runId = await begin(threeStages, ['a', 'bb', 'ccc']);
    const run = await runs.follow(runId);
    expect(run).toMatchObject({
      state: 'succeeded',
      counts: { words: 3 },
      publication: 7,
      requestedBy: 'a test',
    });
    const steps = await readSteps(fixture.pool, runId);
    expect(steps.map((one) => [one.name, one.state])).toEqual([
      ['one:a', 'succeeded'],
      ['one:bb', 'succeeded'],
      ['one:ccc', 'succeeded'],
      ['two:a-1', 'succeeded'],
      ['two:bb-2', 'succeeded'],
      ['two:ccc-3', 'succeeded'],
      ['three:last', 'succeeded'],
    ]);
    expect(steps[2]!.counts).toEqual({ letters: 3, attempt: 1 });
    expect(services.order.indexOf('begin a-1')).toBeGreaterThan(services.order.indexOf('end ccc'));
    expect(services.order.at(-1)).toBe('end last');
  });

  test('a step starts as soon as its dependencies are done, and not before', async () => {
    let openShed = () => {};
    const shed = new Promise<void>((resolve) => {
      openShed = resolve;
    });
    services.behave.set('shed', () => shed);
    services.behave.set('roof', () => openShed());
    const runId = await begin(graph);
    const run = await runs.follow(runId);
    services.behave.clear();
    expect(run.state).toBe('succeeded');
    const place = (event: string) => services.order.indexOf(event);
    expect(place('begin left')).toBeGreaterThan(place('end ground'));
    expect(place('begin right')).toBeGreaterThan(place('end ground'));
    expect(place('begin roof')).toBeGreaterThan(place('end left'));
    expect(place('begin roof')).toBeGreaterThan(place('end right'));
    // The roof opens the shed: were it to wait for the others of its stage, the run would never end.
    expect(place('end shed')).toBeGreaterThan(place('begin roof'));
    expect(place('begin garden')).toBeGreaterThan(place('end shed'));
  });

  test('a fault is not retried and ends the run with its message', async () => {
    services.behave.set('left', () => {
      throw new Fault('left_is_wrong', 'The left wall is wrong.');
    });
    const runId = await begin(graph);
    const run = await runs.follow(runId);
    services.behave.clear();
    expect(run).toMatchObject({
      state: 'failed',
      errorCode: 'left_is_wrong',
      error: 'The left wall is wrong.',
    });
    const steps = Object.fromEntries((await readSteps(fixture.pool, runId)).map((one) => [one.name, one]));
    expect(steps['tables:left']).toMatchObject({ state: 'failed', attempt: 1 });
    expect(steps['tables:right']!.state).toBe('succeeded');
    expect(steps['tables:shed']!.state).toBe('succeeded');
    expect(steps['tables:roof']).toMatchObject({ state: 'cancelled', errorCode: 'not_started', attempt: 0 });
    expect(steps['after:garden']).toBeUndefined();
  });

  test('only the failed step is retried, and the run continues from there', async () => {
    services.behave.set('left', () => {
      throw new Fault('left_is_wrong', 'The left wall is wrong.');
    });
    const runId = await begin(graph);
    await runs.follow(runId);
    services.behave.clear();
    services.order.length = 0;
    await runs.retry(runId);
    const run = await runs.follow(runId);
    expect(run).toMatchObject({ state: 'succeeded', error: null });
    expect(services.order).toEqual([
      'begin left',
      'end left',
      'begin roof',
      'end roof',
      'begin garden',
      'end garden',
    ]);
  });

  test('a failure is retried until it succeeds', async () => {
    services.behave.set('shed', (attempt) => {
      if (attempt < 3) throw new Failure('disk_full', 'The disk is full.');
    });
    const runId = await begin(graph);
    const run = await runs.follow(runId);
    services.behave.clear();
    expect(run.state).toBe('succeeded');
    const shed = (await readSteps(fixture.pool, runId)).find((one) => one.name === 'tables:shed');
    expect(shed).toMatchObject({ state: 'succeeded', attempt: 3, error: null });
  });

  test('a failure that persists ends the run after the last attempt', async () => {
    services.behave.set('shed', () => {
      throw new Failure('disk_full', 'The disk is full.');
    });
    const runId = await begin(graph);
    const run = await runs.follow(runId);
    services.behave.clear();
    expect(run).toMatchObject({ state: 'failed', errorCode: 'disk_full' });
    const shed = (await readSteps(fixture.pool, runId)).find((one) => one.name === 'tables:shed');
    expect(shed).toMatchObject({ state: 'failed', attempt: 3 });
  });
});
