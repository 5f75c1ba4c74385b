import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostInUrl, listenAt } from '../src/listening.js';

const place = { host: '127.0.0.1', what: 'The API', settings: 'PORT or HOST' };

describe('a host in a URL', () => {
  it.each([
    ['::1', '[::1]'],
    ['fe80::1%eth0', '[fe80::1]'],
    ['127.0.0.1', '127.0.0.1'],
    ['api.example', 'api.example'],
  ])('%s is %s', (host, inUrl) => {
    expect(hostInUrl(host)).toBe(inUrl);
    expect(URL.canParse(`http://${inUrl}:4000`)).toBe(true);
  });
});

describe('a server', () => {
  const first: Server = createServer();
  let port: number;
  beforeAll(async () => {
    port = await listenAt(first, { ...place, port: 0 });
  });
  afterAll(() => first.close());

  it('cannot listen on a port in use: the message says to stop the other process or change the setting', async () => {
    await expect(listenAt(createServer(), { ...place, port })).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringMatching(
        `^The API cannot listen on 127\\.0\\.0\\.1:${port} \\(.*EADDRINUSE.*\\); stop the process that uses the port, or set another PORT or HOST\\.$`,
      ),
    });
  });

  it('cannot listen on an address of another host: the message says to change the setting', async () => {
    // From the block reserved for documentation (RFC 5737).
    await expect(listenAt(createServer(), { ...place, port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'address_unusable',
      message: expect.stringMatching(
        /^The API cannot listen on 192\.0\.2\.1:0 \(.*\); set another PORT or HOST\.$/,
      ),
    });
  });
});
