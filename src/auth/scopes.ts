/** Every scope of this service (RFC 6749 section 3.3). A token without any of them gives no access. */
export const SCOPES = ['reports:read', 'reports:export', 'jobs:read', 'jobs:run'] as const;

export type Scope = (typeof SCOPES)[number];

/** The scopes of this service among those that a token states. */
export function knownScopes(named: readonly string[]): ReadonlySet<Scope> {
  return new Set(SCOPES.filter((scope) => named.includes(scope)));
}
