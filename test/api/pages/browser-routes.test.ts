import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../../src/api/server.js';
import type { AnyQueue } from '../../../src/queue/backend/backend.js';
import { Browser, logInAtIssuer } from '../../auth/browser.js';
import { type ScratchIssuer, startScratchIssuer } from '../../auth/scratch-issuer.js';
import { openQueueFixture, type QueueFixture } from '../../queue/queue-fixture.js';
import { queuePlaces } from '../../queue/queue-places.js';
import { createScratchReports, type ScratchReports } from '../scratch-reports.js';

describe.each(queuePlaces())('pages for a browser session, queues on $kind', (place) => {
  let issuer: ScratchIssuer;
  let database: ScratchReports;
  let fixture: QueueFixture;
  let queue: AnyQueue;
  let api: RunningApi;
  let analyst: Browser;
  let admin: Browser;
  beforeAll(async () => {
    [issuer, database, fixture] = await Promise.all([
      startScratchIssuer(),
      createScratchReports(),
      openQueueFixture(place),
    ]);
    queue = fixture.backend.makeQueue('drop');
    const { secret } = issuer.clients.find(({ id }) => id === 'demo-dashboard')!;
    api = await startApi({
      port: 0,
      host: '127.0.0.1',
      readerPool: database.reader,
      issuerUrl: issuer.issuerUrl,
      audience: 'marquee',
      reports: database.reports,
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
      login: { id: 'demo-dashboard', secret, alwaysAsk: true },
      queues: [queue],
    });
    [analyst, admin] = await Promise.all([loggedIn('analyst'), loggedIn('admin')]);
  });
  afterAll(async () => {
    await api?.close();
    await Promise.all([fixture?.close(), issuer?.close(), database?.drop()]);
  });

  async function loggedIn(account: string): Promise<Browser> {
    const browser = new Browser();
    await browser.go(await logInAtIssuer(browser, api, issuer.issuerUrl, account));
    return browser;
  }

  const csrfOf = async (browser: Browser) =>
    /name="csrf-token" content="([\w-]+)"/.exec(await (await browser.go(`${api.url}/graphiql`)).text())![1]!;

  const ask = (browser: Browser, headers: Record<string, string>, query = '{ __typename }') =>
    browser.go(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });

  const change = (browser: Browser, path: string, origin = api.url) =>
    browser.go(`${api.url}/admin/queues/api${path}`, { method: 'PUT', headers: { origin } });

  it('the API serves all files of GraphiQL, and its page links to no other server', async () => {
    const answer = await analyst.go(`${api.url}/graphiql`);
    const page = await answer.text();
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page).not.toMatch(/https?:/);
    const files = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((found) => found[1]!);
    expect(files).toHaveLength(5);
    for (const file of files) {
      const { status, headers } = await fetch(`${api.url}${file}`);
      expect([file, status, headers.get('content-type')]).toEqual([
        file,
        200,
        expect.stringMatching(/^text\/(css|javascript)/),
      ]);
    }
  });

  it('the default query of GraphiQL succeeds', async () => {
    const start = await (await analyst.go(`${api.url}/graphiql/start.js`)).text();
    const query = JSON.parse(/const defaultQuery = (".*");$/m.exec(start)![1]!);
    const csrfToken = await csrfOf(analyst);
    const answer = await (await ask(analyst, { 'x-csrf-token': csrfToken, origin: api.url }, query)).json();
    expect(answer).not.toHaveProperty('errors');
    expect(answer).toMatchObject({ data: { publication: null, reports: [] } });
  });

  it('a session can query GraphQL from its own page with its CSRF token', async () => {
    const answer = await ask(analyst, { origin: api.url, 'x-csrf-token': await csrfOf(analyst) });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({ data: { __typename: 'Query' } }),
    ]);
  });

  it('a session has only the scopes of its user', async () => {
    const own = { origin: api.url, 'x-csrf-token': await csrfOf(analyst) };
    const answer = await ask(analyst, own, '{ runs { nodes { id } } }');
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });

  it.each([
    ['without the token', async () => ({ origin: api.url })],
    [
      'with the token of another session',
      async () => ({ origin: api.url, 'x-csrf-token': await csrfOf(admin) }),
    ],
    [
      'from another origin',
      async () => ({ origin: 'https://elsewhere.example', 'x-csrf-token': await csrfOf(analyst) }),
    ],
    ['without an origin', async () => ({ 'x-csrf-token': await csrfOf(analyst) })],
    [
      'from another site that shares the origin header',
      async () => ({
        origin: api.url,
        'sec-fetch-site': 'cross-site',
        'x-csrf-token': await csrfOf(analyst),
      }),
    ],
  ])('a session is refused %s', async (_way, headers) => {
    expect((await ask(analyst, await headers())).status).toBe(403);
  });

  it('a token in the header takes precedence over the session', async () => {
    expect((await ask(analyst, { authorization: 'Bearer nothing' })).status).toBe(401);
    const token = await issuer.token('demo-partner');
    expect((await ask(analyst, { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('a session gives no access to exports', async () => {
    expect((await admin.go(`${api.url}/export/anything.csv`)).status).toBe(401);
  });

  it('the queue board redirects to the login, which returns to the board', async () => {
    const answer = await new Browser().go(`${api.url}/admin/queues/`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?to=%2Fadmin%2Fqueues%2F']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-request-id': expect.stringMatching(/./),
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });

  it('the queue board requires the scope jobs:read', async () => {
    expect((await analyst.go(`${api.url}/admin/queues/`)).status).toBe(403);
    expect((await analyst.go(`${api.url}/admin/queues/api/queues`)).status).toBe(403);
    const page = await admin.go(`${api.url}/admin/queues/`);
    expect(page.headers.has('x-powered-by')).toBe(false);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
  });

  it('a browser gets errors as a page with the reason and a link', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const refused = await analyst.go(`${api.url}/admin/queues/`, { headers });
    expect([refused.status, refused.headers.get('content-type'), refused.headers.get('vary')]).toEqual([
      403,
      'text/html; charset=utf-8',
      expect.stringContaining('Accept'),
    ]);
    const page = await refused.text();
    expect(page).toContain('<p>The queue board requires the scope jobs:read.</p>');
    expect(page).toContain('<a href="/">');
    expect(page).toContain(`FORBIDDEN, request ${refused.headers.get('x-request-id')}`);
    const missing = await analyst.go(`${api.url}/nowhere`, { headers });
    expect([missing.status, await missing.text()]).toEqual([
      404,
      expect.stringContaining('<h1>Not Found</h1>'),
    ]);
    const asked = await new Browser().go(`${api.url}/graphql?query={__typename}`, { headers });
    expect(await asked.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('the queue board loads nothing from other servers', async () => {
    const page = await (await admin.go(`${api.url}/admin/queues/`)).text();
    const asked = [...page.matchAll(/<(?:link|script|img)\b[^>]*\b(?:href|src)="([^"]*)"/g)].map(
      ([, at]) => at!,
    );
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((at) => new URL(at, `${api.url}/admin/queues/`).origin !== api.url)).toEqual([]);
    for (const at of asked)
      expect((await admin.go(new URL(at, `${api.url}/admin/queues/`).href)).status, at).toBe(200);
  });

  it('the start page links to all pages, and shows who is logged in', async () => {
    const html = { headers: { accept: 'text/html' } };
    const page = await (await admin.go(`${api.url}/`, html)).text();
    expect(page).toContain('Logged in as admin.');
    expect(page).toContain('<form method="post" action="/logout">');
    const links = [...page.matchAll(/href="(\/[^"]*)"/g)].map(([, path]) => path!);
    expect(links).toEqual(expect.arrayContaining(['/graphiql', '/admin/queues/', '/livez', '/readyz']));
    for (const path of links) expect((await admin.go(`${api.url}${path}`)).status, path).toBe(200);
    expect(await (await new Browser().go(`${api.url}/`, html)).text()).toContain(
      '<a href="/login?to=/">Log in</a>',
    );
    const browser = new Browser();
    const back = await browser.go(await logInAtIssuer(browser, api, issuer.issuerUrl, 'analyst', '/'));
    expect(back.headers.get('location')).toBe('/');
  });

  it('the queue board shows the queues and their jobs', async () => {
    await queue.add('load', { file: 'people.csv' });
    const answer = await admin.go(`${api.url}/admin/queues/api/queues?activeQueue=drop&status=latest&page=1`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({
        queues: [
          expect.objectContaining({ name: 'drop', jobs: [expect.objectContaining({ name: 'load' })] }),
        ],
      }),
    ]);
  });

  it('the queue board can change queues with the scope jobs:run, from its own page', async () => {
    expect((await change(admin, '/queues/drop/pause', 'https://elsewhere.example')).status).toBe(403);
    expect(await queue.isPaused()).toBe(false);
    expect((await change(admin, '/queues/drop/pause')).status).toBe(200);
    expect(await queue.isPaused()).toBe(true);
    await queue.resume();
  });

  it('the queue board is read-only without the scope jobs:run', async () => {
    const viewer = await loggedIn('operator');
    const answer = await viewer.go(`${api.url}/admin/queues/api/queues`);
    expect(await answer.json()).toMatchObject({ queues: [{ name: 'drop', readOnlyMode: true }] });
    expect((await change(viewer, '/queues/drop/pause')).status).toBe(403);
    expect(await queue.isPaused()).toBe(false);
  });
});
