import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';

const POLICY = {
  clients: {
    'demo-partner': {
      reports: {
        movie_score_report: { columns: ['movie_id', 'movie_name'], rows: { movie_id: { lte: 3 } } },
      },
      quotas: { exportsPerHour: 50 },
    },
  },
};

let api: ScratchApi;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-export-'));
  await writeFile(join(folder, 'policy.json'), JSON.stringify(POLICY));
  api = await startScratchApi({ policyFile: join(folder, 'policy.json') });
  const { owner } = api.database;
  await owner.query(`insert into reporting.movie_score_report
    (movie_id, movie_name, reported_vote_count, calculated_vote_count, budget, source_file, source_record)
    select id, case id when 11 then '=1+1' when 12 then 'a "quoted", name' when 13 then '' when 14 then '-2' when 15 then '+x'
      when 16 then E'two\\nlines' when 17 then '@x' else 'Film ' || id end,
      1, 0, -id * 1000000000000.05, 'm', id from generate_series(10, 6000) id`);
  await publish(owner, 1, 'movie_score_report', ['movie_id'], []);
  await publish(owner, 2, 'movie_score_report', ['movie_id'], [{ delete: { movie_id: 3 } }]);
});
afterAll(async () => {
  await api?.close();
  await rm(folder, { recursive: true, force: true });
});

async function download(
  path: string,
  client: 'demo-admin' | 'demo-partner' = 'demo-admin',
  headers: object = {},
) {
  const token = await api.issuer.token(client);
  return api.send(path, { headers: { authorization: `Bearer ${token}`, ...headers } });
}

describe('an export', () => {
  it.each(['json', 'ndjson'])(
    'as %s is complete and ordered, and its numbers have all their digits',
    async (format) => {
      const token = await api.issuer.token('demo-admin');
      const response = await fetch(`${api.url}/export/movie_score_report.${format}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const text = await response.text();
      const rows =
        format === 'json'
          ? JSON.parse(text)
          : text
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line));
      expect(rows).toHaveLength(5993);
      expect(rows.map((row: { movie_id: number }) => row.movie_id)).toEqual(
        [...rows.map((row: { movie_id: number }) => row.movie_id)].sort((a, b) => a - b),
      );
      expect(text).toContain('"budget":-6000000000000300.00');
    },
  );

  it('as CSV names its publication and contains nothing that a spreadsheet would execute', async () => {
    const { status, headers, body } = await download('/export/movie_score_report.csv');
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toBe(
      'attachment; filename="movie_score_report-publication-2.csv"',
    );
    expect(headers.get('x-publication')).toBe('2');
    expect(headers.get('x-publication-as-of-day')).toBe('2017-08-31');
    const lines = String(body).split('\r\n');
    expect(lines[0]).toBe(
      api.database.reports
        .find(({ name }) => name === 'movie_score_report')!
        .columns.map(({ name }) => name)
        .join(','),
    );
    const name = (id: number) => lines.find((line) => line.startsWith(`${id},`))!.slice(`${id},`.length);
    expect(name(11)).toMatch(/^"'=1\+1",/);
    expect(name(12)).toMatch(/^"a ""quoted"", name",/);
    expect(name(13)).toMatch(/^"",/);
    expect(name(14)).toMatch(/^-2,/);
    expect(name(15)).toMatch(/^"'\+x",/);
    expect(name(16)).toMatch(/^"two\nlines"|^"two/);
    expect(name(17)).toMatch(/^"'@x",/);
    expect(lines.at(-1)).toBe('');
    expect(body).toContain(',-6000000000000300.00,');
  });

  it('is compressed for clients that accept gzip', async () => {
    const token = await api.issuer.token('demo-admin');
    const { port } = new URL(api.url);
    const answer = await new Promise<{ encoding?: string; bytes: Buffer }>((resolve, reject) => {
      request(
        {
          port,
          host: '127.0.0.1',
          path: '/export/movie_score_report.ndjson',
          headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' },
        },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk);
          resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) });
        },
      )
        .on('error', reject)
        .end();
    });
    expect(answer.encoding).toBe('gzip');
    const text = gunzipSync(answer.bytes).toString();
    expect(text.trim().split('\n')).toHaveLength(5993);
    expect(answer.bytes.length).toBeLessThan(text.length / 4);
  });

  it('applies the filter, and reads an earlier publication', async () => {
    const filter = encodeURIComponent(
      JSON.stringify({ movieId: { lte: 10 }, not: { movieName: { eq: 'First' } } }),
    );
    const ids = async (more: string) =>
      (await download(`/export/movie_score_report.json?filter=${filter}${more}`)).body.map(
        (row: { movie_id: number }) => row.movie_id,
      );
    expect(await ids('')).toEqual([2, 10]);
    expect(await ids('&asOf=1')).toEqual([2, 3, 10]);
  });

  it('contains only what the caller can read', async () => {
    const { body } = await download('/export/movie_score_report.json', 'demo-partner');
    expect(body).toEqual([
      { movie_id: 1, movie_name: 'First' },
      { movie_id: 2, movie_name: 'Second' },
    ]);
    const filter = encodeURIComponent('{"budget":{"gte":"1"}}');
    const hidden = await download(`/export/movie_score_report.json?filter=${filter}`, 'demo-partner');
    expect(hidden.body.errors[0].extensions.code).toBe('FORBIDDEN');
    expect((await download('/export/genre_report.csv', 'demo-partner')).status).toBe(403);
    expect((await download('/export/movie_score_report.json?asOf=1', 'demo-partner')).body).toHaveLength(3);
  });

  it.each([
    ['/export/no_report.csv', 404, 'NOT_FOUND'],
    ['/export/movie_score_report.xml', 404, 'NOT_FOUND'],
    ['/export/movie_score_report.csv?filtre={}', 400, 'BAD_USER_INPUT'],
    ['/export/movie_score_report.csv?filter={', 400, 'BAD_USER_INPUT'],
    ['/export/movie_score_report.csv?filter={"no":{"eq":1}}', 400, 'BAD_USER_INPUT'],
    ['/export/movie_score_report.csv?filter={}&filter={"movieId":{"eq":1}}', 400, 'BAD_USER_INPUT'],
    [
      `/export/movie_score_report.csv?filter=${'{"not":'.repeat(101)}{}${'}'.repeat(101)}`,
      400,
      'LIMIT_EXCEEDED',
    ],
    ['/export/movie_score_report.csv?asOf=99', 400, 'BAD_USER_INPUT'],
  ])('is rejected for %s', async (path, status, code) => {
    const answer = await download(path);
    expect({ status: answer.status, code: answer.body.errors[0].extensions.code }).toEqual({ status, code });
  });

  it('requires its own scope and has its own quota', async () => {
    const token = await api.issuer.token('demo-partner', ['reports:read']);
    const refused = await api.send('/export/movie_score_report.csv', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('scope="reports:export"');
    expect((await api.send('/export/movie_score_report.csv')).status).toBe(401);
    const { headers } = await download('/export/movie_score_report.csv', 'demo-partner');
    expect(headers.get('ratelimit-policy')).toBe('"exports";q=50;w=3600');
  });

  it('reports a statement timeout', async () => {
    const lock = await api.database.owner.connect();
    await lock.query('begin; lock reporting.genre_report in access exclusive mode');
    const impatient = await startScratchApi({
      readerPool: api.database.readerWith('-c statement_timeout=200'),
    });
    const headers = { authorization: `Bearer ${await impatient.issuer.token('demo-admin')}` };
    const late = await impatient.send('/export/genre_report.csv', { headers });
    await lock.query('rollback');
    lock.release();
    expect([late.status, late.body.errors[0].extensions.code]).toEqual([504, 'STATEMENT_TIMEOUT']);
    expect(impatient.errors).toHaveLength(1);
    await impatient.close();
  });

  it('leaves connections for queries when many clients read exports slowly', async () => {
    const slow = await startScratchApi();
    await slow.database.owner.query(`insert into reporting.movie_score_report
      (movie_id, movie_name, reported_vote_count, calculated_vote_count, source_file, source_record)
      select id, repeat('long ', 400), 1, 0, 'm', id from generate_series(10, 20000) id`);
    const token = await slow.issuer.token('demo-admin');
    const asked = Array.from({ length: slow.database.reader.options.max + 2 }, () =>
      request(`${slow.url}/export/movie_score_report.json`, {
        headers: { authorization: `Bearer ${token}` },
        agent: false,
      }),
    );
    // No client reads the body, so that the exports stall.
    const begun = new Promise((resolve) => asked[0]!.once('response', resolve));
    for (const each of asked) each.on('error', () => undefined).end();
    await begun;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answer = await Promise.race([
      slow.query('{ movieScoreReport(first: 1) { totalCount } }'),
      new Promise<undefined>((resolve) => setTimeout(resolve, 5000, undefined)),
    ]);
    for (const each of asked) each.destroy();
    expect(answer?.status).toBe(200);
    const { reader } = slow.database;
    await expect.poll(() => reader.totalCount - reader.idleCount + reader.waitingCount).toBe(0);
    const again = await slow.send('/export/genre_report.csv', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(again.status).toBe(200);
    await slow.close();
  }, 30_000);

  it('releases its connection when the client disconnects', async () => {
    const token = await api.issuer.token('demo-admin');
    await new Promise<void>((resolve, reject) => {
      const asked = request(
        `${api.url}/export/movie_score_report.json`,
        { headers: { authorization: `Bearer ${token}` }, agent: false },
        (response) => {
          response.once('data', () => {
            asked.destroy();
            resolve();
          });
        },
      );
      asked.on('error', reject).end();
    });
    await expect.poll(() => api.database.reader.totalCount - api.database.reader.idleCount).toBe(0);
  });
});
