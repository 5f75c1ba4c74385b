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
  requireGet,
  send,
} from './responses.js';
import { crossOriginHeaders, type Headers, securityHeaders } from './security-headers.js';

/** What is noted of a request for the log and the metrics. */
export interface RequestNote {
  route?: string;
  caller?: Caller;
  operation?: string;
  cost?: number;
  fromCache?: boolean;
  /** Apollo's plugins have seen the answer. */
  byApollo?: boolean;
  /** Called when the answer is sent or the caller has hung up. */
  atClose?: () => void;
}

/** One request and its answer to be. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Headers every answer has. */
  readonly common: Headers;
  readonly note: RequestNote;
}

export type Handler = (exchange: Exchange) => Promise<void> | void;

export interface Route {
  /** The whole path, or with a `/` at the end its beginning; `/` alone is the whole one. */
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

/** Answers with the same JSON always. */
export function answerJson(content: object): Handler {
  const body = JSON.stringify(content);
  return ({ request, response, common }) => {
    requireGet(request, response);
    send(response, { status: 200, headers: {}, body }, common);
  };
}

/** What is known of the request that a response answers. */
export function exchangeOf(response: Response): Exchange {
  return response.locals.exchange as Exchange;
}

export interface Router {
  readonly listener: RequestListener;
  readonly classes: MessageClasses;
  serve(service: Service): void;
}

/**
 * Leads requests to what answers them, with an id each, and notes how they went. It listens before there is something to
 * serve, since some of what is served must know the address.
 */
export function createRouter(): Router {
  const app = express();
  for (const manner of ['x-powered-by', 'etag', 'query parser']) app.disable(manner);
  for (const manner of ['case sensitive routing', 'strict routing']) app.enable(manner);
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
 * Requests and responses that are express's from the start. Else express changes the prototypes of both for each
 * request, and all that Node does with them from then on takes about half as long again.
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
    const place = path !== '/' && path.endsWith('/') ? new RegExp(`^${path}`) : path;
    const name: RequestHandler = (_request, response, next) => {
      exchangeOf(response).note.route = path;
      next();
    };
    const handlers =
      typeof handle === 'function'
        ? [((_request, response) => handle(exchangeOf(response))) satisfies RequestHandler]
        : handle;
    app.all(place, name, ...handlers);
  }
  app.use((_request, response) => {
    sendError(response, errorResponse('NOT_FOUND', exchangeOf(response).requestId));
  });
  app.use(answerFailure(service));
}

/** Gives the request its id and its answer's headers, and notes how it went when it is over. */
function openExchange({ logger, metrics, corsOrigins }: Service): RequestHandler {
  const security = securityHeaders(false);
  const crossOrigin = crossOriginHeaders(new Set(corsOrigins));
  // Also of an answer to no origin: kept between, it would be given to a page that may read it.
  const varied: Headers = corsOrigins.length > 0 ? { vary: 'Origin' } : {};

  return (request, response, next) => {
    const begun = performance.now();
    const requestId = requestIdOf(request);
    const foreign = crossOrigin(request);
    const common: Headers = { ...security, ...varied, 'x-request-id': requestId, ...foreign };
    const note: RequestNote = {};
    const span = openRequestSpan(request.headers, {
      'http.request.method': request.method,
      'marquee.request_id': requestId,
    });
    response.locals.exchange = { request, response, requestId, common, note } satisfies Exchange;
    response.once('close', () => {
      note.atClose?.();
      const seconds = (performance.now() - begun) / 1000;
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
          // After this the answer was cut off or never sent.
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
    if (request.method === 'OPTIONS' && foreign)
      return send(response, { status: 204, headers: {}, body: '' }, common);
    if (span) span.within(next);
    else next();
  };
}

function answerFailure({ resource, logger }: Service): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    // Nobody is there to be answered, and nothing broke here; the line on the request tells that it was cut off.
    if (error instanceof CallerGone || (error !== null && error === request.errored))
      return response.destroy();
    if (response.headersSent) return response.destroy();
    sendError(response, failureResponse(error, exchangeOf(response).requestId, resource, logger));
  };
}

/** Sends an error answer: to a person as a page, to programs, and to all who ask GraphQL, as JSON. */
function sendError(response: Response, answer: HttpResponse): void {
  const { common, note } = exchangeOf(response);
  const toPerson = note.route !== '/graphql' && looksForPage(response.req);
  const vary = common.vary === undefined ? 'Accept' : `Accept, ${common.vary}`;
  send(response, toPerson ? errorPage(answer) : answer, { ...common, vary });
}
