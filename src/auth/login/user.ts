import type { Scope } from '../scopes.js';

/** Who is logged in, as the session keeps it on the server; the browser never sees the token. */
export interface LoggedInUser {
  readonly subject: string;
  readonly scopes: readonly Scope[];
  readonly accessToken: string;
  /** When the token, and with it the session, ends: seconds since 1970. */
  readonly expiresAt: number;
  /** What pages of ours send along with what they ask in the session's name. */
  readonly csrfToken: string;
}

declare module 'express-session' {
  interface SessionData {
    /** Where passport keeps who is logged in. */
    passport?: { user?: LoggedInUser };
    /** The page that asked for the login. */
    returnTo?: string;
  }
}

declare global {
  namespace Express {
    interface User extends LoggedInUser {}
  }
}
