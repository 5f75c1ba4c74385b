import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuerSecretsFile } from '../../../src/auth/issuer/store.js';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
let key: JWK;
let folder: string;
let revocationsFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-tokens-'));
  revocationsFile = join(folder, 'revoked');
  await writeFile(revocationsFile, '# ids of revoked tokens\nrevoked-id\n');
  api = await startScratchApi({ revocationsFile });
  const secrets = JSON.parse(await readFile(issuerSecretsFile(api.issuer.home), 'utf8'));
  key = secrets.jwks.keys[0];
});
afterAll(async () => {
  await api?.close();
  await rm(folder, { recursive: true, force: true });
});

const now = () => Math.floor(Date.now() / 1000);
const claims = (): JWTPayload => ({
  iss: api.issuer.issuerUrl,
  aud: 'marquee',
  sub: 'demo-partner',
  client_id: 'demo-partner',
  jti: 'a',
  iat: now(),
  exp: now() + 60,
  scope: 'reports:read',
});

async function token(
  changed: JWTPayload = {},
  header: object = {},
  signingKey?: Parameters<SignJWT['sign']>[0],
) {
  return new SignJWT({ ...claims(), ...changed })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header })
    .sign(signingKey ?? (await importJWK(key, 'RS256')));
}

/** A token built by hand, for cases that no library would sign. */
async function forged(header: object, payload: object = claims(), signature = 'c2ln') {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${part(header)}.${part(payload)}.${signature}`;
}

/** Uses node:http because `fetch` joins repeated headers and drops malformed ones. */
function send(
  headers: string[],
  path = '/graphql',
  body = '{"query":"{ genreReport(first: 1) { totalCount } }"}',
) {
  return new Promise<{ status: number; challenge: string; body: string }>((resolve, reject) => {
    const sent = request(`${api.url}${path}`, {
      method: 'POST',
      headers: [
        ...['host', new URL(api.url).host, 'content-type', 'application/json'],
        ...['content-length', String(body.length)],
        ...headers,
      ],
    });
    sent.on('error', reject).on('response', async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      const challenge = String(response.headers['www-authenticate'] ?? '');
      resolve({ status: response.statusCode!, challenge, body: text });
    });
    sent.end(body);
  });
}
const bearer = (text: string) => ['authorization', `Bearer ${text}`];

const metadata = () => `resource_metadata="${api.url}/.well-known/oauth-protected-resource"`;
const NONE = () => `Bearer realm="marquee", scope="reports:read", ${metadata()}`;
const INVALID = (reason: string) => () =>
  `Bearer realm="marquee", error="invalid_token", error_description="${reason}", ${metadata()}`;
const MALFORMED = (reason: string) => () =>
  `Bearer realm="marquee", error="invalid_request", error_description="${reason}", ${metadata()}`;
const SCOPE =
  (reason: string, scope = 'reports:read') =>
  () =>
    `Bearer realm="marquee", error="insufficient_scope", error_description="${reason}", scope="${scope}", ${metadata()}`;

const EXPIRED = INVALID('The token has expired: ask the issuer for a new one.');
const NOT_A_TOKEN = INVALID('The token is not a signed JWT access token.');
const algorithm = (found: string) =>
  INVALID(`The token's signature algorithm ${found} is not accepted, expected RS256, PS256, ES256, EdDSA.`);
const SIGNATURE = INVALID("The token's signature is wrong.");
const UNKNOWN_KEY = INVALID("The token's key is not among the issuer's keys.");
const noScope = (found: string) =>
  SCOPE(
    `The token has no scope of this service: ${found}, expected one of reports:read, reports:export, jobs:read, jobs:run.`,
  );
const HEADER = MALFORMED("The Authorization header is malformed: expected 'Bearer' and one token.");
const claimIs = (claim: string, found: string, expected: string) =>
  INVALID(`The token's ${claim} is ${found}, expected ${expected}.`);
const typeIs = (found: string) =>
  INVALID(
    `The token's typ is ${found}, expected at+jwt. The operator can accept others with OIDC_TOKEN_TYPES.`,
  );
const TIME = 'a time in seconds since 1970';
const notNumber = (claim: string) =>
  INVALID(`The token's ${claim} is not a number, expected seconds since 1970.`);

type Case = [string, () => Promise<Awaited<ReturnType<typeof send>>>, number, (() => string) | undefined];
const tokenCase = (
  name: string,
  make: () => Promise<string>,
  status: number,
  challenge?: () => string,
): Case => [name, async () => send(bearer(await make())), status, challenge];
const claimCase = (name: string, changed: () => JWTPayload, status: number, challenge?: () => string) =>
  tokenCase(name, () => token(changed()), status, challenge);

const MATRIX: Case[] = [
  claimCase('a valid token', () => ({}), 200),
  claimCase('an audience among several', () => ({ aud: ['other', 'marquee'] }), 200),
  claimCase('a scope among several', () => ({ scope: 'openid reports:read profile' }), 200),
  claimCase('an expiry within the clock tolerance', () => ({ exp: now() - 5 }), 200),
  claimCase('a start within the clock tolerance', () => ({ nbf: now() + 5 }), 200),
  tokenCase('the full media type', () => token({}, { typ: 'application/at+jwt' }), 200),
  [
    'a scheme in another case',
    async () => send(['Authorization', `bEARER ${await token()}`]),
    200,
    undefined,
  ],
  ['no header', () => send([]), 401, NONE],
  ['Basic credentials', () => send(['authorization', 'Basic ZGVtbzpkZW1v']), 401, NONE],
  ['an empty header', () => send(['authorization', '']), 401, NONE],
  ['a scheme without a token', () => send(['authorization', 'Bearer']), 400, HEADER],
  ['two tokens in one header', () => send(['authorization', 'Bearer a b']), 400, HEADER],
  ['a token with invalid characters', () => send(['authorization', 'Bearer a"b']), 400, HEADER],
  [
    'two valid headers',
    async () => send([...bearer(await token()), ...bearer(await token())]),
    400,
    MALFORMED('Found 2 Authorization headers. Send exactly one.'),
  ],
  [
    'a valid header and another one',
    async () => send([...bearer(await token()), 'Authorization', 'Basic ZGVtbzpkZW1v']),
    400,
    MALFORMED('Found 2 Authorization headers. Send exactly one.'),
  ],
  [
    'the token in the query string',
    async () => send([], `/graphql?access_token=${await token()}`),
    400,
    MALFORMED('The token is in the query string. Send it in the Authorization header.'),
  ],
  [
    'a valid header and a token in the query string',
    async () => send(bearer(await token()), `/graphql?access_token=x`),
    400,
    MALFORMED('The token is in the query string. Send it in the Authorization header.'),
  ],
  [
    'the token in the body',
    async () => send([], '/graphql', `{"access_token":"${await token()}"}`),
    401,
    NONE,
  ],
  ['the token in a cookie', async () => send(['cookie', `access_token=${await token()}`]), 401, NONE],
  tokenCase('a text that is not a JWT', async () => 'abc', 401, NOT_A_TOKEN),
  tokenCase('two dots and nothing else', async () => 'a.b.c', 401, NOT_A_TOKEN),
  tokenCase('a JWT of five parts', async () => 'a.b.c.d.e', 401, NOT_A_TOKEN),
  tokenCase('alg none', () => forged({ alg: 'none', typ: 'at+jwt' }, claims(), ''), 401, algorithm('none')),
  tokenCase('alg None in another case', () => forged({ alg: 'nOnE', typ: 'at+jwt' }), 401, algorithm('nOnE')),
  tokenCase(
    'the public key used as a secret',
    () => token({}, { alg: 'HS256' }, Buffer.from(JSON.stringify({ n: key.n, e: key.e }))),
    401,
    algorithm('HS256'),
  ),
  tokenCase(
    'an algorithm that is not listed',
    () => forged({ alg: 'RS384', typ: 'at+jwt', kid: key.kid }),
    401,
    algorithm('RS384'),
  ),
  tokenCase('no algorithm', () => forged({ typ: 'at+jwt' }), 401, NOT_A_TOKEN),
  tokenCase(
    'an unknown critical header',
    () => forged({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, crit: ['x'], x: 1 }),
    401,
    NOT_A_TOKEN,
  ),
  tokenCase('an unknown key id', () => token({}, { kid: 'unknown' }), 401, UNKNOWN_KEY),
  tokenCase('a key id that is a path', () => token({}, { kid: '../../etc/passwd' }), 401, UNKNOWN_KEY),
  tokenCase(
    'a signature by an unknown key',
    async () => token({}, {}, (await generateKeyPair('RS256')).privateKey),
    401,
    SIGNATURE,
  ),
  tokenCase(
    'a key in its header',
    async () => {
      const pair = await generateKeyPair('RS256');
      return token({}, { jwk: await exportJWK(pair.publicKey) }, pair.privateKey);
    },
    401,
    SIGNATURE,
  ),
  tokenCase(
    'a key address in its header',
    async () => token({}, { jku: 'http://localhost:1' }, (await generateKeyPair('RS256')).privateKey),
    401,
    SIGNATURE,
  ),
  tokenCase(
    'claims changed after signing',
    async () => {
      const [header, , signature] = (await token()).split('.');
      const payload = Buffer.from(JSON.stringify({ ...claims(), scope: 'jobs:run' })).toString('base64url');
      return `${header}.${payload}.${signature}`;
    },
    401,
    SIGNATURE,
  ),
  tokenCase('a truncated signature', async () => (await token()).slice(0, -8), 401, SIGNATURE),
  claimCase(
    'another issuer',
    () => ({ iss: 'http://localhost:1' }),
    401,
    () => claimIs('iss', 'http://localhost:1', api.issuer.issuerUrl)(),
  ),
  claimCase(
    'the issuer with an additional slash',
    () => ({ iss: `${api.issuer.issuerUrl}/` }),
    401,
    () => claimIs('iss', `${api.issuer.issuerUrl}/`, api.issuer.issuerUrl)(),
  ),
  claimCase(
    'no issuer',
    () => ({ iss: undefined }),
    401,
    () => claimIs('iss', 'missing', api.issuer.issuerUrl)(),
  ),
  claimCase('another audience', () => ({ aud: 'other' }), 401, claimIs('aud', 'other', 'marquee')),
  claimCase(
    'an audience in another case',
    () => ({ aud: 'MARQUEE' }),
    401,
    claimIs('aud', 'MARQUEE', 'marquee'),
  ),
  claimCase('no audience', () => ({ aud: undefined }), 401, claimIs('aud', 'missing', 'marquee')),
  claimCase('no expiry', () => ({ exp: undefined }), 401, claimIs('exp', 'missing', TIME)),
  claimCase('an expiry in the past', () => ({ exp: now() - 60 }), 401, EXPIRED),
  claimCase('an expiry just beyond the clock tolerance', () => ({ exp: now() - 11 }), 401, EXPIRED),
  claimCase(
    'a start in the future',
    () => ({ nbf: now() + 60 }),
    401,
    INVALID('The token is not valid yet.'),
  ),
  claimCase('no client', () => ({ client_id: undefined }), 401, claimIs('client_id', 'missing', 'a text')),
  claimCase('an empty client', () => ({ client_id: '' }), 401, claimIs('client_id', 'empty', 'a text')),
  claimCase('no subject', () => ({ sub: undefined }), 401, claimIs('sub', 'missing', 'a text')),
  claimCase('no time of issue', () => ({ iat: undefined }), 401, claimIs('iat', 'missing', TIME)),
  claimCase('no id', () => ({ jti: undefined }), 401, claimIs('jti', 'missing', 'a text')),
  claimCase(
    'a revoked id',
    () => ({ jti: 'revoked-id' }),
    401,
    INVALID('The token was revoked: ask the issuer for a new one.'),
  ),
  tokenCase('the type of an id token', () => token({}, { typ: 'JWT' }), 401, typeIs('JWT')),
  tokenCase('no type', () => token({}, { typ: undefined }), 401, typeIs('missing')),
  tokenCase(
    'a complete id token',
    () =>
      token({ aud: 'demo-dashboard', scope: undefined, client_id: undefined, nonce: 'n' }, { typ: 'JWT' }),
    401,
    typeIs('JWT'),
  ),
  claimCase('no scope', () => ({ scope: undefined }), 403, noScope('found none')),
  claimCase(
    'only scopes of other services',
    () => ({ scope: 'openid email' }),
    403,
    noScope('found openid email'),
  ),
  claimCase(
    'a scope that only begins with a known one',
    () => ({ scope: 'reports:read2' }),
    403,
    noScope('found reports:read2'),
  ),
  ...(
    [
      ['scope', ['reports:read'], 'a list'],
      ['scope', 7, 'a number'],
      ['scope', null, 'null'],
      ['jti', 7, 'a number'],
      ['jti', ['revoked-id'], 'a list'],
      ['sub', { id: 'demo-partner' }, 'an object'],
      ['sub', true, 'a boolean'],
      ['client_id', ['demo-partner'], 'a list'],
    ] as const
  ).map(([claim, value, found]) =>
    claimCase(
      `a ${claim} that is ${JSON.stringify(value)}`,
      () => ({ [claim]: value }),
      401,
      claimIs(claim, found, 'a text'),
    ),
  ),
  ...['exp', 'iat', 'nbf'].map((claim) =>
    claimCase(`a text as ${claim}`, () => ({ [claim]: '4102444800' }), 401, notNumber(claim)),
  ),
  claimCase(
    'an audience that is not a text',
    () => ({ aud: [7, 'marquee'] as unknown as string[] }),
    401,
    () => claimIs('aud', `[7, marquee]`, 'marquee')().replace('[7, marquee]', "[7,'marquee']"),
  ),
  claimCase(
    'an expiry in the year 9999',
    () => ({ exp: 253402300799 }),
    401,
    () =>
      INVALID(
        `The token is valid for another ${Math.floor((253402300799 - Date.now() / 1000) / 86400)} days, expected at most 30. Issue tokens with a shorter lifetime.`,
      )(),
  ),
  claimCase(
    'an id that no list of revoked tokens can contain',
    () => ({ jti: 'revoked-id\n' }),
    401,
    INVALID("The token's jti starts with # or contains line breaks or outer spaces, expected an id."),
  ),
  tokenCase(
    'a padded segment',
    async () => `${await token()}==`,
    401,
    INVALID('The token contains padding (=), expected base64url without padding.'),
  ),
  tokenCase(
    'another spelling of its signature',
    async () => {
      const valid = await token();
      const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(valid.at(-1)!);
      return `${valid.slice(0, -1)}${'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[last + 1]}`;
    },
    401,
    INVALID('The token is not canonical base64url.'),
  ),
  claimCase(
    'another scope of this service',
    () => ({ scope: 'jobs:run' }),
    403,
    SCOPE('The token lacks a scope.'),
  ),
];

describe('a request', () => {
  it('is tested in at least 40 ways', () => {
    expect(new Set(MATRIX.map(([name]) => name)).size).toBeGreaterThanOrEqual(40);
  });

  it.each(MATRIX)(
    'with %s gets the response that the standards require',
    async (_name, make, status, challenge) => {
      const answer = await make();
      expect(answer.status).toBe(status);
      expect(answer.challenge).toBe(challenge?.() ?? '');
      if (status !== 200) {
        expect(answer.body).toContain('"requestId"');
        expect(answer.body).not.toContain('totalCount');
      }
    },
  );

  it.each([
    ['reports:read', '{ runs(first: 1) { nodes { id } } }', 'jobs:read'],
    ['jobs:read', 'mutation { rebuildReports(idempotencyKey: "k") { id } }', 'jobs:run'],
    ['jobs:read', 'mutation { withdrawFile(file: 1, reason: "x", idempotencyKey: "k") { id } }', 'jobs:run'],
    ['jobs:read', '{ reports { name } runs { nodes { id } } }', 'reports:read jobs:read'],
  ])('with the scope %s is not allowed to run %s', async (scope, query, needed) => {
    const answer = await send(bearer(await token({ scope })), '/graphql', JSON.stringify({ query }));
    expect(answer.status).toBe(403);
    expect(answer.challenge).toBe(SCOPE('The token lacks a scope.', needed)());
  });
});

describe('a token that was valid', () => {
  it('is rejected soon after its id is added to the revocation list', async () => {
    const soon = await token({ jti: 'soon-revoked' });
    expect((await send(bearer(soon))).status).toBe(200);
    await writeFile(revocationsFile, 'revoked-id\nsoon-revoked\n');
    await expect
      .poll(async () => (await send(bearer(soon))).status, { timeout: 10_000, interval: 200 })
      .toBe(401);
  });
});

describe('the keys of an issuer', () => {
  let issuer: Server;
  let keys: JWK[] = [];
  let fetched = 0;
  afterAll(() => issuer?.close());

  it.each([
    ['have the status 500', 500, '{"keys":[]}'],
    ['are not JSON', 200, '<html>'],
    ['contain no key list', 200, '{}'],
  ])('cause ISSUER_UNAVAILABLE, not a rejected token, when they %s', async (_what, status, body) => {
    const broken = createServer((asked, response) => {
      const url = `http://localhost:${(broken.address() as AddressInfo).port}`;
      if (asked.url === '/jwks') return response.writeHead(status).end(body);
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` }));
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const issuerUrl = `http://localhost:${(broken.address() as AddressInfo).port}`;
    const asking = await startScratchApi({ issuerUrl });
    const answer = await asking.send('/graphql?query={__typename}', {
      headers: {
        authorization: `Bearer ${await token({ iss: issuerUrl })}`,
        'apollo-require-preflight': '1',
      },
    });
    expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([503, 'ISSUER_UNAVAILABLE']);
    await asking.close();
    broken.close();
  });

  it('can be rotated while the API runs: new keys are accepted, removed keys are rejected', async () => {
    const make = async (kid: string) => {
      const pair = await generateKeyPair('RS256', { extractable: true });
      return { pair, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256', use: 'sig' } };
    };
    const [first, second] = [await make('first'), await make('second')];
    keys = [first.jwk];
    issuer = createServer((asked, response) => {
      const url = `http://localhost:${(issuer.address() as AddressInfo).port}`;
      if (asked.url === '/jwks') fetched += 1;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(
          asked.url === '/jwks'
            ? { keys }
            : { issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` },
        ),
      );
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const issuerUrl = `http://localhost:${(issuer.address() as AddressInfo).port}`;
    const rotating = await startScratchApi({ issuerUrl, keysCooldownMs: 0, keysMaxAgeMs: 300 });
    const ask = async (made: typeof first, jti: string) => {
      const good = new SignJWT({ ...claims(), iss: issuerUrl, jti });
      const signed = await good
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: made.jwk.kid })
        .sign(made.pair.privateKey);
      const { status } = await rotating.send('/graphql?query={__typename}', {
        headers: { authorization: `Bearer ${signed}`, 'apollo-require-preflight': '1' },
      });
      return status;
    };
    expect(await ask(first, '1')).toBe(200);
    expect(await ask(first, '2')).toBe(200);
    expect(fetched).toBe(1);
    expect(await ask(second, '3')).toBe(401);
    keys = [first.jwk, second.jwk];
    expect(await ask(second, '4')).toBe(200);
    expect(await ask(first, '5')).toBe(200);
    keys = [second.jwk];
    await expect.poll(() => ask(first, `${Math.random()}`), { timeout: 5000 }).toBe(401);
    expect(await ask(second, '6')).toBe(200);
    await rotating.close();
  });
});
