import type { Scope } from './scopes.js';

/** Who holds the access token, and what the token allows. */
export interface Caller {
  /** The client the token was issued to. */
  readonly clientId: string;
  /** The person, or the client itself for client credentials. */
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The token's `jti`. */
  readonly tokenId: string;
  /** When the token expires, in seconds since 1970. */
  readonly expiresAt: number;
}
