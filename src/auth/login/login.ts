import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import OAuth2Strategy from 'passport-oauth2';
import { Failure } from '../../fault.js';
import { AccessError } from '../access-error.js';
import type { Caller } from '../caller.js';
import { discoverIssuer, type IssuerMetadata } from '../discovery.js';
import { SCOPES } from '../scopes.js';
import { LoginError } from './login-error.js';
import { SessionStore } from './session-store.js';
import type { LoggedInUser } from './user.js';

/** The client people log in by, as the issuer knows it; it authenticates with `client_secret_post`. */
export interface LoginClient {
  readonly id: string;
  readonly secret: string;
  /** Has the issuer ask who it is each time, even if it still knows the browser. */
  readonly alwaysAsk?: boolean;
}

export interface LoginOptions {
  readonly issuerUrl: string;
  readonly client: LoginClient;
  /** Where browsers reach the API; the way back from the issuer is `/login/callback` under it. */
  readonly publicUrl: string;
  /** Checks an access token. */
  readonly verify: (token: string) => Promise<Caller>;
  /** The pages one may come back to after login; the first if none was asked for. */
  readonly pages: readonly string[];
}

/** The steps of a browser login, each to be served at the path of its name. */
export interface BrowserLogin {
  /** Puts who is logged in onto the request; for whoever did not, or sends a token, it does nothing. */
  readonly recognize: RequestHandler[];
  /** `/login?to=PAGE`: sends the browser to the issuer. */
  readonly begin: RequestHandler[];
  /** `/login/callback`: takes the issuer's answer. */
  readonly finish: RequestHandler[];
  /** `POST /logout`: ends the session, and leaves the answer to what stands behind. */
  readonly end: RequestHandler[];
}

/** The name of the header with the session's token against foreign pages. */
const CSRF_HEADER = 'x-csrf-token';

/** Where the issuer sends browsers back to; it has to know this address of the client's. */
export function loginCallback(publicUrl: string): string {
  return new URL('/login/callback', publicUrl).href;
}

/** Login by authorization code with PKCE (RFC 7636), state, and the issuer's name in its answer (RFC 9207). */
export function browserLogin(options: LoginOptions): BrowserLogin {
  const { publicUrl, pages } = options;
  const { origin, hostname } = new URL(publicUrl);
  const secure = !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const cookieName = secure ? '__Host-marquee' : 'marquee.session';
  const withSession = session({
    name: cookieName,
    // Sessions live in this process, so may what signs their ids.
    secret: randomBytes(32).toString('base64url'),
    store: new SessionStore(),
    resave: false,
    saveUninitialized: false,
    // Whether the browser came by TLS is known to the proxy that ended it.
    proxy: true,
    cookie: { httpOnly: true, sameSite: 'lax', secure, path: '/' },
  });
  const passport = new Passport();
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user: Express.User, done) => done(null, user));
  // Each login asks anew: what an issuer said that is down by now would lead browsers to where nobody answers.
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
    readableQuery(request, {});
    passport.authenticate('issuer')(request, response, next);
  };

  const finish: RequestHandler = async (request, response, next) => {
    requireMethod(request, 'GET');
    readableQuery(request, answerOf(queryOf(request), await issuer()));
    const returnTo = request.session.returnTo ?? pages[0]!;
    const judged = (error: unknown, person: LoggedInUser | false | null | undefined) => {
      if (error) return next(refusalOf(error));
      if (!person)
        return next(
          new LoginError(403, 'The login was not begun by this browser, or is over: begin at /login.'),
        );
      // Renews the session's id, so that one known from before the login is of no use.
      request.logIn(person, (failed) => (failed ? next(failed) : response.redirect(303, returnTo)));
    };
    passport.authenticate('issuer', judged)(request, response, next);
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

/** Who is logged in, after `recognize`. */
export function userOf(request: IncomingMessage): LoggedInUser | undefined {
  return (request as Request).user;
}

/**
 * Lets a session ask only from a page of ours: the cookie alone is sent by any page of the same site.
 * @throws LoginError 403 without the session's token in `x-csrf-token`, or from another origin.
 */
export function requireOwnPage(request: IncomingMessage, person: LoggedInUser, publicUrl: string): void {
  requireSameOrigin(request, new URL(publicUrl).origin);
  const sent = Buffer.from(String(request.headers[CSRF_HEADER] ?? ''));
  const expected = Buffer.from(person.csrfToken);
  if (sent.length !== expected.length || !timingSafeEqual(sent, expected))
    throw new LoginError(403, `A session may ask only with its token in the ${CSRF_HEADER} header.`);
}

/** @throws LoginError 403 unless the browser says that a page of this origin asks. */
export function requireSameOrigin({ headers }: IncomingMessage, origin: string): void {
  const { origin: found, 'sec-fetch-site': site } = headers;
  if (found !== origin || (site !== undefined && site !== 'same-origin'))
    throw new LoginError(403, 'The request did not come from a page of this service.');
}

function strategyFor(metadata: IssuerMetadata, options: LoginOptions): OAuth2Strategy {
  const { client, publicUrl, verify } = options;
  if (!metadata.authorization_endpoint)
    throw new Failure(
      'issuer_unreachable',
      `${metadata.issuer} has no authorization_endpoint: nobody can log in there.`,
    );
  const strategy = new OAuth2Strategy(
    {
      authorizationURL: metadata.authorization_endpoint,
      tokenURL: metadata.token_endpoint,
      clientID: client.id,
      clientSecret: client.secret,
      callbackURL: loginCallback(publicUrl),
      scope: ['openid', ...SCOPES],
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
 * The parameters of the issuer's answer.
 * @throws LoginError when one is doubled or missing, when it names another issuer, or says that there is no login.
 */
function answerOf(query: URLSearchParams, metadata: IssuerMetadata): { code: string; state: string } {
  const one = (name: string) => {
    const values = query.getAll(name);
    if (values.length > 1)
      throw new LoginError(400, `The answer has ${values.length} times ${name}: expected one.`);
    return values[0];
  };
  const [code, state, iss, error] = [one('code'), one('state'), one('iss'), one('error')];
  if (
    iss !== metadata.issuer &&
    (iss !== undefined || metadata.authorization_response_iss_parameter_supported)
  )
    throw new LoginError(403, 'The answer is not from the issuer that was asked.');
  if (error !== undefined) throw new LoginError(401, 'The issuer did not log you in: begin again at /login.');
  if (!code || !state) throw new LoginError(400, 'The answer lacks code or state: begin again at /login.');
  return { code, state };
}

/** What passport tells of a login, without what the issuer said word for word. */
function refusalOf(error: unknown): Error {
  if (error instanceof Failure) return error;
  if (error instanceof AccessError)
    return new LoginError(403, `The issuer's access token is not for this service: ${error.message}`);
  const oauth =
    error instanceof OAuth2Strategy.TokenError || error instanceof OAuth2Strategy.AuthorizationError;
  return oauth
    ? new LoginError(403, 'The issuer does not take the code: begin again at /login.', { cause: error })
    : new Failure('issuer_unreachable', 'The issuer could not be asked for the token.', { cause: error });
}

function requireMethod({ method }: IncomingMessage, expected: 'GET' | 'POST'): void {
  if (method !== expected) throw new LoginError(400, `This path takes ${expected} alone.`);
}

function queryOf({ url }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url?.split('?')[1]);
}

/** The application parses no query strings; passport reads this one. */
function readableQuery(request: Request, query: object): void {
  Object.defineProperty(request, 'query', { value: query, configurable: true });
}

/** Asks once for all who ask at the same time: a flood of logins is none for the issuer. */
function shareConcurrent<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
