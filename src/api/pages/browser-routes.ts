import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AccessError } from '../../auth/access-error.js';
import type { Caller } from '../../auth/caller.js';
import {
  browserLogin,
  type LoginClient,
  requireOwnPage,
  requireSameOrigin,
  userOf,
} from '../../auth/login/login.js';
import { LoginError } from '../../auth/login/login-error.js';
import { exchangeOf, type Route } from '../http/router.js';
import { type BoardQueue, QUEUE_BOARD_PATH, queueBoard } from '../runs/queue-board.js';
import { GRAPHIQL_PATH, graphiqlRoutes } from './graphiql.js';
import { sendHtml } from './send-html.js';
import { START_PATH } from './start-page.js';

export interface BrowserRoutesOptions {
  readonly issuerUrl: string;
  readonly publicUrl: string;
  readonly client: LoginClient;
  readonly verify: (token: string) => Promise<Caller>;
  /** What the queue board shows; no board without any. */
  readonly queues?: readonly BoardQueue[];
}

/** What people reach with a browser and a session instead of a token. */
export interface BrowserRoutes {
  readonly routes: readonly Route[];
  /** Puts who is logged in onto the request. */
  readonly recognize: readonly RequestHandler[];
  /**
   * The token of the session that asks, from a page of ours; undefined without a session.
   * @throws LoginError when another page asks in the session's name.
   */
  tokenOf(request: IncomingMessage): string | undefined;
}

const withCommonHeaders: RequestHandler = (_request, response, next) => {
  response.set({ ...(exchangeOf(response).common as Record<string, string>), 'cache-control': 'no-store' });
  next();
};

/** A link must log nobody out, since a foreign page can have it followed: whoever follows one is asked. */
const askToLeave: RequestHandler = (request, response, next) => {
  if (request.method !== 'GET') return next();
  sendHtml(response, {
    title: 'Log out',
    body: `<form method="post" action="/logout"><p>Do you want to log out? <button>Log out</button></p></form>`,
  });
};

/** No redirect to the login: the issuer may still know the browser and would log it in again at once. */
const sayGoodbye: RequestHandler = (_request, response) =>
  sendHtml(response, { title: 'Logged out', body: '<p>You are logged out. <a href="/login">Log in</a></p>' });

/** A token that is not good is of nobody; that the issuer cannot be asked is to be told: a login could not be had there either. */
function noneIfRefused(error: unknown): undefined {
  if (!(error instanceof AccessError)) throw error;
}

/** Login and what stands behind it. */
export function people(options: BrowserRoutesOptions): BrowserRoutes {
  const { publicUrl, verify, queues = [] } = options;
  const { origin } = new URL(publicUrl);
  const boardPath = `${QUEUE_BOARD_PATH}/`;
  const login = browserLogin({
    ...options,
    pages: [GRAPHIQL_PATH, START_PATH, ...(queues.length > 0 ? [boardPath] : [])],
  });

  const letIn = (page: string): RequestHandler[] => [
    ...login.recognize,
    async (request, response, next) => {
      const person = userOf(request);
      const caller = person && (await verify(person.accessToken).catch(noneIfRefused));
      exchangeOf(response).note.caller = caller;
      if (caller) return next();
      if (request.method !== 'GET') throw new LoginError(401, 'Nobody is logged in: begin at /login.');
      response.redirect(303, `/login?to=${encodeURIComponent(page)}`);
    },
  ];
  const board: RequestHandler[] = [
    ...letIn(boardPath),
    (request, response, next) => {
      const { scopes } = exchangeOf(response).note.caller!;
      if (!scopes.has('jobs:read')) throw new LoginError(403, 'The queue board needs the scope jobs:read.');
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        if (!scopes.has('jobs:run')) throw new LoginError(403, 'To change jobs needs the scope jobs:run.');
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
      { path: '/logout', handle: [askToLeave, ...login.end, sayGoodbye] },
      ...graphiqlRoutes(letIn(GRAPHIQL_PATH)),
      ...(queues.length > 0
        ? [
            { path: QUEUE_BOARD_PATH, handle: board },
            { path: boardPath, handle: board },
          ]
        : []),
    ],
    tokenOf(request) {
      const person = userOf(request);
      if (person) requireOwnPage(request, person, publicUrl);
      return person?.accessToken;
    },
  };
}
