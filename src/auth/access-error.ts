import type { Scope } from './scopes.js';

/** The `error` values of RFC 6750 section 3.1. */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

const STATUS: Record<BearerError, number> = {
  invalid_request: 400,
  invalid_token: 401,
  insufficient_scope: 403,
};

/**
 * A request refused because of its token. Without an `error` the request had no token: RFC 6750 section 3.1 asks that
 * such a response only states how to authenticate.
 */
export class AccessError extends Error {
  readonly status: number;

  constructor(
    readonly error: BearerError | undefined,
    message: string,
    /** The scopes that the request needs. */
    readonly scopes: readonly Scope[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'AccessError';
    this.status = error ? STATUS[error] : 401;
  }
}

/** What a challenge states about the protected service. */
export interface ProtectedResource {
  readonly realm: string;
  /** URL of the RFC 9728 description of the service. */
  readonly metadataUrl: string;
  /** The scopes to request if the refusal names none. */
  readonly defaultScopes: readonly Scope[];
}

/** The value of the `WWW-Authenticate` header for a refusal (RFC 6750 section 3, RFC 9728 section 5.1). */
export function challengeOf(refusal: AccessError, resource: ProtectedResource): string {
  const scopes = refusal.scopes.length > 0 ? refusal.scopes : resource.defaultScopes;
  const attributes: [string, string][] = [['realm', resource.realm]];
  if (refusal.error) {
    attributes.push(['error', refusal.error], ['error_description', refusal.message]);
  }
  if (refusal.error === undefined || refusal.error === 'insufficient_scope') {
    attributes.push(['scope', scopes.join(' ')]);
  }
  attributes.push(['resource_metadata', resource.metadataUrl]);
  return `Bearer ${attributes.map(([name, value]) => `${name}="${quotable(value)}"`).join(', ')}`;
}

/** RFC 6750 allows only %x20-21 / %x23-5B / %x5D-7E in an error_description: no quotes and no backslashes. */
function quotable(value: string): string {
  return value.replaceAll('"', "'").replace(/[^\x20-\x7e]|\\/g, ' ');
}
