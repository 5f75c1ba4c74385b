import type { Scope } from '../scopes.js';

/** A logged-in user, as stored in the session on the server. The browser never receives the access token. */
export interface LoggedInUser {
  readonly subject: string;
  readonly scopes: readonly Scope[];
  readonly accessToken: string;
  /** When the token and the session expire, in seconds since 1970. */
  readonly expiresAt: number;
  /** Pages of this service send it with their requests. */
  readonly csrfToken: string;
}

declare module 'express-session' {
  interface SessionData {
    /** Where passport stores the user. */
    passport?: { user?: LoggedInUser };
    /** The page to return to after login. */
    returnTo?: string;
  }
}

declare global {
  namespace Express {
    interface User extends LoggedInUser {}
  }
}
