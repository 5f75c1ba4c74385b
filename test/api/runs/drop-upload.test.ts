import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeededClientId } from '../../../src/auth/issuer/seeded-clients.js';
import { movies } from '../../../src/dataset/movies.js';
import { complaintOfPeriod } from '../../../src/period.js';
import { openQueueBackend } from '../../../src/queue/backend/backend.js';
import { answerControl, openControlClient } from '../../../src/queue/control/control.js';
import { controlAnswers } from '../../../src/queue/control/control-handlers.js';
import { complaintOfFileName } from '../../../src/source/drop/feed-of-file.js';
import { openQueueFixture, type QueueFixture } from '../../queue/queue-fixture.js';
import { queuePlaces } from '../../queue/queue-places.js';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
let folder: string;
let queue: QueueFixture;
let closeClient: () => Promise<void>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-inbox-'));
  const [place] = queuePlaces();
  queue = await openQueueFixture(place!);
  const { runs } = await queue.work({}, [], []);
  answerControl(queue.backend, controlAnswers({ pool: queue.pool, runs, starts: {} }));
  const backend = await openQueueBackend(queue.location);
  closeClient = () => backend.close();
  api = await startScratchApi({ inbox: inbox(), control: openControlClient(backend) });
});
afterAll(async () => {
  await api?.close();
  await closeClient?.();
  await queue?.close();
  await rm(folder, { recursive: true, force: true });
});

const inbox = () => ({
  folder,
  maxBytes: 1000,
  complaintOf: (period: string, fileName: string) =>
    complaintOfPeriod(period) ?? complaintOfFileName(fileName, movies.feeds),
});

async function put(path: string, body: BodyInit, client: SeededClientId = 'demo-admin', more: object = {}) {
  const token = await api.issuer.token(client);
  return api.send(path, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body, ...more });
}

describe('an uploaded file', () => {
  it('is stored unchanged in the folder of its period, and replaces a file of the same name', async () => {
    for (const text of ['id\n1\n', 'x'.repeat(1000)]) {
      const { status, body } = await put('/admin/drops/2017-08/movies_metadata.csv', text);
      expect({ status, body }).toEqual({
        status: 201,
        body: { period: '2017-08', file: 'movies_metadata.csv', bytes: text.length },
      });
      expect(await readFile(join(folder, '2017-08', 'movies_metadata.csv'), 'utf8')).toBe(text);
    }
  });

  it('is recorded in the audit with its sender and its content hash', async () => {
    await put('/admin/drops/2017-07/links.csv', 'movieId\n');
    const { rows } = await queue.pool.query(
      `select actor, action, arguments, outcome from support.audit_event
       where arguments ->> 'period' = '2017-07'`,
    );
    expect(rows).toEqual([
      {
        actor: 'demo-admin',
        action: 'recordUpload',
        arguments: {
          period: '2017-07',
          file: 'links.csv',
          bytes: 8,
          sha256: createHash('sha256').update('movieId\n').digest('hex'),
        },
        outcome: 'accepted',
      },
    ]);
  });

  it('is refused if the audit cannot be written', async () => {
    const alone = await startScratchApi({ inbox: inbox() });
    const token = await alone.issuer.token('demo-admin');
    const { status, body } = await alone.send('/admin/drops/2017-06/links.csv', {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: 'x',
    });
    expect([status, body.errors[0].extensions.code]).toEqual([503, 'QUEUE_UNAVAILABLE']);
    expect(await readdir(folder)).not.toContain('2017-06');
    expect(await readdir(join(folder, '.uploads'))).toEqual([]);
    await alone.close();
  });

  it('is refused over the size limit, with or without Content-Length, and leaves nothing behind', async () => {
    const before = await readdir(folder, { recursive: true });
    const announced = await put('/admin/drops/2017-09/links.csv', 'x'.repeat(1001));
    expect(announced.status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        for (let time = 0; time < 3; time += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(400)));
        controller.close();
      },
    });
    const unannounced = await put('/admin/drops/2017-09/links.csv', stream, 'demo-admin', { duplex: 'half' });
    expect(unannounced.body.errors[0].extensions).toMatchObject({
      code: 'BODY_TOO_LARGE',
      limit: { allowed: 1000 },
    });
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  it('removes abandoned uploads of a killed server, but none that may be in progress', async () => {
    const uploads = join(folder, '.uploads');
    await mkdir(uploads, { recursive: true });
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    for (const hours of [1, 3]) {
      await writeFile(join(uploads, `${hours}-hours`), 'movieId');
      await utimes(join(uploads, `${hours}-hours`), hoursAgo(hours), hoursAgo(hours));
    }
    expect((await put('/admin/drops/2017-03/links.csv', 'movieId\n')).status).toBe(201);
    expect(await readdir(uploads)).toEqual(['1-hours']);
    await rm(join(uploads, '1-hours'));
  });

  it.each([
    ['a partial upload', { 'content-range': 'bytes 4-8/9' }, 400, 'BAD_REQUEST'],
    ['a zipped body', { 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a form with a file',
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('is not replaced by %s', async (_what, more, status, code) => {
    await put('/admin/drops/2017-05/links.csv', 'movieId\n');
    const token = await api.issuer.token('demo-admin');
    const headers = { authorization: `Bearer ${token}`, ...more };
    const answer = await put('/admin/drops/2017-05/links.csv', 'eId\n', 'demo-admin', { headers });
    expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([status, code]);
    expect(await readFile(join(folder, '2017-05', 'links.csv'), 'utf8')).toBe('movieId\n');
  });

  it('leaves nothing behind if the upload breaks off, and causes no server error', async () => {
    const token = await api.issuer.token('demo-admin');
    const asked = request(`${api.url}/admin/drops/2017-04/links.csv`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-length': 900 },
    });
    asked.on('error', () => undefined).write('movieId\n');
    const uploads = () => readdir(join(folder, '.uploads'));
    await expect.poll(uploads).toHaveLength(1);
    asked.destroy();
    await expect.poll(uploads).toEqual([]);
    expect(await readdir(folder)).not.toContain('2017-04');
    expect(api.errors).toEqual([]);
  });

  it.each([
    '/admin/drops/2017-08/..%2flinks.csv',
    '/admin/drops/2017-08/.hidden',
    '/admin/drops/2017-08/a/b.csv',
    '/admin/drops/../links.csv',
  ])('is refused at %s', async (path) => {
    expect((await put(path, 'x')).status).toBe(404);
  });

  it.each(['link.csv', 'links.txt', 'links', 'movies.csv', 'links_170831.csv'])(
    'is refused when its name, %s, is that of no feed',
    async (name) => {
      const { status, body } = await put(`/admin/drops/2017-02/${name}`, 'x');
      expect([status, body.errors[0]]).toMatchObject([
        400,
        { message: expect.stringContaining(`${name} belongs to no feed. Expected movies_metadata.csv, `) },
      ]);
      expect(await readdir(folder)).not.toContain('2017-02');
    },
  );

  it.each(['links_20170131.csv', 'Links-2017-01.csv.gz', 'all.zip'])(
    'is accepted under the name %s',
    async (name) => {
      const headers = {
        authorization: `Bearer ${await api.issuer.token('demo-admin')}`,
        'content-type': 'text/csv',
      };
      expect((await put(`/admin/drops/2017-01/${name}`, 'x', 'demo-admin', { headers })).status).toBe(201);
    },
  );

  it.each(['0000-02', '1799-12', '2017-13', '9999-01'])('is refused for the month %s', async (month) => {
    const { status, body } = await put(`/admin/drops/${month}/links.csv`, 'x');
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    expect(body.errors[0].message).toMatch(/^expected a month/i);
  });

  it('requires the scope jobs:run', async () => {
    const { status, headers } = await put('/admin/drops/2017-08/links.csv', 'x', 'demo-partner');
    expect(status).toBe(403);
    expect(headers.get('www-authenticate')).toContain('scope="jobs:run"');
  });
});
