import type { Scope } from './scopes.js';

/** The holder of an access token, and what the token allows. */
export interface Caller {
  /** The client the token was issued to. */
  readonly clientId: string;
  /** The user; with client credentials, the client. */
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The scopes that the token states, for messages. */
  readonly scopesFound?: string;
  /** The id by which the token can be revoked: its `jti`. */
  readonly tokenId: string;
  /** When the token expires, in seconds since 1970. */
  readonly expiresAt: number;
}
