import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningApi, startApi } from '../../../src/api/server.js';
import { createScratchReports, type ScratchReports } from '../../api/scratch-reports.js';
import { openProxy, type TcpProxy } from '../../tcp-proxy.js';
import { Browser, logInAtIssuer } from '../browser.js';
import { type ScratchIssuer, startScratchIssuer } from '../scratch-issuer.js';

const redisUrl = inject('redisUrl');
const secret = 'a secret that all processes of the API share';

/** Passes each request to the next of several servers, in turns. */
async function openBalancer() {
  const targets: string[] = [];
  let next = 0;
  const server = createServer((request, response) => {
    const { hostname, port } = new URL(targets[next++ % targets.length]!);
    const passed = send(
      { hostname, port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      },
    );
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    targets,
    close: () => server.close(),
  };
}

describe.skipIf(redisUrl === undefined)('login sessions in Redis', () => {
  let issuer: ScratchIssuer;
  let database: ScratchReports;
  let balancer: Awaited<ReturnType<typeof openBalancer>>;
  let proxy: TcpProxy;
  let redis: Redis;
  const prefix = `marquee-test-sessions-${process.pid}`;
  const apis: RunningApi[] = [];

  async function start(sessionSecret: string): Promise<RunningApi> {
    const client = issuer.clients.find(({ id }) => id === 'demo-dashboard')!;
    const api = await startApi({
      port: 0,
      host: '127.0.0.1',
      publicUrl: balancer.url,
      readerPool: database.reader,
      issuerUrl: issuer.issuerUrl,
      audience: 'marquee',
      reports: database.reports,
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
      login: { id: 'demo-dashboard', secret: client.secret, alwaysAsk: true },
      redis,
      redisPrefix: prefix,
      sessionSecret,
    });
    apis.push(api);
    return api;
  }

  beforeAll(async () => {
    [issuer, database, balancer, proxy] = await Promise.all([
      startScratchIssuer(),
      createScratchReports(),
      openBalancer(),
      openProxy(redisUrl!),
    ]);
    redis = new Redis(proxy.url, { maxRetriesPerRequest: 1 });
    redis.on('error', () => undefined);
    balancer.targets.push((await start(secret)).url, (await start(secret)).url);
  });
  afterEach(() => proxy.thaw());
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    const keys = await redis.keys(`${prefix}:*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
    await proxy.cut();
    balancer.close();
    await Promise.all([issuer.close(), database.drop()]);
  });

  async function loggedIn(): Promise<Browser> {
    const browser = new Browser();
    await browser.go(await logInAtIssuer(browser, { url: balancer.url }, issuer.issuerUrl, 'analyst'));
    return browser;
  }
  const statusOf = async (browser: Browser) => (await browser.go(`${balancer.url}/graphiql`)).status;

  it('serve every request at any process, without sticky sessions, until the user logs out', async () => {
    const browser = await loggedIn();
    expect([await statusOf(browser), await statusOf(browser), await statusOf(browser)]).toEqual([
      200, 200, 200,
    ]);
    await browser.go(`${balancer.url}/logout`, { method: 'POST', headers: { origin: balancer.url } });
    expect([await statusOf(browser), await statusOf(browser)]).toEqual([303, 303]);
  });

  it('are encrypted, and named by hashes', async () => {
    await loggedIn();
    const keys = await redis.keys(`${prefix}:session:*`);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      const kept = (await redis.getBuffer(key))!.toString('latin1');
      expect(kept).not.toMatch(/accessToken|analyst|eyJ/);
      expect(await redis.pttl(key)).toBeGreaterThan(0);
    }
  });

  it('are no sessions for a process with another secret', async () => {
    const browser = await loggedIn();
    balancer.targets.push((await start('another secret of at least thirty-two characters')).url);
    expect([await statusOf(browser), await statusOf(browser), await statusOf(browser)].sort()).toEqual([
      200, 200, 303,
    ]);
    balancer.targets.pop();
  });

  it('are answered with 503 in time while Redis hangs; tokens still work', async () => {
    const browser = await loggedIn();
    proxy.freeze();
    const started = performance.now();
    expect(await statusOf(browser)).toBe(503);
    expect(performance.now() - started).toBeLessThan(5000);
    const answer = await fetch(`${balancer.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await issuer.token('demo-partner')}`,
      },
      body: '{"query":"{ movieScoreReport(first: 1) { totalCount } }"}',
    });
    expect(answer.status).toBe(200);
  });
});
