import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { openLog } from '../src/cli/output/log.js';
import { startTelemetry } from '../src/cli/runtime/telemetry.js';
import { readConfiguration } from '../src/configuration.js';
import { Fault } from '../src/fault.js';
import { defineFlow } from '../src/queue/backend/flow.js';
import { defineJob, planStep } from '../src/queue/ledger/job.js';
import { type ScratchApi, startScratchApi } from './api/scratch-api.js';
import { openQueueFixture } from './queue/queue-fixture.js';
import { queuePlaces } from './queue/queue-places.js';

interface SentSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly service: string;
}

/** Receives what an OTLP collector would receive over HTTP. */
async function startCollector() {
  const received: { path: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    spans: () => received.flatMap(({ body }) => spansOf(JSON.parse(body.toString()))),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

type Attributes = readonly { key: string; value: Record<string, string | number | boolean> }[];
const plain = (attributes: Attributes) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]!]));

/** The spans of an ExportTraceServiceRequest in JSON. */
function spansOf(request: {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: { spans: (Omit<SentSpan, 'attributes'> & { attributes: Attributes })[] }[];
  }[];
}): SentSpan[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        attributes: plain(span.attributes),
        service: String(plain(resource.attributes)['service.name']),
      })),
    ),
  );
}

const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('@opentelemetry/sdk-trace'));
const SERVER = 2;
const CLIENT = 3;
const CONSUMER = 5;
const ERROR = 2;
const log = openLog('silent');

let collector: Awaited<ReturnType<typeof startCollector>>;
let api: ScratchApi;
beforeAll(async () => {
  [collector, api] = await Promise.all([startCollector(), startScratchApi()]);
});
afterEach(() => {
  vi.unstubAllEnvs();
  collector.received.length = 0;
});
afterAll(() => Promise.all([api?.close(), collector?.close()]));

/** Does some work while spans are sent as configured by the environment. */
async function observed(environment: Record<string, string>, work: () => Promise<unknown>): Promise<void> {
  const whole = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...environment };
  // OpenTelemetry's own packages read them too.
  for (const [name, value] of Object.entries(whole)) vi.stubEnv(name, value);
  const telemetry = await startTelemetry(readConfiguration(whole), 'marquee-test', log);
  await work();
  await telemetry.close();
}

async function ask(query: string, headers: Record<string, string> = {}, variables: object = {}) {
  const token = await api.issuer.token('demo-partner');
  await api.send('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return token;
}

describe('without a collector', () => {
  it.each([{}, { OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    'nothing is loaded or sent: %j',
    async (environment) => {
      const endpoint =
        Object.keys(environment).length > 0 ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } : {};
      const telemetry = await startTelemetry(readConfiguration({ ...endpoint, ...environment }), 'x', log);
      await ask('{ movieScoreReport { nodes { movieId } } }');
      await telemetry.close();
      expect(collector.received).toEqual([]);
      expect(loaded()).toBe(false);
    },
  );
});

describe('a request', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;

  it('is a span in the caller’s trace, with its operation as child, and the statements as children of that', async () => {
    let token = '';
    await observed({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_SERVICE_NAME: 'reports' }, async () => {
      token = await ask(
        'query Scores($name: String) { movieScoreReport(filter: { movieName: { eq: $name } }) { nodes { movieName } } }',
        { traceparent },
        { name: 'A secret title' },
      );
    });
    expect(loaded()).toBe(true);
    const [{ path, headers } = { path: '', headers: {} }] = collector.received;
    expect([path, headers['content-type']]).toEqual(['/v1/traces', 'application/json']);
    const spans = collector.spans();
    const named = (name: string) => spans.find((span) => span.name === name)!;
    expect(spans.map(({ name }) => name).sort()).toEqual([
      'POST /graphql',
      'movie_score_report whole page',
      'query Scores',
    ]);
    expect(new Set(spans.map(({ traceId, service }) => `${traceId} ${service}`))).toEqual(
      new Set([`${TRACE} reports`]),
    );
    expect(named('POST /graphql')).toMatchObject({
      kind: SERVER,
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/graphql',
        'http.response.status_code': 200,
        'marquee.client': 'demo-partner',
        'marquee.from_cache': false,
        'marquee.request_id': expect.any(String),
      },
    });
    expect(named('query Scores').parentSpanId).toBe(named('POST /graphql').spanId);
    expect(named('query Scores').attributes).toMatchObject({
      'graphql.operation.name': 'Scores',
      // 50 rows, and one comparison of the filter.
      'marquee.cost': 51,
    });
    const statement = named('movie_score_report whole page');
    expect(statement).toMatchObject({
      kind: CLIENT,
      parentSpanId: named('query Scores').spanId,
      attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'reporting' },
    });
    const sent = collector.received.map(({ body }) => body.toString()).join();
    for (const secret of ['A secret title', token]) expect(sent).not.toContain(secret);
  });

  it('with several statements has a span for each; a rejected request is not an error span', async () => {
    await observed({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, async () => {
      await ask('{ a: movieScoreReport { totalCount nodes { movieId } } b: genreReport { nodes { year } } }');
      await ask('{ nothing }');
    });
    const statements = collector.spans().filter(({ kind }) => kind === CLIENT);
    expect(statements.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['movie_score_report page', 'movie_score_report count', 'genre_report page']),
    );
    expect(collector.spans().filter(({ status }) => status.code === ERROR)).toEqual([]);
  });

  it('is sent as protobuf by default', async () => {
    await observed({}, () => ask('query Plain { movieScoreReport { nodes { movieId } } }'));
    const [sent] = collector.received;
    expect(sent!.headers['content-type']).toBe('application/x-protobuf');
    expect(sent!.body.includes('query Plain')).toBe(true);
  });

  it('succeeds even if the collector is down', async () => {
    await observed({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, async () => {
      const { status } = await api.query('{ movieScoreReport { nodes { movieId } } }');
      expect(status).toBe(200);
    });
  });
});

describe('a job', () => {
  it('is a span that contains the id of its run, and fails with it', async () => {
    const work = defineJob({
      name: 'work',
      queue: 'work',
      payload: z.object({ fail: z.boolean() }),
      attempts: 1,
      async run({ payload }) {
        if (payload.fail) throw new Fault('work_wrong', 'The vendor’s record 7 is wrong.');
        return { done: 1 };
      },
    });
    const flow = defineFlow({
      name: 'work-flow',
      queue: 'flow',
      payload: z.object({ fail: z.boolean() }),
      stages: [{ name: 'only', plan: ({ payload }) => [planStep(work, 'step', payload)] }],
    });
    const [place] = queuePlaces();
    const queue = await openQueueFixture(place!);
    const ids: string[] = [];
    await observed({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, async () => {
      const { runs } = await queue.work({}, [work], [flow]);
      for (const fail of [false, true]) {
        const { run } = await runs.start(flow, { fail }, { requestedBy: 'test' });
        ids.push(run.id);
        const stateNow = async () =>
          (await queue.pool.query('select state from support.run where id = $1', [run.id])).rows[0].state;
        await expect.poll(stateNow, { timeout: 15_000 }).toBe(fail ? 'failed' : 'succeeded');
      }
      await queue.close();
    });
    const spans = collector.spans().filter(({ name }) => name === 'process work');
    expect(spans.map(({ attributes }) => attributes['marquee.run_id'])).toEqual(ids);
    expect(spans.every(({ kind }) => kind === CONSUMER)).toBe(true);
    expect(spans.map(({ status }) => status.code === ERROR)).toEqual([false, true]);
    expect(JSON.stringify(spans)).not.toContain('record 7');
  });
});
