/** Every scope of this service (RFC 6749 section 3.3). A token without any of them gives no access. */
export const SCOPES = ['reports:read', 'reports:export', 'jobs:read', 'jobs:run'] as const;

export type Scope = (typeof SCOPES)[number];

/** The scopes in a token's space-separated `scope` claim, without those that this service does not know. */
export function parseScopes(claim: unknown): ReadonlySet<Scope> {
  const named = typeof claim === 'string' ? claim.split(' ') : [];
  return new Set(SCOPES.filter((scope) => named.includes(scope)));
}
