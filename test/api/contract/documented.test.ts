import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { callerPolicies } from '../../../src/api/access/caller-policy.js';
import { DEFAULT_LIMITS } from '../../../src/api/limits/limits.js';
import { DEFAULT_QUOTAS } from '../../../src/api/limits/rate-limit.js';
import { SCOPES } from '../../../src/auth/scopes.js';
import { movies } from '../../../src/dataset/movies.js';
import { packageRoot } from '../../../src/package-root.js';

const page = readFileSync(join(packageRoot, 'docs/api.md'), 'utf8');
const section = (title: string) => page.split(/^## /m).find((part) => part.startsWith(title))!;

it('the documentation lists the limits', () => {
  const listed = [...section('Limits').matchAll(/^\| .*? \| +(\d+) +\|/gm)].map(([, number]) =>
    Number(number),
  );
  const { cost, depth, aliases, fields, inputDepth, tokens, batch, bodyBytes } = DEFAULT_LIMITS;
  const { requestsPerMinute, costPerMinute, exportsPerHour } = DEFAULT_QUOTAS;
  const quotas = [requestsPerMinute, costPerMinute, exportsPerHour];
  expect(listed).toEqual([cost, depth, aliases, fields, inputDepth, tokens, batch, bodyBytes, ...quotas]);
});

it('the documentation lists exactly the scopes', () => {
  const listed = [...section('Get a token').matchAll(/^\| `([a-z:]+)`/gm)].map(([, scope]) => scope);
  expect(listed).toEqual([...SCOPES]);
});

it('the documented policy is valid, and the documented query matches the schema', () => {
  const [, policy] = /```json\n(.*?)```/s.exec(page)!;
  const rightsOf = callerPolicies(JSON.parse(policy!), movies.reports);
  const client = 'demo-partner';
  const caller = { clientId: client, subject: client, scopes: new Set<never>(), tokenId: '', expiresAt: 0 };
  const rights = rightsOf(caller);
  expect([...rights.reports!.keys()]).toEqual(['genre_report', 'production_company_report']);
  const [, body] = /<<'JSON'\n(.*?)\nJSON/s.exec(page)!;
  const schema = buildSchema(readFileSync(join(packageRoot, 'schema.graphql'), 'utf8'));
  expect(validate(schema, parse(JSON.parse(body!).query))).toEqual([]);
});
