import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8' };

describe('the start page', () => {
  let api: ScratchApi;
  beforeAll(async () => {
    api = await startScratchApi();
  });
  afterAll(() => api?.close());

  it('describes the service and what is published, without scripts or files from other servers', async () => {
    const { status, headers, body } = await api.send('/', { headers: BROWSER });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('vary')).toBe('accept');
    expect(body).toContain('<title>Marquee</title>');
    expect(body).toContain('Nothing is published yet.');
    expect(body).not.toMatch(/<script|\bon\w+=|(?:href|src)="(?:https?:)?\/\//);
  });

  it('links only to pages that exist', async () => {
    const { body } = await api.send('/', { headers: BROWSER });
    const links = [...body.matchAll(/href="(\/[^"]*)"/g)].map(([, path]) => path);
    expect(links).toEqual(['/.well-known/oauth-protected-resource', '/livez', '/readyz']);
    for (const path of links) expect((await api.send(path)).status, path).toBe(200);
  });

  it.each(['application/json', '*/*', 'image/png'])(
    'returns the same as JSON to a client that accepts %s',
    async (accept) => {
      const { status, headers, body } = await api.send('/', { headers: { accept } });
      expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
      expect(body).toEqual({
        name: 'Marquee',
        description: expect.stringContaining('GraphQL'),
        ready: true,
        publication: null,
        graphql: `${api.url}/graphql`,
        authorization: `${api.url}/.well-known/oauth-protected-resource`,
        health: { live: `${api.url}/livez`, ready: `${api.url}/readyz` },
      });
    },
  );

  it('accepts only GET and HEAD', async () => {
    const page = await api.send('/', { headers: BROWSER });
    const head = await api.send('/', { method: 'HEAD', headers: BROWSER });
    expect([head.status, head.body]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(page.headers.get('content-length'));
    const refused = await api.send('/', { method: 'POST' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('shows which publication is being served', async () => {
    await publish(api.database.owner, 3, 'genre_report', ['genre_id', 'year'], []);
    expect((await api.send('/', { headers: BROWSER })).body).toContain('Publication 3 is being served.');
    expect((await api.send('/')).body).toMatchObject({ publication: 3 });
  });
});

it('the start page reports that the database does not respond', async () => {
  const nowhere = new pg.Pool({ host: '127.0.0.1', port: 1 });
  const api = await startScratchApi({ readerPool: nowhere });
  const { status, body } = await api.send('/', { headers: BROWSER });
  await api.close();
  await nowhere.end();
  expect(status).toBe(200);
  expect(body).toContain('The database does not respond.');
});
