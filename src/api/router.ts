import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ProtectedResource } from '../auth/access-refusal.js';
import type { Caller } from '../auth/caller.js';
import type { ApiLogger } from './api-logger.js';
import { errorAnswer, failureAnswer, send } from './http-answers.js';
import { crossOriginHeaders, type Headers, securityHeaders } from './http-manners.js';
import type { Metrics } from './metrics.js';
import { requestIdOf } from './request-id.js';

/** What is noted of a request for the log and the metrics. */
export interface RequestNote {
  caller?: Caller;
  operation?: string;
  cost?: number;
  fromCache?: boolean;
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
  /** The whole path, or with a `/` at the end its beginning. */
  readonly path: string;
  readonly handle: Handler;
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
  return ({ response, common }) => send(response, { status: 200, headers: {}, body }, common);
}

/**
 * Leads requests to what answers them, with an id each, and notes how they went. It listens before there is something to
 * serve, since some of what is served must know the address.
 */
export function createRouter(): { readonly listener: RequestListener; serve(service: Service): void } {
  let listener: RequestListener = (_request, response) =>
    response.writeHead(503, { 'retry-after': '1' }).end();
  return {
    listener: (request, response) => listener(request, response),
    serve(service) {
      listener = listenerOf(service);
    },
  };
}

function listenerOf({ routes, resource, logger, metrics, corsOrigins }: Service): RequestListener {
  const exact = new Map(routes.filter(({ path }) => !path.endsWith('/')).map((route) => [route.path, route]));
  const beginnings = routes.filter(({ path }) => path.endsWith('/'));
  const security = securityHeaders(false);
  const crossOrigin = crossOriginHeaders(new Set(corsOrigins));

  return (request, response) => {
    const begun = performance.now();
    const requestId = requestIdOf(request);
    const path = (request.url ?? '/').split('?', 1)[0]!;
    const route = exact.get(path) ?? beginnings.find((each) => path.startsWith(each.path));
    const foreign = crossOrigin(request);
    const common: Headers = { ...security, 'x-request-id': requestId, ...foreign };
    const note: RequestNote = {};
    const name = route?.path ?? 'none';
    response.once('close', () => {
      const seconds = (performance.now() - begun) / 1000;
      const { statusCode: status } = response;
      const fromCache = note.fromCache ?? false;
      metrics.request({ route: name, status, seconds, fromCache });
      if (name === '/livez' || name === '/readyz') return;
      logger.info(
        {
          requestId,
          method: request.method,
          route: name,
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
    if (!route) return send(response, errorAnswer('NOT_FOUND', requestId), common);
    Promise.resolve(route.handle({ request, response, requestId, common, note })).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      send(response, failureAnswer(error, requestId, resource, logger), common);
    });
  };
}
