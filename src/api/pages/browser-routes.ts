import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { AccessError } from '../../auth/access-error.js';
import type { Caller } from '../../auth/caller.js';
import {
  browserLogin,
  type LoginClient,
  type LoginOptions,
  requireOwnPage,
  requireSameOrigin,
  userOf,
} from '../../auth/login/login.js';
import { LoginError } from '../../auth/login/login-error.js';
import type { TokenProfile } from '../../auth/token-profile.js';
import { exchangeOf, type Route } from '../http/router.js';
import { type BoardQueue, QUEUE_BOARD_PATH, queueBoard } from '../runs/queue-board.js';
import { GRAPHIQL_PATH, graphiqlRoutes } from './graphiql.js';
import { sendHtml } from './send-html.js';
import { START_PATH } from './start-page.js';

export interface BrowserRoutesOptions {
  readonly issuerUrl: string;
  readonly audience: string;
  readonly profile?: TokenProfile;
  readonly publicUrl: string;
  readonly client: LoginClient;
  readonly verify: (token: string) => Promise<Caller>;
  /** The queues that the queue board shows. Without any, there is no queue board. */
  readonly queues?: readonly BoardQueue[];
  /** Shares sessions with other API processes. */
  readonly sessions?: LoginOptions['sessions'];
}

/** The pages that users open in a browser, with a session instead of a token. */
export interface BrowserRoutes {
  readonly routes: readonly Route[];
  /** Sets the request's user. */
  readonly recognize: readonly RequestHandler[];
  /**
   * The access token of the request's session; undefined without a session.
   * @throws LoginError if the request does not come from a page of this service
   */
  tokenOf(request: IncomingMessage): string | undefined;
}

/** The headers that every response has, among them those of security and the request id. */
function redirectHeaders(response: Response): Record<string, string> {
  return { ...(exchangeOf(response).common as Record<string, string>), 'cache-control': 'no-store' };
}

const withCommonHeaders: RequestHandler = (_request, response, next) => {
  response.set(redirectHeaders(response));
  next();
};

/** A GET must not log anyone out, since any site can link to it: the user has to confirm. */
const confirmLogout: RequestHandler = (request, response, next) => {
  if (request.method !== 'GET') return next();
  sendHtml(response, {
    title: 'Log out',
    body: `<form method="post" action="/logout"><p>Do you want to log out? <button>Log out</button></p></form>`,
  });
};

/** Does not redirect to the login: the user may still be logged in at the issuer, which would log in again at once. */
const loggedOutPage: RequestHandler = (_request, response) =>
  sendHtml(response, { title: 'Logged out', body: '<p>You are logged out. <a href="/login">Log in</a></p>' });

/** A refused token means: not logged in. Other errors are reported, since a login would fail for the same reason. */
function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof AccessError)) throw error;
}

/** The routes of the login, and of the pages that need one. */
export function browserRoutes(options: BrowserRoutesOptions): BrowserRoutes {
  const { publicUrl, verify, queues = [] } = options;
  const { origin } = new URL(publicUrl);
  const boardPath = `${QUEUE_BOARD_PATH}/`;
  const login = browserLogin({
    ...options,
    pages: [GRAPHIQL_PATH, START_PATH, ...(queues.length > 0 ? [boardPath] : [])],
  });

  const requireLogin = (page: string): RequestHandler[] => [
    ...login.recognize,
    async (request, response, next) => {
      const user = userOf(request);
      const caller = user && (await verify(user.accessToken).catch(undefinedIfRefused));
      exchangeOf(response).note.caller = caller;
      if (caller) return next();
      if (request.method !== 'GET') throw new LoginError(401, 'You are not logged in. Log in at /login.');
      response.set(redirectHeaders(response)).redirect(303, `/login?to=${encodeURIComponent(page)}`);
    },
  ];
  const board: RequestHandler[] = [
    ...requireLogin(boardPath),
    (request, response, next) => {
      const { scopes } = exchangeOf(response).note.caller!;
      if (!scopes.has('jobs:read'))
        throw new LoginError(403, 'The queue board requires the scope jobs:read.');
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        if (!scopes.has('jobs:run')) throw new LoginError(403, 'Changing jobs requires the scope jobs:run.');
        requireSameOrigin(request, origin);
      }
      next();
    },
    ...(queues.length > 0 ? [queueBoard(queues)] : []),
  ];
  return {
    recognize: login.recognize,
    routes: [
      { path: '/login', handle: [withCommonHeaders, ...login.begin] },
      { path: '/login/callback', handle: [withCommonHeaders, ...login.finish] },
      { path: '/logout', handle: [confirmLogout, ...login.end, loggedOutPage] },
      ...graphiqlRoutes(requireLogin(GRAPHIQL_PATH)),
      ...(queues.length > 0
        ? [
            { path: QUEUE_BOARD_PATH, handle: board },
            { path: boardPath, handle: board },
          ]
        : []),
    ],
    tokenOf(request) {
      const user = userOf(request);
      if (user) requireOwnPage(request, user, publicUrl);
      return user?.accessToken;
    },
  };
}
