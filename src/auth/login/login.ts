import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import session, { type Store } from 'express-session';
import { Passport } from 'passport';
import OAuth2Strategy from 'passport-oauth2';
import { Failure } from '../../fault.js';
import { AccessError } from '../access-error.js';
import type { Caller } from '../caller.js';
import { discoverIssuer, type IssuerMetadata } from '../discovery.js';
import { SCOPES } from '../scopes.js';
import { scopeAtIssuer, type TokenProfile } from '../token-profile.js';
import { LoginError } from './login-error.js';
import { SessionStore } from './session-store.js';
import type { LoggedInUser } from './user.js';

/** The client that users log in with, as registered with the issuer. It authenticates with `client_secret_post`. */
export interface LoginClient {
  readonly id: string;
  readonly secret: string;
  /** Whether the issuer shows its login page even if the user is still logged in there. */
  readonly alwaysAsk?: boolean;
}

export interface LoginOptions {
  readonly issuerUrl: string;
  readonly client: LoginClient;
  /** The audience of access tokens, and how the issuer's tokens name it. */
  readonly audience: string;
  readonly profile?: TokenProfile;
  /** Where browsers reach the API. The issuer redirects to `/login/callback` under it. */
  readonly publicUrl: string;
  readonly verify: (token: string) => Promise<Caller>;
  /** Shares sessions with other API processes. By default they are kept in this process. */
  readonly sessions?: { readonly store: Store; readonly secret: string } | undefined;
  /** The pages a login may return to. The first is the default. */
  readonly pages: readonly string[];
}

/** The request handlers of a browser login. */
export interface BrowserLogin {
  /** Sets the request's user. Does nothing if nobody is logged in, or if the request has a token. */
  readonly recognize: RequestHandler[];
  /** `/login?to=PAGE`: redirects the browser to the issuer. */
  readonly begin: RequestHandler[];
  /** `/login/callback`: handles the issuer's response. */
  readonly finish: RequestHandler[];
  /** `POST /logout`: ends the session. The next handler sends the response. */
  readonly end: RequestHandler[];
}

/** The header with the session's CSRF token. */
const CSRF_HEADER = 'x-csrf-token';

/** Where the issuer redirects browsers to. It must be registered for the client. */
export function loginCallback(publicUrl: string): string {
  return new URL('/login/callback', publicUrl).href;
}

/** Login by authorization code with PKCE (RFC 7636), state, and the issuer's name in its response (RFC 9207). */
export function browserLogin(options: LoginOptions): BrowserLogin {
  const { publicUrl, pages } = options;
  const { origin, hostname } = new URL(publicUrl);
  const secure = !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const cookieName = secure ? '__Host-marquee' : 'marquee.session';
  const withSession = session({
    name: cookieName,
    // If sessions are kept in this process, the key that signs their ids may be, too.
    secret: options.sessions?.secret ?? randomBytes(32).toString('base64url'),
    store: options.sessions?.store ?? new SessionStore(),
    resave: false,
    saveUninitialized: false,
    // Only the proxy that terminates TLS knows whether the browser used it.
    proxy: true,
    cookie: { httpOnly: true, sameSite: 'lax', secure, path: '/' },
  });
  const passport = new Passport();
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user: Express.User, done) => done(null, user));
  // Read for each login: with cached metadata, browsers would be redirected to an issuer that is down.
  const issuer = shareConcurrent(async () => {
    const metadata = await discoverIssuer(options.issuerUrl);
    passport.use('issuer', strategyFor(metadata, options));
    return metadata;
  });
  const fromSession: RequestHandler[] = [withSession, passport.session()];

  const recognize = fromSession.map(
    (step): RequestHandler =>
      (request, response, next) =>
        request.headers.authorization === undefined && request.headers.cookie?.includes(`${cookieName}=`)
          ? step(request, response, next)
          : next(),
  );

  const begin: RequestHandler = async (request, response, next) => {
    requireMethod(request, 'GET');
    await issuer();
    const to = queryOf(request).get('to');
    request.session.returnTo = pages.find((page) => page === to) ?? pages[0]!;
    setQuery(request, {});
    passport.authenticate('issuer')(request, response, next);
  };

  const finish: RequestHandler = async (request, response, next) => {
    requireMethod(request, 'GET');
    setQuery(request, callbackParameters(queryOf(request), await issuer()));
    const returnTo = request.session.returnTo ?? pages[0]!;
    const onResult = (error: unknown, user: LoggedInUser | false | null | undefined) => {
      if (error) return next(refusalOf(error));
      if (!user)
        return next(
          new LoginError(
            403,
            'This login has expired or was started in another browser. Log in again at /login.',
          ),
        );
      // Also renews the session id, so that an id known from before the login is useless.
      request.logIn(user, (failed) => (failed ? next(failed) : response.redirect(303, returnTo)));
    };
    passport.authenticate('issuer', onResult)(request, response, next);
  };

  const end: RequestHandler = (request, response, next) => {
    requireMethod(request, 'POST');
    requireSameOrigin(request, origin);
    request.session.destroy((error) => {
      if (error) return next(error);
      response.clearCookie(cookieName, { httpOnly: true, sameSite: 'lax', secure, path: '/' });
      next();
    });
  };

  return {
    recognize,
    begin: [withSession, begin],
    finish: [...fromSession, finish],
    end: [withSession, end],
  };
}

/** The logged-in user, after `recognize`. */
export function userOf(request: IncomingMessage): LoggedInUser | undefined {
  return (request as Request).user;
}

/**
 * Checks that a request of a session comes from a page of this service. The cookie does not prove it, since browsers
 * send it for every page of the same site.
 * @throws LoginError 403 without the session's CSRF token in `x-csrf-token`, or from another origin
 */
export function requireOwnPage(request: IncomingMessage, user: LoggedInUser, publicUrl: string): void {
  requireSameOrigin(request, new URL(publicUrl).origin);
  const sent = Buffer.from(String(request.headers[CSRF_HEADER] ?? ''));
  const expected = Buffer.from(user.csrfToken);
  if (sent.length !== expected.length || !timingSafeEqual(sent, expected))
    throw new LoginError(
      403,
      `The ${CSRF_HEADER} header must contain the CSRF token of the session. Reload the page.`,
    );
}

/** @throws LoginError 403 unless the browser states that the request comes from a page of this origin */
export function requireSameOrigin({ headers }: IncomingMessage, origin: string): void {
  const { origin: found, 'sec-fetch-site': site } = headers;
  if (found !== origin || (site !== undefined && site !== 'same-origin'))
    throw new LoginError(403, 'The request does not come from a page of this service.');
}

function strategyFor(metadata: IssuerMetadata, options: LoginOptions): OAuth2Strategy {
  const { client, publicUrl, verify } = options;
  if (!metadata.authorization_endpoint)
    throw new Failure(
      'issuer_unreachable',
      `The metadata of the issuer ${metadata.issuer} has no authorization_endpoint, so users cannot log in. Set OIDC_ISSUER to an issuer that supports the authorization code flow.`,
    );
  const strategy = new OAuth2Strategy(
    {
      authorizationURL: metadata.authorization_endpoint,
      tokenURL: metadata.token_endpoint,
      clientID: client.id,
      clientSecret: client.secret,
      callbackURL: loginCallback(publicUrl),
      scope: ['openid', ...SCOPES.map((scope) => scopeAtIssuer(scope, options))],
      state: true,
      pkce: true,
      skipUserProfile: true,
    },
    (accessToken: string, _refreshToken: string, _profile: unknown, done: OAuth2Strategy.VerifyCallback) => {
      verify(accessToken).then(
        ({ subject, scopes, expiresAt }) => {
          const csrfToken = randomBytes(24).toString('base64url');
          done(null, {
            subject,
            scopes: [...scopes],
            accessToken,
            expiresAt,
            csrfToken,
          } satisfies LoggedInUser);
        },
        (error: unknown) => done(error),
      );
    },
  );
  strategy.authorizationParams = () => (client.alwaysAsk ? { prompt: 'login' } : {});
  return strategy;
}

/**
 * The parameters of the issuer's response.
 * @throws LoginError if one is repeated or missing, if it names another issuer, or if the issuer refused the login
 */
function callbackParameters(
  query: URLSearchParams,
  metadata: IssuerMetadata,
): { code: string; state: string } {
  const one = (name: string) => {
    const values = query.getAll(name);
    if (values.length > 1)
      throw new LoginError(
        400,
        `The issuer's response has ${values.length} values of ${name}, expected one. Log in again at /login.`,
      );
    return values[0];
  };
  const [code, state, iss, error] = [one('code'), one('state'), one('iss'), one('error')];
  if (
    iss !== metadata.issuer &&
    (iss !== undefined || metadata.authorization_response_iss_parameter_supported)
  )
    throw new LoginError(403, 'The response comes from another issuer. Log in again at /login.');
  if (error !== undefined) throw new LoginError(401, 'The issuer refused the login. Log in again at /login.');
  if (!code || !state)
    throw new LoginError(400, "The issuer's response has no code or no state. Log in again at /login.");
  return { code, state };
}

/** The error to show for a failed login. It contains no text from the issuer. */
function refusalOf(error: unknown): Error {
  if (error instanceof Failure) return error;
  if (error instanceof AccessError)
    return new LoginError(403, `The issuer's access token is not valid for this service: ${error.message}`);
  const oauth =
    error instanceof OAuth2Strategy.TokenError || error instanceof OAuth2Strategy.AuthorizationError;
  return oauth
    ? new LoginError(403, 'The issuer refused the authorization code. Log in again at /login.', {
        cause: error,
      })
    : new Failure(
        'issuer_unreachable',
        'The token endpoint of the issuer does not respond. Check that the issuer runs.',
        { cause: error },
      );
}

function requireMethod({ method }: IncomingMessage, expected: 'GET' | 'POST'): void {
  if (method !== expected) throw new LoginError(400, `This path accepts only ${expected}.`);
}

function queryOf({ url }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url?.split('?')[1]);
}

/** Sets the query that passport reads, since the application does not parse query strings. */
function setQuery(request: Request, query: object): void {
  Object.defineProperty(request, 'query', { value: query, configurable: true });
}

/** Concurrent callers share one call, so that many logins at once cause one request to the issuer. */
function shareConcurrent<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= call().finally(() => {
      running = undefined;
    });
    return running;
  };
}
