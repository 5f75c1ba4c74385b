import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiOptions, type RunningApi, startApi } from '../../../src/api/server.js';
import { createScratchReports, type ScratchReports } from '../../api/scratch-reports.js';
import { Browser, logInAtIssuer } from '../browser.js';
import { type ScratchIssuer, startScratchIssuer } from '../scratch-issuer.js';

const SESSION = 'marquee.session';

let issuer: ScratchIssuer;
let database: ScratchReports;
let api: RunningApi;
beforeAll(async () => {
  [issuer, database] = await Promise.all([startScratchIssuer(), createScratchReports()]);
  api = await start();
});
afterAll(async () => {
  await api?.close();
  await Promise.all([issuer?.close(), database?.drop()]);
});

function start(options: Partial<ApiOptions> = {}): Promise<RunningApi> {
  const { secret } = issuer.clients.find(({ id }) => id === 'demo-dashboard')!;
  return startApi({
    port: 0,
    host: '127.0.0.1',
    readerPool: database.reader,
    issuerUrl: issuer.issuerUrl,
    audience: 'marquee',
    reports: database.reports,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    login: { id: 'demo-dashboard', secret, alwaysAsk: true },
    ...options,
  });
}

const comeBack = (browser: Browser, account = 'analyst') =>
  logInAtIssuer(browser, api, issuer.issuerUrl, account);

async function loggedIn(account = 'analyst'): Promise<Browser> {
  const browser = new Browser();
  await browser.go(await comeBack(browser, account));
  return browser;
}

async function expectRefused(response: Response, status: number, code: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
}

const isLoggedIn = async (browser: Browser) => (await browser.go(`${api.url}/graphiql`)).status === 200;

describe('a browser login', () => {
  it('returns to the page that required it, with the user logged in', async () => {
    const browser = new Browser();
    const first = await browser.go(`${api.url}/graphiql`);
    expect([first.status, first.headers.get('location')]).toEqual([303, '/login?to=%2Fgraphiql']);
    const answer = await browser.go(await comeBack(browser));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/graphiql']);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('sends a PKCE challenge (S256), a state and the exact redirect URI', async () => {
    const asked = await new Browser().go(`${api.url}/login`);
    const url = new URL(asked.headers.get('location')!);
    expect(url.origin).toBe(issuer.issuerUrl);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'demo-dashboard',
      redirect_uri: `${api.url}/login/callback`,
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^.{20,}$/),
    });
  });

  it('returns only to pages of this service', async () => {
    const browser = new Browser();
    const back = await logInAtIssuer(browser, api, issuer.issuerUrl, 'analyst', 'https://elsewhere.example/');
    expect((await browser.go(back)).headers.get('location')).toBe('/graphiql');
  });

  it('hides the token from the browser: the cookie is an id, HttpOnly, SameSite=Lax, and Secure except on localhost', async () => {
    const browser = await loggedIn();
    expect(browser.lastCookies).toHaveLength(1);
    expect(browser.lastCookies[0]).toMatch(
      /^marquee\.session=s%3A[\w%.-]{60,200}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const elsewhere = await start({ publicUrl: 'https://marquee.example' });
    const asked = await fetch(`${elsewhere.url}/login`, {
      redirect: 'manual',
      headers: { 'x-forwarded-proto': 'https' },
    });
    await elsewhere.close();
    expect(asked.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-marquee=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
  });

  it('refuses a response without a state', async () => {
    const browser = new Browser();
    const back = new URL(await comeBack(browser));
    back.searchParams.delete('state');
    await expectRefused(await browser.go(back.href), 400, 'BAD_REQUEST');
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('refuses a response with a forged state', async () => {
    const browser = new Browser();
    const back = new URL(await comeBack(browser));
    back.searchParams.set('state', 'a'.repeat(24));
    await expectRefused(await browser.go(back.href), 403, 'FORBIDDEN');
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it("refuses the response to another browser's login, so that nobody is logged in as somebody else", async () => {
    const back = await comeBack(new Browser());
    await expectRefused(await new Browser().go(back), 403, 'FORBIDDEN');
    const begun = new Browser();
    await begun.go(`${api.url}/login`);
    await expectRefused(await begun.go(back), 403, 'FORBIDDEN');
    expect(await isLoggedIn(begun)).toBe(false);
  });

  it('refuses a repeated response', async () => {
    const browser = new Browser();
    const back = await comeBack(browser);
    expect((await browser.go(back)).status).toBe(303);
    await expectRefused(await browser.go(back), 403, 'FORBIDDEN');
  });

  it('refuses a code that was used before, although the state is valid', async () => {
    const browser = new Browser();
    const used = new URL(await comeBack(browser));
    await browser.go(used.href);
    const other = new Browser();
    const fresh = new URL(await comeBack(other));
    fresh.searchParams.set('code', used.searchParams.get('code')!);
    await expectRefused(await other.go(fresh.href), 403, 'FORBIDDEN');
    expect(await isLoggedIn(other)).toBe(false);
  });

  it.each([
    ['wrong', (query: URLSearchParams) => query.set('iss', 'https://issuer.example')],
    ['missing', (query: URLSearchParams) => query.delete('iss')],
    ['repeated', (query: URLSearchParams) => query.append('iss', 'https://issuer.example')],
  ])('refuses a response whose iss is %s', async (_fault, spoil) => {
    const browser = new Browser();
    const back = new URL(await comeBack(browser));
    expect(back.searchParams.get('iss')).toBe(issuer.issuerUrl);
    spoil(back.searchParams);
    expect([400, 403]).toContain((await browser.go(back.href)).status);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('does not show the error description of a response', async () => {
    const answer = await new Browser().go(
      `${api.url}/login/callback?error=access_denied&error_description=%3Cb%3E&iss=${encodeURIComponent(issuer.issuerUrl)}`,
    );
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain('<b>');
  });

  it('renews the session id, so that an id known from before is useless', async () => {
    const browser = new Browser();
    const back = await comeBack(browser);
    const before = browser.cookie(SESSION)!;
    await browser.go(back);
    expect(browser.cookie(SESSION)).not.toBe(before);
    const thief = new Browser();
    thief.plant(SESSION, before);
    expect(await isLoggedIn(thief)).toBe(false);
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('ignores a session id that it did not issue', async () => {
    const browser = new Browser();
    browser.plant(SESSION, 's%3Achosen.by-somebody');
    await browser.go(`${api.url}/login`);
    expect(browser.cookie(SESSION)).not.toContain('chosen');
  });
});

describe('an issuer that is down', () => {
  it('is reported to users who are logged in and users who log in, and nobody is logged out', async () => {
    const home = await mkdtemp(join(tmpdir(), 'marquee-login-'));
    let own = await startScratchIssuer({ home });
    const port = Number(new URL(own.issuerUrl).port);
    const { secret } = own.clients.find(({ id }) => id === 'demo-dashboard')!;
    // Fetches the keys for every token; by default they are cached for ten minutes.
    const asking = await start({
      issuerUrl: own.issuerUrl,
      login: { id: 'demo-dashboard', secret },
      keysMaxAgeMs: 0,
    });
    const user = new Browser();
    await user.go(await logInAtIssuer(user, asking, own.issuerUrl, 'analyst'));
    expect((await user.go(`${asking.url}/graphiql`)).status).toBe(200);
    await own.close();
    await expectRefused(await user.go(`${asking.url}/graphiql`), 503, 'ISSUER_UNAVAILABLE');
    await expectRefused(await new Browser().go(`${asking.url}/login`), 503, 'ISSUER_UNAVAILABLE');
    own = await startScratchIssuer({ home, port });
    expect((await user.go(`${asking.url}/graphiql`)).status).toBe(200);
    expect((await new Browser().go(`${asking.url}/login`)).status).toBe(302);
    await asking.close();
    await own.close();
    await rm(home, { recursive: true });
  });
});

/** Unless a page has an icon, browsers request one, and log an error if the page's policy blocks it. */
async function expectQuietIcon(page: Response): Promise<void> {
  expect(await page.text()).toMatch(/<link rel="icon" href="data:/);
  expect(page.headers.get('content-security-policy')).toMatch(/img-src [^;]*data:/);
}

it('each page of a login has an icon that its policy allows', async () => {
  const browser = new Browser();
  const issuerPage = await browser.followTo(`${api.url}/login`, `${issuer.issuerUrl}/interaction/`);
  await expectQuietIcon(await browser.go(issuerPage));
  const user = await loggedIn();
  await expectQuietIcon(await user.go(`${api.url}/graphiql`));
  await expectQuietIcon(await user.go(`${api.url}/logout`));
  const out = await user.go(`${api.url}/logout`, { method: 'POST', headers: { origin: api.url } });
  await expectQuietIcon(out);
});

describe('a logout', () => {
  it('ends the session on the server, so that its id is useless', async () => {
    const browser = await loggedIn();
    const id = browser.cookie(SESSION)!;
    const answer = await browser.go(`${api.url}/logout`, { method: 'POST', headers: { origin: api.url } });
    expect(answer.status).toBe(200);
    expect(browser.cookie(SESSION)).toBeUndefined();
    browser.plant(SESSION, id);
    expect(await isLoggedIn(browser)).toBe(false);
  });

  it('needs a confirmation if it is opened by a link', async () => {
    const browser = await loggedIn();
    const answer = await browser.go(`${api.url}/logout`);
    expect(answer.status).toBe(200);
    // Under no-referrer, the form would be sent with the origin "null" and refused.
    expect(answer.headers.get('referrer-policy')).toBe('same-origin');
    expect(await answer.text()).toContain('<form method="post" action="/logout">');
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it.each([
    ['by PUT', { method: 'PUT', headers: { origin: 'http://localhost' } }, 400],
    ['from another page', { method: 'POST', headers: { origin: 'https://elsewhere.example' } }, 403],
    ['without an origin', { method: 'POST' }, 403],
  ])('is refused %s', async (_way, init, status) => {
    const browser = await loggedIn();
    expect((await browser.go(`${api.url}/logout`, init)).status).toBe(status);
    expect(await isLoggedIn(browser)).toBe(true);
  });
});
