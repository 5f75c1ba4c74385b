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
