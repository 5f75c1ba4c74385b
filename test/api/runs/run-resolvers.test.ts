import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Failure, Fault } from '../../../src/fault.js';
import { openQueueBackend } from '../../../src/queue/backend/backend.js';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { answerControl, openControlClient } from '../../../src/queue/control/control.js';
import { controlAnswers } from '../../../src/queue/control/control-handlers.js';
import { defineJob, planStep } from '../../../src/queue/ledger/job.js';
import type { StartRun } from '../../../src/queue/runs/runs.js';
import { openQueueFixture, type QueueFixture } from '../../queue/queue-fixture.js';
import { queuePlaces } from '../../queue/queue-places.js';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

const work = defineJob({
  name: 'work',
  queue: 'work',
  payload: z.object({}),
  attempts: 1,
  async run({ signal, services }: { signal: AbortSignal; services: { mode: string } }) {
    if (services.mode === 'fail') throw new Fault('work-wrong', 'The work is wrong.');
    if (services.mode === 'hang') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { done: 1 };
  },
});
const flow = defineFlow({
  name: 'work-flow',
  queue: 'flow',
  payload: z.object({}),
  stages: [{ name: 'only', plan: () => [planStep(work, 'step', {})] }],
});

/** A forged cursor of runs. */
const cursorOf = (createdDate: string) =>
  Buffer.from(JSON.stringify([createdDate, '00000000-0000-4000-8000-000000000000'])).toString('base64url');

const places = queuePlaces();

describe.each(places)('runs, with queues on $kind', (place) => {
  const services = { mode: 'succeed' };
  let queue: QueueFixture;
  let api: ScratchApi;
  let closeClient: () => Promise<void>;
  beforeAll(async () => {
    queue = await openQueueFixture(place);
    const { runs } = await queue.work(services, [work], [flow]);
    const startRun = async (_args: object, request: StartRun) => (await runs.start(flow, {}, request)).run;
    answerControl(
      queue.backend,
      controlAnswers({
        pool: queue.pool,
        runs,
        starts: {
          ingestDrop: startRun,
          rebuildReports: startRun,
          withdrawFile: startRun,
          takeFileBack: startRun,
        },
      }),
    );
    // As in a separate process: only with the rights of the queue.
    const backend = await openQueueBackend(queue.location);
    closeClient = () => backend.close();
    api = await startScratchApi({ control: openControlClient(backend) });
  });
  afterAll(async () => {
    await api?.close();
    await closeClient?.();
    await queue?.close();
  });

  async function ask(query: string, variables: object = {}) {
    const token = await api.issuer.token('demo-admin');
    const { body } = await api.send('/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return body;
  }
  const start = async (key: string) => {
    const body = await ask(`mutation { rebuildReports(idempotencyKey: "${key}") { id state requestedBy } }`);
    return body.data.rebuildReports as { id: string; state: string; requestedBy: string };
  };
  const stateOf = async (id: string) => (await ask(`{ run(id: "${id}") { state } }`)).data.run.state;

  it('can be started and followed to their end, and are recorded in the audit', async () => {
    services.mode = 'succeed';
    const run = await start('first');
    expect(run.requestedBy).toBe('demo-admin');
    await expect.poll(() => stateOf(run.id), { timeout: 15_000 }).toBe('SUCCEEDED');
    const { data } = await ask(
      `{ run(id: "${run.id}") { kind finishedDate progress { stepsKnown stepsEnded } steps { name state counts } } }`,
    );
    expect(data.run).toEqual({
      kind: 'work-flow',
      finishedDate: expect.stringMatching(/Z$/),
      progress: { stepsKnown: 1, stepsEnded: 1 },
      steps: [{ name: 'only:step', state: 'SUCCEEDED', counts: { done: 1 } }],
    });
    const { rows } = await queue.pool.query(
      'select actor, action, arguments, outcome from support.audit_event where run_id = $1',
      [run.id],
    );
    expect(rows).toEqual([
      {
        actor: 'demo-admin',
        action: 'rebuildReports',
        arguments: { idempotencyKey: 'first' },
        outcome: 'accepted',
      },
    ]);
  });

  it('are started once per idempotency key, also by concurrent requests', async () => {
    services.mode = 'succeed';
    const ids = await Promise.all([start('same'), start('same'), start('same')]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    await expect.poll(() => stateOf(ids[0]!.id), { timeout: 15_000 }).toBe('SUCCEEDED');
    const body = await ask(`mutation { cancelRun(id: "${ids[0]!.id}", idempotencyKey: "same") { id } }`);
    expect(body.errors[0].message).toContain('was used for another request');
    expect(body.errors[0].extensions.code).toBe('CONFLICT');
  });

  it('can be cancelled, which releases the queue slot, and retried', async () => {
    services.mode = 'hang';
    const run = await start('hangs');
    await expect.poll(() => stateOf(run.id), { timeout: 15_000 }).toBe('RUNNING');
    await ask(`mutation { cancelRun(id: "${run.id}", idempotencyKey: "c") { cancelRequested } }`);
    await expect.poll(() => stateOf(run.id), { timeout: 15_000 }).toBe('CANCELLED');
    services.mode = 'succeed';
    await ask(`mutation { retryRun(id: "${run.id}", idempotencyKey: "r") { state } }`);
    await expect.poll(() => stateOf(run.id), { timeout: 15_000 }).toBe('SUCCEEDED');
  });

  it('are listed newest first, in pages, filtered by state', async () => {
    const first = await ask('{ runs(first: 1) { nodes { id } pageInfo { hasNextPage endCursor } } }');
    const { nodes, pageInfo } = first.data.runs;
    expect(pageInfo.hasNextPage).toBe(true);
    const rest = await ask(
      `{ runs(after: "${pageInfo.endCursor}") { nodes { id } pageInfo { hasNextPage } } }`,
    );
    const all = await ask('{ runs { nodes { id } } }');
    await expect
      .poll(
        async () => (await ask('{ runs(filter: { states: [SUCCEEDED] }) { nodes { id } } }')).data.runs.nodes,
        {
          timeout: 15_000,
        },
      )
      .toEqual(all.data.runs.nodes);
    expect([...nodes, ...rest.data.runs.nodes]).toEqual(all.data.runs.nodes);
    expect((await ask('{ runs(filter: { states: [FAILED] }) { nodes { id } } }')).data.runs.nodes).toEqual(
      [],
    );
  });

  it.each([
    [
      'mutation { retryRun(id: "00000000-0000-4000-8000-000000000000", idempotencyKey: "k1") { id } }',
      'NOT_FOUND',
    ],
    ['mutation { retryRun(id: "no-id", idempotencyKey: "k2") { id } }', 'BAD_USER_INPUT'],
    ['mutation { ingestDrop(period: "2017-13", idempotencyKey: "k3") { id } }', 'BAD_USER_INPUT'],
    ['mutation { withdrawFile(file: 0, reason: "x", idempotencyKey: "k5") { id } }', 'BAD_USER_INPUT'],
    ['mutation { takeFileBack(file: 1, reason: "", idempotencyKey: "k6") { id } }', 'BAD_USER_INPUT'],
    ['mutation { takeFileBack(file: 1, reason: "  ", idempotencyKey: "k7") { id } }', 'BAD_USER_INPUT'],
    ['mutation { ingestDrop(period: "2017-12", idempotencyKey: "") { id } }', 'BAD_USER_INPUT'],
    [
      '{ runs(filter: { createdSince: "2017-01-01T00:00:00+16:00" }) { nodes { id } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['{ runs(first: -1) { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ runs(first: 201) { nodes { id } } }', 'BAD_USER_INPUT'],
    [`{ runs(after: "${cursorOf('0')}") { nodes { id } } }`, 'BAD_USER_INPUT'],
    [`{ runs(after: "${cursorOf('1 January 2017 (at noon)')}") { nodes { id } } }`, 'BAD_USER_INPUT'],
  ])('are refused for %s', async (mutation, code) => {
    expect((await ask(mutation)).errors[0].extensions.code).toBe(code);
  });

  it('are refused with a reason that is too long, with the same message as on the command line', async () => {
    const withdraw = `mutation { withdrawFile(file: 1, reason: "${'x'.repeat(1001)}", idempotencyKey: "k10") { id } }`;
    expect((await ask(withdraw)).errors[0].message).toBe(
      'Invalid arguments of withdrawFile: reason: expected at most 1000 characters, found 1001.',
    );
  });

  describe.each([
    ['a NUL character', 'a\0b'],
    ['half of a surrogate pair', 'a\ud800b'],
  ])('are refused with one sentence because of %s', (_what, text) => {
    const withdraw = `mutation ($reason: String!, $key: String!) {
      withdrawFile(file: 1, reason: $reason, idempotencyKey: $key) { id } }`;
    const retire = `mutation ($link: LinkInput!) { retireLink(link: $link, idempotencyKey: "k8") { id } }`;
    const link = { table: 'movie_genres', key: { movie_id: 1, genre_id: 2 }, reason: 'x' };
    it.each([
      ['a reason', withdraw, { reason: text, key: 'k9' }, 'Invalid arguments of withdrawFile: reason'],
      [
        'an idempotency key',
        withdraw,
        { reason: 'x', key: text },
        'Invalid arguments of withdrawFile: idempotencyKey',
      ],
      [
        'the reason of a link',
        retire,
        { link: { ...link, reason: text } },
        'Invalid arguments of retireLink: link.reason',
      ],
      [
        'a value of a key',
        retire,
        { link: { ...link, key: { movie_id: text } } },
        'Invalid arguments of retireLink: link.key.movie_id',
      ],
      [
        'a field of a key',
        retire,
        { link: { ...link, key: { [text]: 1 } } },
        'Invalid arguments of retireLink: link.key',
      ],
      [
        'a kind of runs',
        'query ($kinds: [String!]) { runs(filter: { kinds: $kinds }) { nodes { id } } }',
        { kinds: [text] },
        'Invalid arguments of runs: kinds.0',
      ],
    ])('in %s', async (_where, query, variables, sentence) => {
      const { errors } = await ask(query, variables);
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
      expect(errors[0].message).toBe(
        `${sentence}: expected text without NUL characters or unpaired surrogates.`,
      );
    });
  });

  it('are not started by a batch that is refused because of another operation', async () => {
    const token = await api.issuer.token('demo-admin');
    const { status } = await api.send('/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify([
        { query: 'mutation { rebuildReports(idempotencyKey: "in a bad batch") { id } }' },
        { query: 5 },
      ]),
    });
    expect(status).toBe(400);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { rows } = await queue.pool.query(
      "select from support.audit_event where arguments ->> 'idempotencyKey' = 'in a bad batch'",
    );
    expect(rows).toHaveLength(0);
  });

  it('are null for an unknown id', async () => {
    expect((await ask('{ run(id: "00000000-0000-4000-8000-000000000000") { id } }')).data.run).toBeNull();
  });
});

describe('a server without a worker', () => {
  it('reports that the pipeline does not respond, and the request has no effect later', async () => {
    const [place] = places;
    const queue = await openQueueFixture(place!);
    const control = openControlClient(queue.backend, 500);
    const api = await startScratchApi({ control });
    const token = await api.issuer.token('demo-admin');
    const { status, body } = await api.send('/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'mutation { rebuildReports(idempotencyKey: "k") { id } }' }),
    });
    expect({ status, code: body.errors[0].extensions.code }).toEqual({
      status: 503,
      code: 'QUEUE_UNAVAILABLE',
    });
    let started = 0;
    const start = async () => {
      started += 1;
      throw new Failure('never', 'never');
    };
    answerControl(
      queue.backend,
      controlAnswers({ pool: queue.pool, runs: undefined as never, starts: { rebuildReports: start } }),
    );
    const job = (await queue.backend.makeQueue('control').getJobs())[0];
    await expect
      .poll(async () => (job ? await job.getState() : 'gone'), { timeout: 10_000 })
      .toMatch(/completed|unknown|gone/);
    expect(started).toBe(0);
    await api.close();
    await queue.close();
  });
});
