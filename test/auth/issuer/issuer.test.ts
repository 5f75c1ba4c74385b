import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startIssuer } from '../../../src/auth/issuer/issuer.js';
import { issuerSecretsFile } from '../../../src/auth/issuer/store.js';
import { fetchClientToken } from '../../../src/auth/tokens/client-credentials.js';
import { createTokenVerifier } from '../../../src/auth/tokens/tokens.js';
import { type ScratchIssuer, startScratchIssuer } from '../scratch-issuer.js';

let issuer: ScratchIssuer;
beforeAll(async () => {
  issuer = await startScratchIssuer();
});
afterAll(() => issuer?.close());

describe('the redirects of the development issuer', () => {
  const begin = async (redirectUri: string) => {
    const query = new URLSearchParams({
      ...{ client_id: 'demo-dashboard', response_type: 'code', scope: 'openid', redirect_uri: redirectUri },
      ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
    });
    const { status } = await fetch(`${issuer.issuerUrl}/auth?${query}`, { redirect: 'manual' });
    return status;
  };

  it('are exactly those registered, also their ports', async () => {
    issuer.registerRedirects(['http://localhost:4000/login/callback', 'http://[::1]:4000/login/callback']);
    expect(await begin('http://localhost:4000/login/callback')).toBe(303);
    expect(await begin('http://[::1]:4000/login/callback')).toBe(303);
    for (const other of ['localhost:4001', '127.0.0.1:4000', 'localhost'])
      expect([other, await begin(`http://${other}/login/callback`)]).toEqual([other, 400]);
    issuer.registerRedirects([]);
    expect(await begin('http://localhost:4000/login/callback')).toBe(400);
  });
});

describe('the development issuer', () => {
  it('issues RFC 9068 access tokens for client credentials', async () => {
    const token = await issuer.token('demo-partner');
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', alg: 'RS256' });
    expect(decodeJwt(token)).toMatchObject({
      iss: issuer.issuerUrl,
      aud: 'marquee',
      client_id: 'demo-partner',
      sub: 'demo-partner',
      scope: 'reports:read reports:export',
    });
  });

  it('refuses a scope that the client does not have', async () => {
    await expect(issuer.token('demo-partner', ['jobs:run'])).rejects.toMatchObject({ code: 'token_refused' });
  });

  it('refuses a wrong client secret', async () => {
    const wrong = {
      issuerUrl: issuer.issuerUrl,
      clientId: 'demo-admin',
      clientSecret: 'no',
      scopes: ['jobs:run'],
    };
    await expect(fetchClientToken(wrong)).rejects.toMatchObject({ code: 'token_refused' });
  });

  it('refuses to start without permission', async () => {
    await expect(startIssuer({ port: 0, home: issuer.home, permission: 'none' })).rejects.toMatchObject({
      code: 'issuer_not_permitted',
    });
  });

  it('stores its secrets in a file that only the owner can read', async () => {
    expect((await stat(issuerSecretsFile(issuer.home))).mode & 0o777).toBe(0o600);
  });

  it('prints nothing to the console', async () => {
    const printed = ['log', 'info', 'warn', 'error'] as const;
    const spies = printed.map((name) => vi.spyOn(console, name));
    const other = await startScratchIssuer();
    await other.token('demo-partner');
    await fetch(`${other.issuerUrl}/auth?client_id=unknown`);
    await other.close();
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
    for (const spy of spies) spy.mockRestore();
  });

  it('still accepts its tokens after a restart', async () => {
    const home = await mkdtemp(join(tmpdir(), 'marquee-issuer-'));
    const first = await startScratchIssuer({ home });
    const token = await first.token('demo-partner');
    const secrets = await readFile(issuerSecretsFile(home), 'utf8');
    await first.close();
    const second = await startScratchIssuer({ home, port: Number(new URL(first.issuerUrl).port) });
    const verifier = createTokenVerifier({ issuerUrl: second.issuerUrl, audience: 'marquee' });
    await expect(verifier.verify(token)).resolves.toMatchObject({ clientId: 'demo-partner' });
    expect(await readFile(issuerSecretsFile(home), 'utf8')).toBe(secrets);
    await second.close();
    await rm(home, { recursive: true });
  });
});
