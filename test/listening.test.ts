import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenAt } from '../src/listening.js';

const told = { host: '127.0.0.1', what: 'The API', settings: 'PORT or HOST' };

describe('a server', () => {
  const first: Server = createServer();
  let port: number;
  beforeAll(async () => {
    port = await listenAt(first, { ...told, port: 0 });
  });
  afterAll(() => first.close());

  it('is refused a port that another has, which is to be ended or given another', async () => {
    await expect(listenAt(createServer(), { ...told, port })).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringMatching(
        `^The API cannot listen on 127\\.0\\.0\\.1:${port} \\(.*EADDRINUSE.*\\); stop the process that uses the port, or set another PORT or HOST\\.$`,
      ),
    });
  });

  it('is not told to end anything where the address is none of ours', async () => {
    // Of the block kept for examples (RFC 5737).
    await expect(listenAt(createServer(), { ...told, port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The API cannot listen on 192\.0\.2\.1:0 \(.*\); set another PORT or HOST\.$/,
      ),
    });
  });
});
