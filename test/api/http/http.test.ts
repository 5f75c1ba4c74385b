import { request } from 'node:http';
import { connect } from 'node:net';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi({ corsOrigins: ['https://dashboard.example'], metricsPort: 0 });
});
afterAll(() => api?.close());

const authorized = async (headers: Record<string, string> = {}) => ({
  authorization: `Bearer ${await api.issuer.token('demo-partner')}`,
  ...headers,
});

describe('GraphQL over HTTP', () => {
  it('fails no MUST of the audit, and no SHOULD except the listed ones', async () => {
    const headers = await authorized({ 'apollo-require-preflight': '1' });
    const audits = serverAudits({
      url: () => `${api.url}/graphql`,
      fetchFn: (url: string, init: RequestInit = {}) =>
        fetch(url, { ...init, headers: { ...headers, ...(init.headers as object) } }),
    });
    const results = await Promise.all(audits.map((audit) => audit.fn()));
    const failed = results.flatMap((result) =>
      result.status === 'ok' ? [] : [`${result.name}: ${'reason' in result ? result.reason : ''}`],
    );
    expect(results.length).toBeGreaterThan(50);
    expect(failed.filter((each) => each.includes('MUST'))).toEqual([]);
    // Errors keep their status codes for application/json too, where the audit recommends 200.
    expect(
      failed.filter((each) => !each.includes('MUST') && !/SHOULD use (a status code of )?200|MAY/.test(each)),
    ).toEqual([]);
  });

  it.each([
    ['text/plain', 406],
    ['application/json; charset=utf-16', 406],
    ['application/graphql-response+json', 200],
    ['application/json;q=0.5, application/graphql-response+json', 200],
    ['*/*', 200],
  ])('responds to "accept: %s" with %i', async (accept, status) => {
    const { headers, ...answer } = await api.send('/graphql', {
      method: 'POST',
      headers: await authorized({ accept, 'content-type': 'application/json' }),
      body: '{"query":"{__typename}"}',
    });
    expect(answer.status).toBe(status);
    if (accept.includes('graphql-response'))
      expect(headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
  });

  it.each([
    ['PUT', '/graphql', undefined, 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/graphql', undefined, 405, 'METHOD_NOT_ALLOWED'],
    [
      'GET',
      '/graphql?query=mutation{cancelRun(id:"a",idempotencyKey:"k"){id}}',
      undefined,
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['POST', '/graphql', 'application/xml', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['POST', '/graphql', 'application/json; charset=latin1', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('rejects %s %s of type %s with %i', async (method, path, type, status, code) => {
    const token = await api.issuer.token('demo-admin');
    const answer = await api.send(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'apollo-require-preflight': '1',
        ...(type && { 'content-type': type }),
      },
      ...(method === 'POST' && { body: '{}' }),
    });
    expect({ status: answer.status, code: answer.body.errors[0].extensions.code }).toEqual({ status, code });
  });
});

describe('every response', () => {
  it('has the security headers', async () => {
    const { headers } = await api.send('/livez');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toContain('max-age=');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('can be read only by pages of listed origins', async () => {
    const preflight = (origin: string) =>
      api.send('/graphql', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const listed = await preflight('https://dashboard.example');
    expect(listed.status).toBe(204);
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
    const allowed = listed.headers.get('access-control-allow-headers')!.split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        ...['authorization', 'traceparent', 'x-apollo-operation-id'],
        ...['apollographql-client-name', 'apollographql-client-version'],
      ]),
    );
    const other = await preflight('https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each(['/', '/livez', '/readyz', '/.well-known/oauth-protected-resource'])(
    'from %s allows only GET and HEAD',
    async (path) => {
      const { status, headers } = await api.send(path, { method: 'DELETE' });
      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect((await fetch(`${api.url}${path}`, { method: 'HEAD' })).status).toBe(200);
    },
  );

  it.each(['/livez', '/', '/.well-known/oauth-protected-resource'])(
    'varies by origin, also at %s',
    async (path) => {
      const { headers } = await api.send(path);
      expect(headers.get('vary')).toContain('Origin');
    },
  );

  it('exposes the publication headers to pages of listed origins', async () => {
    const { headers } = await api.send('/livez', { headers: { origin: 'https://dashboard.example' } });
    expect(headers.get('access-control-expose-headers')).toContain('x-publication,');
  });
});

describe('a client that disconnects while it sends the body', () => {
  it('is not logged as an error', async () => {
    const { authorization } = (await authorized({})) as { authorization: string };
    const asked = request(`${api.url}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'content-length': 100 },
    });
    asked.on('error', () => undefined).write('{"que');
    await new Promise((resolve) => setTimeout(resolve, 200));
    asked.destroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(api.errors).toEqual([]);
  });
});

describe('a client that is refused while it sends the body', () => {
  it.each([
    ['POST /graphql', 401],
    ['PUT /livez', 405],
    ['GET /livez', 200],
  ])('gets the response to %s, and its connection is closed soon after', async (line, status) => {
    const { port } = new URL(api.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n`);
    const slowly = setInterval(() => socket.write('x'), 100);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const started = Date.now();
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(slowly);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*connection: close`, 'i'));
    expect(text).toMatch(/\}$/);
    expect(Date.now() - started).toBeLessThan(8_000);
  });

  it('keeps its connection if the body is short', async () => {
    const { headers } = await api.send('/graphql', { method: 'POST', body: '{"query":"{__typename}"}' });
    expect(headers.get('connection')).toBe('keep-alive');
  });
});

describe('a slow client', () => {
  it('is disconnected, while other requests are served', async () => {
    const { port, hostname } = new URL(api.url);
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    socket.write('POST /graphql HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    const closed = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    expect((await api.send('/livez')).status).toBe(200);
    expect(await closed).toContain('408 Request Timeout');
  });
});

describe('the metrics', () => {
  it('are served on a separate port and count requests by route and status', async () => {
    await api.send('/livez');
    await api.send('/nowhere');
    const text = await (await fetch(api.metricsUrl!)).text();
    expect(text).toMatch(/marquee_http_requests_total\{route="\/livez",status="200",cache="miss"\} [1-9]/);
    expect(text).toMatch(/marquee_http_requests_total\{route="none",status="404",cache="miss"\} 1/);
    expect(text).toMatch(/marquee_http_request_seconds_bucket/);
    expect((await api.send('/metrics')).status).toBe(404);
  });
});
