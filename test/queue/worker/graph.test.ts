import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineFlow, nameSteps } from '../../../src/queue/backend/flow.js';
import { defineJob, type JobContext, type PlannedStep, planStep } from '../../../src/queue/ledger/job.js';
import { readSteps } from '../../../src/queue/ledger/step-ledger.js';
import type { Runs } from '../../../src/queue/runs/runs.js';
import { propertyRuns } from '../../property-runs.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

interface Services {
  events: string[];
}
interface Node {
  needs: number[];
  pauseMs: number;
  failures: number;
}

const node = defineJob({
  name: 'node',
  queue: 'nodes',
  payload: z.object({ index: z.number(), pauseMs: z.number(), failures: z.number() }),
  backoffMs: 1,
  async run(context: JobContext<{ index: number; pauseMs: number; failures: number }, Services>) {
    const { index, pauseMs, failures } = context.payload;
    context.services.events.push(`begin ${index}`);
    await sleep(pauseMs);
    if (context.attempt <= failures) throw new Error('A passing failure.');
    context.services.events.push(`end ${index}`);
    return {};
  },
});

const graphFlow = defineFlow({
  name: 'random-graph',
  queue: 'nodes',
  payload: z.object({
    nodes: z.array(z.object({ needs: z.array(z.number()), pauseMs: z.number(), failures: z.number() })),
  }),
  stages: [
    {
      name: 'graph',
      plan: ({ payload }) =>
        payload.nodes.map(({ needs, pauseMs, failures }, index) =>
          planStep(
            node,
            String(index),
            { index, pauseMs, failures },
            needs.map((needed) => String(needed)),
          ),
        ),
    },
  ],
});

/** Graphs without circles: a node needs only nodes before it. */
const graphs = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(), { maxLength: 3 }),
      pauseMs: fc.nat(8),
      failures: fc.constantFrom(0, 0, 0, 0, 1),
    }),
    { minLength: 1, maxLength: 15 },
  )
  .map((nodes): Node[] =>
    nodes.map((one, index) => ({
      ...one,
      needs: index === 0 ? [] : [...new Set(one.needs.map((needed) => needed % index))],
    })),
  );

describe.each(queuePlaces())('random graphs of steps on $kind', (place) => {
  let fixture: QueueFixture;
  let runs: Runs;
  const services: Services = { events: [] };

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    ({ runs } = await fixture.work(services, [node], [graphFlow]));
    // A second set of workers, as on a second host: two steps may end at the same moment.
    await fixture.work(services, [node], [graphFlow]);
  });
  afterAll(() => fixture.close());

  test('run every step once, after all its dependencies', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (nodes) => {
        services.events.length = 0;
        const { run } = await runs.start(graphFlow, { nodes }, { requestedBy: 'a test' });
        expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
        const steps = await readSteps(fixture.pool, run.id);
        expect(steps.map((step) => step.attempt)).toEqual(nodes.map((one) => one.failures + 1));
        nodes.forEach((one, index) => {
          expect(services.events.filter((event) => event === `end ${index}`)).toHaveLength(1);
          for (const needed of one.needs) {
            expect(services.events.indexOf(`end ${needed}`)).toBeLessThan(
              services.events.indexOf(`begin ${index}`),
            );
          }
        });
      }),
      { numRuns: propertyRuns(25) },
    );
  });
});

describe('a stage is refused', () => {
  const step = (name: string, ...dependsOn: string[]): PlannedStep => ({
    name,
    jobName: 'node',
    queue: 'nodes',
    payload: {},
    dependsOn,
  });

  test.each([
    ['a name comes twice', [step('a'), step('a')], /stage:a is planned twice/],
    ['a step depends on an unknown one', [step('a', 'b')], /stage:a depends on stage:b/],
    [
      'steps depend on each other in a cycle',
      [step('a', 'c'), step('b', 'a'), step('c', 'b'), step('d')],
      /stage:a, stage:b, stage:c/,
    ],
  ])('when %s', (_title, steps, message) => {
    expect(() => nameSteps('stage', steps)).toThrow(message);
  });
});
