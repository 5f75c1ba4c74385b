import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import type { ProtectedResource } from '../../auth/access-error.js';
import type { Caller } from '../../auth/caller.js';
import { openRequestSpan } from '../../telemetry.js';
import type { ApiLogger } from '../api-logger.js';
import { errorPage, looksForPage } from './error-page.js';
import type { MessageClasses } from './listener.js';
import type { Metrics } from './metrics.js';
import { requestIdOf } from './request-id.js';
import {
  CallerGone,
  errorResponse,
  failureResponse,
  type HttpResponse,
  LINGER_MS,
  requireGet,
  send,
} from './responses.js';
import { crossOriginHeaders, type Headers, securityHeaders } from './security-headers.js';

/** What the log and the metrics record about a request. */
export interface RequestNote {
  route?: string;
  caller?: Caller;
  operation?: string;
  cost?: number;
  fromCache?: boolean;
  /** Whether Apollo's plugins have processed the response. */
  byApollo?: boolean;
  /** Called when the response is sent or the client has disconnected. */
  atClose?: () => void;
}

/** One request and its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Headers of every response. */
  readonly common: Headers;
  readonly note: RequestNote;
}

export type Handler = (exchange: Exchange) => Promise<void> | void;

export interface Route {
  /** The exact path or, if it ends with `/`, a prefix. `/` alone is an exact path. */
  readonly path: string;
  readonly handle: Handler | readonly RequestHandler[];
}

export interface Service {
  readonly routes: readonly Route[];
  readonly resource: ProtectedResource;
  readonly logger: ApiLogger;
  readonly metrics: Metrics;
  readonly corsOrigins: readonly string[];
}

/** A handler that always sends the same JSON. */
export function answerJson(content: object): Handler {
  const body = JSON.stringify(content);
  return ({ request, response, common }) => {
    requireGet(request, response);
    send(response, { status: 200, headers: {}, body }, common);
  };
}

/** The exchange that a response belongs to. */
export function exchangeOf(response: Response): Exchange {
  return response.locals.exchange as Exchange;
}

export interface Router {
  readonly listener: RequestListener;
  readonly classes: MessageClasses;
  serve(service: Service): void;
}

/**
 * Creates the router, which gives each request an id, passes it to its handler, and logs the outcome. It can listen
 * before `serve`, because some handlers need to know the address. Until then it responds 503.
 */
export function createRouter(): Router {
  const app = express();
  for (const setting of ['x-powered-by', 'etag', 'query parser']) app.disable(setting);
  for (const setting of ['case sensitive routing', 'strict routing']) app.enable(setting);
  let listener: RequestListener = (_request, response) =>
    response.writeHead(503, { 'retry-after': '1' }).end();
  return {
    listener: (request, response) => listener(request, response),
    classes: messageClasses(app),
    serve(service) {
      addRoutes(app, service);
      listener = app;
    },
  };
}

/**
 * Request and response classes with the prototypes of Express. Otherwise Express changes the prototypes of both for
 * each request, which makes everything Node does with them afterwards about 50 % slower.
 */
function messageClasses(app: Express): MessageClasses {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as Express['request'];
  app.response = AppResponse.prototype as Express['response'];
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

function addRoutes(app: Express, service: Service): void {
  app.use(openExchange(service));
  for (const { path, handle } of service.routes) {
    const pattern = path !== '/' && path.endsWith('/') ? new RegExp(`^${path}`) : path;
    const name: RequestHandler = (_request, response, next) => {
      exchangeOf(response).note.route = path;
      next();
    };
    const handlers =
      typeof handle === 'function'
        ? [((_request, response) => handle(exchangeOf(response))) satisfies RequestHandler]
        : handle;
    app.all(pattern, name, ...handlers);
  }
  app.use((_request, response) => {
    sendError(response, errorResponse('NOT_FOUND', exchangeOf(response).requestId));
  });
  app.use(answerFailure(service));
}

/** Gives the request its id and the common headers, and logs the outcome at the end. */
function openExchange({ logger, metrics, corsOrigins }: Service): RequestHandler {
  const security = securityHeaders(false);
  const crossOrigin = crossOriginHeaders(new Set(corsOrigins));
  // Also for requests without an Origin: a cache would otherwise serve that response, which lacks the CORS headers, to
  // a listed origin.
  const varied: Headers = corsOrigins.length > 0 ? { vary: 'Origin' } : {};

  return (request, response, next) => {
    const started = performance.now();
    const requestId = requestIdOf(request);
    const cors = crossOrigin(request);
    const common: Headers = { ...security, ...varied, 'x-request-id': requestId, ...cors };
    const note: RequestNote = {};
    const span = openRequestSpan(request.headers, {
      'http.request.method': request.method,
      'marquee.request_id': requestId,
    });
    response.locals.exchange = { request, response, requestId, common, note } satisfies Exchange;
    response.once('finish', () => {
      // A response that was not sent by `send`, such as a redirect.
      if (!request.complete) setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref();
    });
    response.once('close', () => {
      note.atClose?.();
      const seconds = (performance.now() - started) / 1000;
      const { statusCode: status } = response;
      const { route = 'none', fromCache = false } = note;
      metrics.request({ route, status, seconds, fromCache });
      span?.end(
        `${request.method} ${route}`,
        {
          'http.route': route,
          'http.response.status_code': status,
          'marquee.from_cache': fromCache,
          ...(note.caller && { 'marquee.client': note.caller.clientId }),
        },
        status >= 500,
      );
      if (route === '/livez' || route === '/readyz') return;
      logger.info(
        {
          requestId,
          method: request.method,
          route,
          // The response was cut off or never sent.
          ...(!response.writableFinished && { aborted: true }),
          status,
          ms: Math.round(seconds * 1000),
          client: note.caller?.clientId,
          subject: note.caller?.subject,
          operation: note.operation,
          cost: note.cost,
          fromCache,
        },
        'request',
      );
    });
    if (request.method === 'OPTIONS' && cors)
      return send(response, { status: 204, headers: {}, body: '' }, common);
    if (span) span.within(next);
    else next();
  };
}

function answerFailure({ resource, logger }: Service): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    // The client has disconnected, which is not a failure of the server. The request's log line has `aborted`.
    if (error instanceof CallerGone || (error !== null && error === request.errored))
      return response.destroy();
    if (response.headersSent) return response.destroy();
    sendError(response, failureResponse(error, exchangeOf(response).requestId, resource, logger));
  };
}

/** Sends an error response: a page to a browser that navigates, JSON to all others and always at `/graphql`. */
function sendError(response: Response, answer: HttpResponse): void {
  const { common, note } = exchangeOf(response);
  const asPage = note.route !== '/graphql' && looksForPage(response.req);
  const vary = common.vary === undefined ? 'Accept' : `Accept, ${common.vary}`;
  send(response, asPage ? errorPage(answer) : answer, { ...common, vary });
}
