import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Pipeline, startPipelineWorker } from '../../jobs/worker.js';
import { movies } from '../../src/dataset/movies.js';
import { openQueueBackend } from '../../src/queue/backend/backend.js';
import { openControlClient } from '../../src/queue/control/control.js';
import { type ScratchApi, startScratchApi } from '../api/scratch-api.js';
import { useDatabase } from '../database-fixture.js';

const columns = movies.feeds.find((feed) => feed.name === 'movies_metadata')!.columns;

/** A file of two films, in the vendor's columns. */
function moviesFile(revenue: string): string {
  const film = (id: string, title: string): Record<string, string> => ({
    id,
    title,
    revenue,
    budget: '100',
    release_date: '1995-10-30',
    status: 'Released',
    genres: `"[{'id': 16, 'name': 'Animation'}, {'id': 35, 'name': 'Comedy'}]"`,
  });
  const lines = [film('862', 'Toy Story'), film('863', 'Toy Story 2')].map((values) =>
    columns.map((column) => values[column] ?? '').join(','),
  );
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

describe('an admin who only uses HTTP', () => {
  const database = useDatabase({ queues: true });
  let folder: string;
  let pipeline: Pipeline;
  let api: ScratchApi;
  let closeClient: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-admin-'));
    const inbox = { folder: join(folder, 'inbox'), scanSeconds: 3600, stableSeconds: 30 };
    const location = {
      kind: 'postgres',
      connectionString: database.urls.queue,
      schema: 'admin',
    } as const;
    pipeline = await startPipelineWorker({
      location,
      resources: {
        pool: database.pools.pipeline,
        dataSet: movies,
        storage: { folder: join(folder, 'files') },
        personalDataKey: 'a key that only tests know, and long enough',
        maxRejectShare: 0.01,
        inbox,
        lateAfterDays: 20,
      },
      concurrency: 2,
      onError: () => {},
    });
    // The API has the queue and the reader's role, nothing else.
    const backend = await openQueueBackend(location);
    closeClient = () => backend.close();
    api = await startScratchApi({
      readerPool: database.pools.reader,
      reports: movies.reports,
      control: openControlClient(backend),
      inbox: { folder: inbox.folder, maxBytes: 100_000, complaintOf: () => undefined },
    });
  });
  afterAll(async () => {
    await api?.close();
    await closeClient?.();
    await pipeline?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function answerTo(query: string) {
    const { body } = await api.send('/graphql', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await api.issuer.token('demo-admin')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query }),
    });
    return body;
  }

  async function ask(query: string) {
    const { errors, data } = await answerTo(query);
    expect(errors).toBeUndefined();
    return data;
  }

  let keys = 0;
  /** Starts a run and follows it to its end; answers what it published. */
  async function run(mutation: string, args: string): Promise<number | null> {
    keys += 1;
    const started = await ask(`mutation { it: ${mutation}(${args} idempotencyKey: "key ${keys}") { id } }`);
    const now = async () =>
      (await ask(`{ run(id: "${started.it.id}") { state publication error } }`)).run as {
        state: string;
        publication: number | null;
        error: string | null;
      };
    await expect
      .poll(async () => (await now()).state, { timeout: 60_000, interval: 200 })
      .toMatch(/SUCC|FAIL/);
    const ended = await now();
    expect(ended).toMatchObject({ state: 'SUCCEEDED', error: null });
    return ended.publication;
  }

  async function upload(period: string, content: string) {
    const { status } = await api.send(`/admin/drops/${period}/movies_metadata.csv`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await api.issuer.token('demo-admin')}` },
      body: content,
    });
    expect(status).toBe(201);
  }

  const counts = async () => {
    const { genreReport } = await ask('{ genreReport { nodes { genreName releaseCount revenue } } }');
    return genreReport.nodes.map(
      (row: { genreName: string; releaseCount: number; revenue: string }) =>
        `${row.genreName} ${row.releaseCount} ${row.revenue}`,
    );
  };

  it('uploads a drop, ingests it, corrects it and withdraws it, all recorded in the audit', {
    timeout: 180_000,
  }, async () => {
    await upload('2017-08', moviesFile('1000'));
    expect(await run('ingestDrop', 'period: "2017-08"')).toBe(1);
    expect(await counts()).toEqual(['Animation 2 2000', 'Comedy 2 2000']);

    const link =
      'link: { table: "movie_genres", key: { movie_id: 863, genre_id: 35 }, reason: "It is none." }';
    expect(await run('retireLink', link)).toBe(2);
    expect(await counts()).toEqual(['Animation 2 2000', 'Comedy 1 1000']);
    expect(await run('restoreLink', link)).toBe(3);
    expect(await counts()).toEqual(['Animation 2 2000', 'Comedy 2 2000']);

    await upload('2017-09', moviesFile('5000'));
    expect(await run('ingestDrop', 'period: "2017-09"')).toBe(4);
    expect(await counts()).toEqual(['Animation 2 10000', 'Comedy 2 10000']);
    expect(await run('rollbackPublication', 'to: 1, reason: "Wrong month."')).toBe(5);
    expect(await counts()).toEqual(['Animation 2 2000', 'Comedy 2 2000']);

    await run('rebuildReports', '');
    expect(await counts()).toEqual(['Animation 2 10000', 'Comedy 2 10000']);
    await run('rebuildWarehouse', '');
    expect(await counts()).toEqual(['Animation 2 10000', 'Comedy 2 10000']);

    await run('withdrawFile', 'file: 2, reason: "Of another vendor."');
    expect(await counts()).toEqual(['Animation 2 2000', 'Comedy 2 2000']);
    await run('takeFileBack', 'file: 2, reason: "It is theirs."');
    expect(await counts()).toEqual(['Animation 2 10000', 'Comedy 2 10000']);
    const kept = await database.pools.pipeline.query<{ told: string }>(
      `select actor || ' ' || reason || ' ' || restored_by as told from support.retirement
       where table_name = 'source.file'`,
    );
    expect(kept.rows).toEqual([{ told: 'demo-admin Of another vendor. demo-admin' }]);

    const { rows } = await database.pools.pipeline.query<{ told: string }>(
      `select actor || ' ' || action || ' ' || outcome as told from support.audit_event
       where arguments ? 'idempotencyKey' or action = 'recordUpload' order by id`,
    );
    const actions = [
      'recordUpload',
      'ingestDrop',
      'retireLink',
      'restoreLink',
      'recordUpload',
      'ingestDrop',
      'rollbackPublication',
      'rebuildReports',
      'rebuildWarehouse',
      'withdrawFile',
      'takeFileBack',
    ];
    expect(rows.map(({ told }) => told)).toEqual(actions.map((action) => `demo-admin ${action} accepted`));
  });

  it('reads the audit page by page, which shows that its events are sealed', async () => {
    const page = async (given: string) => {
      const fields =
        'nodes { id actor action outcome runId sealed arguments } pageInfo { hasNextPage endCursor }';
      return (await ask(`{ auditEvents(${given}) { ${fields} } }`)).auditEvents;
    };
    await expect
      .poll(async () => (await page('first: 1')).nodes[0].sealed, { timeout: 30_000, interval: 500 })
      .toBe(true);
    const first = await page('filter: { actor: "demo-admin" }, first: 2');
    expect(first).toMatchObject({
      nodes: [
        { action: 'warehouse.take_back', outcome: 'done', sealed: true, runId: expect.any(String) },
        { action: 'takeFileBack', outcome: 'accepted', arguments: { file: 2, reason: 'It is theirs.' } },
      ],
      pageInfo: { hasNextPage: true },
    });
    const { endCursor } = first.pageInfo;
    const next = await page(`filter: { action: "ingestDrop" }, first: 1, after: "${endCursor}"`);
    expect(next.nodes).toMatchObject([{ action: 'ingestDrop', actor: 'demo-admin' }]);
    expect(Number(next.nodes[0].id)).toBeLessThan(Number(first.nodes[1].id));
    expect((await page(`filter: { runId: "${first.nodes[0].runId}" }`)).nodes).toMatchObject([
      { action: 'warehouse.take_back', outcome: 'done' },
      { action: 'takeFileBack', outcome: 'accepted' },
    ]);
    const { errors } = await answerTo('{ auditEvents(after: "nothing") { nodes { id } } }');
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('after is not a cursor of events'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it.each([
    ['rollbackPublication(to: 99, reason: "Far."', 'publication_unknown', 'BAD_USER_INPUT'],
    [
      'retireLink(link: { table: "no_such", key: { id: 1 }, reason: "x" }',
      'table_not_mapped',
      'BAD_USER_INPUT',
    ],
    [
      'retireLink(link: { table: "movies", key: { movie_id: 9 }, reason: "x" }',
      'key_not_live',
      'BAD_USER_INPUT',
    ],
    [
      'restoreLink(link: { table: "movies", key: { movie_id: 862 }, reason: "x" }',
      'key_not_retired',
      'BAD_USER_INPUT',
    ],
    ['withdrawFile(file: 99, reason: "x"', 'file_unknown', 'NOT_FOUND'],
    ['takeFileBack(file: 1, reason: "x"', 'file_not_withdrawn', 'CONFLICT'],
    ['cancelRun(id: "ENDED"', 'run_not_cancellable', 'CONFLICT'],
  ])(
    'is refused %s) at once with %s; no run is created, and the audit records the refusal',
    async (asked, code, told) => {
      const pool = database.pools.pipeline;
      const runs = async () => (await pool.query('select id from support.run order by created_date')).rows;
      const before = await runs();
      keys += 1;
      const mutation = `${asked.replace('ENDED', before[0].id)} idempotencyKey: "key ${keys}"`;
      const { errors } = await answerTo(`mutation { it: ${mutation}) { id } }`);
      expect(errors[0].extensions.code).toBe(told);
      expect(await runs()).toEqual(before);
      const { rows } = await pool.query('select outcome from support.audit_event order by id desc limit 1');
      expect(rows[0].outcome).toMatch(`refused: ${code}: `);
    },
  );
});
