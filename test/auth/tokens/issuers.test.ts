import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier, type TokenVerifier } from '../../../src/auth/tokens/tokens.js';
import { readConfiguration } from '../../../src/configuration.js';

const page = readFileSync(new URL('../../../docs/issuers.md', import.meta.url), 'utf8');

/** The settings of an issuer's recipe in the docs. */
function recipe(issuer: string): Record<string, string> {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${issuer}\n`))!;
  const block = /```sh\n([\s\S]*?)```/.exec(section)![1]!;
  return Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
}

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let jwk: JWK;
let server: Server;
beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true });
  jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };
  server = createServer((asked, response) => {
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    response.setHeader('content-type', 'application/json');
    const metadata = { issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` };
    response.end(JSON.stringify(asked.url === '/jwks' ? { keys: [jwk] } : metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server?.close());

const issuerUrl = () => `http://localhost:${(server.address() as AddressInfo).port}`;
const now = () => Math.floor(Date.now() / 1000);

/** A verifier with the settings of a recipe, for the issuer of this test. */
function verifierOf(settings: Record<string, string>): TokenVerifier {
  const { audience, tokenProfile: profile } = readConfiguration(settings);
  return createTokenVerifier({ issuerUrl: issuerUrl(), audience, profile });
}

function sign(typ: string | undefined, claims: object): Promise<string> {
  return new SignJWT({ iss: issuerUrl(), iat: now(), exp: now() + 3600, ...claims } as JWTPayload)
    .setProtectedHeader({ alg: 'RS256', kid: 'k', ...(typ && { typ }) })
    .sign(keys.privateKey);
}

interface Issued {
  readonly typ?: string;
  readonly claims: Record<string, unknown>;
  readonly client: string;
}

const user = 'd3b07384-d113-4c9d-8a5e-2f1c0a7b9e11';
/** Access tokens with the claims that each issuer documents. */
const ISSUED: [string, string, Issued][] = [
  [
    'Keycloak',
    'a service account',
    {
      typ: 'JWT',
      client: 'partner',
      claims: {
        ...{ jti: 'trrtcc:5a2f', aud: ['marquee', 'account'], sub: user, typ: 'Bearer', azp: 'partner' },
        ...{
          acr: '1',
          scope: 'email reports:read profile',
          client_id: 'partner',
          realm_access: { roles: ['x'] },
        },
      },
    },
  ],
  [
    'Auth0',
    'client credentials',
    {
      typ: 'JWT',
      client: 'Abc123',
      claims: {
        ...{ sub: 'Abc123@clients', aud: 'https://reports.example.com', azp: 'Abc123' },
        ...{ scope: 'reports:read', gty: 'client-credentials' },
      },
    },
  ],
  [
    'Okta',
    'a user',
    {
      client: '0oa1',
      claims: {
        ...{ ver: 1, jti: 'AT.0mP4', aud: 'api://default', cid: '0oa1', uid: '00u1', sub: 'ann@example.com' },
        scp: ['openid', 'reports:read'],
      },
    },
  ],
  [
    'Entra',
    'a user',
    {
      typ: 'JWT',
      client: 'cccc',
      claims: {
        ...{ aud: '99999999-8888-7777-6666-555555555555', azp: 'cccc', azpacr: '1', oid: user, sub: 'AAAA' },
        ...{ scp: 'reports:read profile', tid: 't', uti: 'bQxz0', ver: '2.0', nbf: now() },
      },
    },
  ],
  [
    'Entra',
    'an application',
    {
      typ: 'JWT',
      client: 'cccc',
      claims: {
        ...{ aud: '99999999-8888-7777-6666-555555555555', azp: 'cccc', idtyp: 'app', oid: user, sub: user },
        ...{ roles: ['reports:read'], tid: 't', uti: 'bQxz1', ver: '2.0' },
      },
    },
  ],
  [
    'Cognito',
    'client credentials',
    {
      client: '1example',
      claims: {
        ...{ sub: '1example', client_id: '1example', token_use: 'access', version: 2, jti: user },
        ...{ scope: 'marquee/reports:read other/jobs:run', auth_time: now() },
      },
    },
  ],
];

describe('an access token', () => {
  it.each(ISSUED)('of %s for %s is accepted with the settings of the docs', async (issuer, _for, issued) => {
    const caller = await verifierOf(recipe(issuer)).verify(await sign(issued.typ, issued.claims));
    expect({ ...caller, scopes: [...caller.scopes] }).toMatchObject({
      clientId: issued.client,
      subject: issued.claims.sub,
      scopes: ['reports:read'],
    });
  });

  it.each(ISSUED)(
    'of %s for %s is refused by default, with what was expected',
    async (_issuer, _for, issued) => {
      const { audience } = { audience: String([issued.claims.aud ?? 'marquee'].flat()[0]) };
      const verifier = verifierOf({ OIDC_AUDIENCE: audience });
      await expect(verifier.verify(await sign(issued.typ, issued.claims))).rejects.toThrow(
        `The token's typ is ${issued.typ ?? 'missing'}, expected at+jwt. The operator can accept others with OIDC_TOKEN_TYPES.`,
      );
    },
  );

  it.each([
    ['Keycloak', { typ: 'ID' }, 'claim typ is ID, expected Bearer'],
    ['Keycloak', { at_hash: 'x' }, 'has the claim at_hash, so it is not an access token'],
    ['Keycloak', { aud: 'account' }, 'aud is account, expected marquee'],
    ['Keycloak', { azp: undefined }, 'azp is missing, expected a text. Found client_id'],
    ['Auth0', { nonce: 'n' }, 'has the claim nonce, so it is not an access token'],
    ['Okta', { scp: ['reports:read', 7] }, 'scp is a list, expected a text or a list of texts'],
    ['Cognito', { token_use: 'id' }, 'token_use is id, expected access'],
    ['Cognito', { scope: 'other/reports:read' }, 'no aud and no scope that begins with marquee/'],
    ['Cognito', { scope: 'reports:read' }, 'no aud and no scope that begins with marquee/'],
    ['Cognito', { aud: 'other' }, 'aud is other, expected marquee'],
  ])('of %s with %j is refused', async (issuer, changed, message) => {
    const [, , { typ, claims }] = ISSUED.find(([name]) => name === issuer)!;
    const verifier = verifierOf(recipe(issuer));
    await expect(verifier.verify(await sign(typ, { ...claims, ...changed }))).rejects.toThrow(message);
  });

  it('without an id can be revoked by the hash that the docs compute', async () => {
    const [, , { typ, claims }] = ISSUED.find(([name]) => name === 'Auth0')!;
    const token = await sign(typ, claims);
    const { tokenId } = await verifierOf(recipe('Auth0')).verify(token);
    const command = /printf .*(?= >>)/.exec(page)![0];
    const output = execFileSync('bash', ['-c', command], { env: { ...process.env, TOKEN: token } });
    expect(tokenId).toBe(output.toString().trim());
  });

  it('without scopes of this service names the claim that has some', async () => {
    const verifier = createTokenVerifier({ issuerUrl: issuerUrl(), audience: 'marquee' });
    const claims = { aud: 'marquee', sub: 's', client_id: 'c', jti: 'j', scp: ['reports:read'] };
    const { scopes, scopesFound } = await verifier.verify(await sign('at+jwt', claims));
    expect(scopes.size).toBe(0);
    expect(scopesFound).toContain('found none in scope, but the claim scp');
  });
});
