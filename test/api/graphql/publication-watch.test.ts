import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
  await publish(api.database.owner, 1, 'movie_score_report', ['movie_id'], []);
});
afterAll(() => api?.close());

let number = 1;
const publishName = (name: string) =>
  publish(
    api.database.owner,
    ++number,
    'movie_score_report',
    ['movie_id'],
    [{ update: { movie_id: 1 }, set: { movie_name: name } }],
  );

const QUERY = '{ movieScoreReport(filter: { movieId: { eq: 1 } }) { nodes { movieName } } }';
const NESTED =
  '{ a: movieScoreReport(first: 1) { nodes { movieName } } b: movieScoreReport(first: 1) { nodes { movieName } totalCount } publication { number } }';

async function get(query: string, headers: Record<string, string> = {}) {
  const token = await api.issuer.token('demo-partner');
  return api.send(`/graphql?query=${encodeURIComponent(query)}`, {
    headers: { authorization: `Bearer ${token}`, 'apollo-require-preflight': '1', ...headers },
  });
}

describe('a response', () => {
  it.each([QUERY, NESTED])('names the publication it reflects: %s', async (query) => {
    const { body } = await api.query(query);
    expect(body.extensions.publication).toEqual({
      number,
      publishedDate: expect.stringMatching(/^2017-09-.*Z$/),
      asOfDay: '2017-08-31',
      checkState: 'passed',
    });
  });

  it.each([QUERY, NESTED])('from the cache is as new as the reports: %s', async (query) => {
    for (const name of ['Once', 'Twice', 'Thrice']) {
      await publishName(name);
      for (let time = 1; time <= 3; time += 1) {
        const { body } = await api.query(query);
        expect(JSON.stringify(body.data)).toContain(name);
        expect(body.extensions.publication.number).toBe(number);
      }
    }
  });

  it('reflects exactly one publication while others are being published', async () => {
    let publishing = true;
    const publisher = (async () => {
      for (let time = 0; time < 30; time += 1) await publishName(`Name ${number + 1}`);
      publishing = false;
    })();
    const seen = new Set<number>();
    while (publishing) {
      const { body } = await api.query(NESTED);
      const { a, b, publication } = body.data;
      expect(publication.number).toBe(body.extensions.publication.number);
      expect(a.nodes[0].movieName).toBe(b.nodes[0].movieName);
      if (a.nodes[0].movieName.startsWith('Name'))
        expect(a.nodes[0].movieName).toBe(`Name ${publication.number}`);
      seen.add(publication.number);
    }
    await publisher;
    expect(seen.size).toBeGreaterThan(2);
  });
});

describe('a conditional request', () => {
  it('returns 304 as long as the response would be the same', async () => {
    const first = await get(QUERY);
    const etag = first.headers.get('etag')!;
    expect(first.status).toBe(200);
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get(QUERY, { 'if-none-match': condition });
      expect({ status: again.status, body: again.body, etag: again.headers.get('etag') }).toEqual({
        status: 304,
        body: '',
        etag,
      });
    }
    expect((await get(QUERY, { 'if-none-match': '"other"' })).status).toBe(200);
    await publishName('News');
    const after = await get(QUERY, { 'if-none-match': etag });
    expect(after.status).toBe(200);
    expect(after.body.data.movieScoreReport.nodes).toEqual([{ movieName: 'News' }]);
    expect(after.headers.get('etag')).not.toBe(etag);
  });

  it('is rejected without a preflight header also when the response is cached', async () => {
    for (let time = 1; time <= 3; time += 1) expect((await get(QUERY)).status).toBe(200);
    expect((await get(QUERY, { 'apollo-require-preflight': '' })).status).toBe(400);
  });

  it('must not be stored by shared caches', async () => {
    const { headers } = await get(QUERY);
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(headers.get('vary')).toContain('Authorization');
  });

  it('gets no etag for an error', async () => {
    const { status, headers } = await get('{ movieScoreReport(first: -1) { totalCount } }');
    expect(status).toBe(400);
    expect(headers.get('etag')).toBeNull();
  });
});
