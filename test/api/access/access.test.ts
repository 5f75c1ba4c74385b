import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuerSecretsFile } from '../../../src/auth/issuer/store.js';
import { type Answer, type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
let key: JWK;
beforeAll(async () => {
  api = await startScratchApi();
  const secrets = JSON.parse(await readFile(issuerSecretsFile(api.issuer.home), 'utf8'));
  key = secrets.jwks.keys[0];
});
afterAll(() => api?.close());

const now = () => Math.floor(Date.now() / 1000);

/** A token with some claims changed, by default signed with the issuer's key. */
async function token(claims: JWTPayload, header: object = {}, signingKey?: Parameters<SignJWT['sign']>[0]) {
  const good = {
    iss: api.issuer.issuerUrl,
    aud: 'marquee',
    sub: 'demo-partner',
    client_id: 'demo-partner',
    jti: 'a',
    iat: now(),
    exp: now() + 60,
    scope: 'reports:read',
  };
  return new SignJWT({ ...good, ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header })
    .sign(signingKey ?? (await importJWK(key, 'RS256')));
}

function ask(
  authorization?: string,
  path = '/graphql',
  query = '{ genreReport { totalCount } }',
): Promise<Answer> {
  return api.send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query }),
  });
}

function expectRefusal(answer: Answer, status: number, challenge: string, code: string) {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('www-authenticate')).toBe(challenge);
  expect(answer.body.errors[0].extensions).toEqual({ code, requestId: answer.headers.get('x-request-id') });
  expect(answer.body.data).toBeUndefined();
}

describe('a request to the API', () => {
  it('succeeds with a valid token', async () => {
    const { status, body } = await ask(`Bearer ${await token({})}`);
    expect({ status, data: body.data }).toEqual({ status: 200, data: { genreReport: { totalCount: 0 } } });
  });

  it.each([undefined, 'Basic ZGVtbzpkZW1v'])(
    'with the header %s gets a challenge that shows how to authenticate',
    async (authorization) => {
      expectRefusal(
        await ask(authorization),
        401,
        `Bearer realm="marquee", scope="reports:read", resource_metadata="${api.url}/.well-known/oauth-protected-resource"`,
        'UNAUTHENTICATED',
      );
    },
  );

  it.each(['Bearer', 'Bearer a b', 'Bearer ü', 'Bearer a, Bearer b'])(
    'is malformed with the header "%s"',
    async (authorization) => {
      const answer = await ask(authorization === 'Bearer ü' ? 'Bearer \u00fc' : authorization);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="marquee", error="invalid_request", /,
      );
    },
  );

  it('is malformed with its token in the query string', async () => {
    const answer = await ask(undefined, `/graphql?access_token=${await token({})}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_request"');
  });

  it('is malformed with two Authorization headers, even if the first is valid', async () => {
    const bearer = `Bearer ${await token({})}`;
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${api.url}/graphql?query={__typename}`, {
        headers: ['authorization', bearer, 'authorization', bearer, 'host', new URL(api.url).host],
      });
      sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      sent.end();
    });
    expect(status).toBe(400);
  });

  const wrong: [string, () => Promise<string>, string][] = [
    [
      'another issuer',
      () => token({ iss: 'http://localhost:1' }),
      "The token's iss is http://localhost:1, expected ISSUER.",
    ],
    ['another audience', () => token({ aud: 'other' }), "The token's aud is other, expected marquee."],
    [
      'no expiry',
      () => token({ exp: undefined }),
      "The token's exp is missing, expected a time in seconds since 1970.",
    ],
    [
      'an expiry in the past',
      () => token({ exp: now() - 60 }),
      'The token has expired: ask the issuer for a new one.',
    ],
    ['a start in the future', () => token({ nbf: now() + 60 }), 'The token is not valid yet.'],
    [
      'the type of an id token',
      () => token({}, { typ: 'JWT' }),
      "The token's typ is JWT, expected at+jwt. The operator can accept others with OIDC_TOKEN_TYPES.",
    ],
    [
      'no client',
      () => token({ client_id: undefined }),
      "The token's client_id is missing, expected a text.",
    ],
    [
      'an unknown key',
      () => token({}, { kid: 'unknown' }),
      "The token's key is not among the issuer's keys.",
    ],
    [
      'a signature by another key',
      async () => token({}, {}, (await generateKeyPair('RS256')).privateKey),
      "The token's signature is wrong.",
    ],
    [
      'the public key used as a secret',
      () => token({}, { alg: 'HS256' }, Buffer.from(JSON.stringify({ n: key.n, e: key.e }))),
      "The token's signature algorithm HS256 is not accepted, expected RS256, PS256, ES256, EdDSA.",
    ],
    [
      'no signature',
      async () => {
        const [, payload] = (await token({})).split('.');
        return `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
      },
      "The token's signature algorithm none is not accepted, expected RS256, PS256, ES256, EdDSA.",
    ],
    ['a form that is not a JWT', async () => 'abc', 'The token is not a signed JWT access token.'],
  ];
  it.each(wrong)('is rejected for a token with %s', async (_name, make, reason) => {
    expectRefusal(
      await ask(`Bearer ${await make()}`),
      401,
      `Bearer realm="marquee", error="invalid_token", error_description="${reason.replace('ISSUER', api.issuer.issuerUrl)}", resource_metadata="${api.url}/.well-known/oauth-protected-resource"`,
      'UNAUTHENTICATED',
    );
  });

  it('tolerates clocks that differ by a few seconds', async () => {
    expect((await ask(`Bearer ${await token({ exp: now() - 2 })}`)).status).toBe(200);
    expect((await ask(`Bearer ${await token({ nbf: now() + 2 })}`)).status).toBe(200);
  });

  it.each([undefined, 'jobs:run', 'reports:export', 'other'])(
    'is forbidden with the scope %s',
    async (scope) => {
      const answer = await ask(`Bearer ${await token({ scope })}`);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="marquee", error="insufficient_scope", .*scope="reports:read"/,
      );
      expect(answer.body.errors[0].extensions.code).toBe('FORBIDDEN');
    },
  );

  it('is forbidden also when the field is in a fragment', async () => {
    const query =
      'query { ... on Query { ...hidden } } fragment hidden on Query { genreReport { totalCount } }';
    expect((await ask(`Bearer ${await token({ scope: 'jobs:run' })}`, '/graphql', query)).status).toBe(403);
  });

  it('can read the schema only with a token', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect((await ask(undefined, '/graphql', query)).status).toBe(401);
    expect(
      (await ask(`Bearer ${await token({})}`, '/graphql', query)).body.data.__schema.queryType.name,
    ).toBe('Query');
  });

  it('gets 503, not 401, while the keys of the issuer are unavailable', async () => {
    const lonely = await startScratchApi();
    const bearer = `Bearer ${await lonely.issuer.token('demo-partner')}`;
    await lonely.issuer.close();
    const { status, body } = await lonely.send('/graphql?query={__typename}', {
      headers: { authorization: bearer },
    });
    expect(status).toBe(503);
    expect(body.errors[0].extensions.code).toBe('ISSUER_UNAVAILABLE');
    await Promise.all([lonely.stop(), lonely.database.drop()]);
  });
});

describe('the metadata of the protected resource', () => {
  it('names the issuer of the tokens', async () => {
    expect((await api.send('/.well-known/oauth-protected-resource')).body).toEqual({
      resource: api.url,
      authorization_servers: [api.issuer.issuerUrl],
      scopes_supported: ['reports:read', 'reports:export', 'jobs:read', 'jobs:run'],
      bearer_methods_supported: ['header'],
    });
  });
});
