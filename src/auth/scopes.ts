/** Every scope this service knows (RFC 6749 section 3.3); a token without any of them opens nothing. */
export const SCOPES = ['reports:read', 'reports:export', 'jobs:read', 'jobs:run'] as const;

export type Scope = (typeof SCOPES)[number];

/** The known scopes of a token's space-separated `scope` claim; unknown ones are of no use here and dropped. */
export function parseScopes(claim: unknown): ReadonlySet<Scope> {
  const named = typeof claim === 'string' ? claim.split(' ') : [];
  return new Set(SCOPES.filter((scope) => named.includes(scope)));
}
