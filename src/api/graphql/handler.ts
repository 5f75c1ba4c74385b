import type { IncomingMessage } from 'node:http';
import { type ApolloServer, HeaderMap } from '@apollo/server';
import type { Request, RequestHandler, Response } from 'express';
import type pg from 'pg';
import { AccessError } from '../../auth/access-error.js';
import type { Caller } from '../../auth/caller.js';
import { SCOPES } from '../../auth/scopes.js';
import { spanned } from '../../telemetry.js';
import type { CallerPolicies, CallerRights } from '../access/caller-policy.js';
import { apiError, limitError } from '../errors/api-error.js';
import { beforeDeadline } from '../http/deadline.js';
import { namesTag } from '../http/entity-tag.js';
import { errorResponse, readBody, requireUnencoded, send } from '../http/responses.js';
import { type Exchange, exchangeOf } from '../http/router.js';
import { DatabaseShare } from '../limits/database-share.js';
import type { RequestLimits } from '../limits/limits.js';
import type { RateLimiter } from '../limits/rate-limit.js';
import { AnswerCache, type CachedAnswer } from '../operation/answer-cache.js';
import type { RequestContext } from '../operation/request-context.js';
import { RelatedRowBatches } from '../reports/related-rows.js';
import { ReadSession } from '../sql/read-session.js';
import { PREFLIGHTED } from './apollo.js';
import type { PublicationWatch } from './publication-watch.js';

export interface GraphqlHandlerOptions {
  readonly apollo: ApolloServer<RequestContext>;
  readonly callerOf: (request: IncomingMessage) => Promise<Caller>;
  readonly policies: CallerPolicies;
  readonly rateLimiter: RateLimiter;
  readonly cache: AnswerCache;
  readonly watch: PublicationWatch;
  readonly readerPool: pg.Pool;
  readonly limits: RequestLimits;
}

/** What is known about a request after authentication and the request quota. */
interface Admitted {
  readonly caller: Caller;
  readonly rights: CallerRights;
  /** Key of the response in the cache. */
  readonly key: string;
}

/** In order of preference if the client has none. Apollo uses the same order. */
const ANSWER_TYPES = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];

/**
 * The handler of `/graphql`. Authenticates the caller, applies its policy and quotas, and sends the cached response if
 * there is one. Otherwise Apollo runs the operation.
 */
export function graphqlHandler(options: GraphqlHandlerOptions): RequestHandler {
  const { apollo, policies, rateLimiter, cache, watch, readerPool, limits } = options;
  const share = new DatabaseShare(readerPool.options.max, rateLimiter.defaults);

  const answer: RequestHandler = (request, response) => {
    const open: { session?: ReadSession } = {};
    return beforeDeadline(limits.deadlineMs, respond(request, response, open), () => open.session?.abandon());
  };

  const respond = async (
    request: Request,
    response: Response,
    open: { session?: ReadSession },
  ): Promise<void> => {
    const exchange = exchangeOf(response);
    if (request.method !== 'POST' && request.method !== 'GET') return refuseMethod(exchange);
    const caller = await options.callerOf(request);
    exchange.note.caller = caller;
    if (caller.scopes.size === 0)
      throw new AccessError(
        'insufficient_scope',
        `The token has no scope of this service: ${caller.scopesFound ?? 'found none'}, expected one of ${SCOPES.join(', ')}.`,
      );
    const rights = policies(caller);
    Object.assign(exchange.common, PRIVATE, await rateLimiter.take('requests', caller, rights));
    const type = answerType(request);
    const content = await contentOf(request, limits.bodyBytes);
    const key = AnswerCache.key(rights.key, `${request.method} ${content}`);
    const kept = safeToRepeat(request) ? cache.get(key) : undefined;
    if (kept) {
      if ((await watch.current()) === kept.publication) {
        await rateLimiter.take('cost', caller, rights, kept.cost);
        return sendCached(exchange, kept, type);
      }
      cache.forget(key);
    }
    const body = request.method === 'POST' ? operationsOf(content, limits.batch) : undefined;
    await share.requireBudget(caller, rights);
    const leave = await share.enter(caller);
    const context = contextOf(exchange, { caller, rights, key });
    open.session = context.session;
    try {
      await spanned('graphql', 'INTERNAL', {}, () => answerByApollo(apollo, exchange, body, context));
    } finally {
      leave();
      void context.session.close();
      await share.spend(caller, context.session.databaseMs + context.used.databaseMs);
    }
  };

  const contextOf = (exchange: Exchange, { caller, rights, key }: Admitted): RequestContext => {
    const session = new ReadSession(readerPool);
    // Stops the database when the client disconnects.
    exchange.note.atClose = () => void session.close();
    return {
      requestId: exchange.requestId,
      caller,
      rights,
      session,
      note: exchange.note,
      used: { cost: 0, databaseMs: 0 },
      relatedRows: new RelatedRowBatches(session),
      spend: (cost) => rateLimiter.take('cost', caller, rights, cost),
      keep: (answer) => cache.keep(key, answer),
    };
  };

  return answer;
}

/** Keeps shared caches from storing responses, which depend on the caller. */
const PRIVATE = { 'cache-control': 'private, no-cache', vary: 'Authorization, Accept, Origin' };

/**
 * The media type of the response. Apollo checks it only after it has run the operation, when a mutation has already had
 * its effect.
 * @throws NOT_ACCEPTABLE
 */
function answerType(request: Request): string {
  const { accept } = request.headers;
  if (accept === undefined || accept === '*/*') return ANSWER_TYPES[0]!;
  const type = request.accepts(ANSWER_TYPES);
  if (type) return type;
  throw apiError(
    'NOT_ACCEPTABLE',
    `None of the accepted media types is available: accept ${ANSWER_TYPES.map((each) => each.split(';')[0]).join(' or ')}.`,
  );
}

/** Rejects a method here because Apollo would report a CSRF error instead. */
function refuseMethod({ request, response, requestId, common }: Exchange): void {
  const answer = errorResponse(
    'METHOD_NOT_ALLOWED',
    requestId,
    `GraphQL requires GET or POST, not ${request.method}.`,
  );
  send(response, { ...answer, headers: { allow: 'GET, POST' } }, common);
}

/** The text of a request's body or, without one, of its query string. */
async function contentOf(request: Request, maxBytes: number): Promise<string> {
  if (request.method !== 'POST') return request.url.split('?')[1] ?? '';
  const type = request.headers['content-type'] ?? '';
  if (type !== 'application/json') requireJson(type);
  requireUnencoded(request);
  return (await readBody(request, maxBytes)).toString('utf8');
}

/** @throws UNSUPPORTED_MEDIA_TYPE unless the body is JSON in UTF-8. */
function requireJson(type: string): void {
  const [name = '', ...parameters] = type.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((part) => part.startsWith('charset='))?.slice('charset='.length);
  if (name === 'application/json' && (!charset || /^"?utf-?8"?$/.test(charset))) return;
  throw apiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The body is ${name || 'without a media type'}${charset ? ` in ${charset}` : ''}: expected application/json in UTF-8.`,
  );
}

/** Whether the request passes Apollo's CSRF check. A cached response must not bypass that check. */
function safeToRepeat({ method, headers }: Request): boolean {
  return method === 'POST' || (method === 'GET' && PREFLIGHTED.some((name) => headers[name]));
}

/** The operation of a body, or the list of them. */
function operationsOf(text: string, maxBatch: number): unknown {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw apiError('BAD_REQUEST', 'The body is not valid JSON.');
  }
  if (!Array.isArray(content)) return content;
  if (content.length > maxBatch) throw limitError('batch size', maxBatch, content.length);
  // For one malformed operation Apollo rejects the whole batch while the others, including mutations, already run.
  const malformed = content.findIndex((each) => !isOperation(each));
  if (malformed >= 0)
    throw apiError(
      'BAD_REQUEST',
      `Operation ${malformed + 1} of the batch is malformed. None of the batch was run.`,
    );
  return content;
}

/** Whether it is an object whose members have the types required by GraphQL over HTTP. */
function isOperation(content: unknown): boolean {
  if (!isRecord(content) || Object.keys(content).length === 0) return false;
  const { query, operationName, variables, extensions } = content;
  const texts = [query, operationName].every((each) => typeof (each ?? '') === 'string');
  return texts && [variables, extensions].every((each) => isRecord(each ?? {}));
}

function isRecord(content: unknown): content is Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content);
}

/** The request headers that Apollo, its CSRF check and our plugin read. */
const READ_BY_APOLLO = ['accept', 'content-type', 'if-none-match', ...PREFLIGHTED];

/**
 * Lets Apollo run the operation and sends the response with Apollo's and the common headers in one call, which takes
 * half the time of setting them one by one.
 */
async function answerByApollo(
  apollo: ApolloServer<RequestContext>,
  { request, response, requestId, common, note }: Exchange,
  body: unknown,
  context: RequestContext,
): Promise<void> {
  const { method = '', url = '' } = request;
  const headers = new HeaderMap();
  for (const name of READ_BY_APOLLO) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const search = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method, headers, search, body },
    context: async () => context,
  });
  if (answer.body.kind !== 'complete')
    throw new Error('Apollo returned an incremental response, but the contract has no @defer or @stream');
  const text = answer.body.string;
  // The deadline has passed, and its response is sent.
  if (response.headersSent) return;
  send(
    response,
    {
      status: answer.status ?? 200,
      headers: Object.fromEntries(answer.headers),
      // Requests that Apollo rejects before it calls our plugin have no request id in their errors.
      body: note.byApollo ? text : withRequestId(text, requestId),
    },
    common,
  );
}

function sendCached({ request, response, common, note }: Exchange, kept: CachedAnswer, type: string): void {
  note.operation = kept.operationName;
  note.cost = kept.cost;
  note.fromCache = true;
  const { body, etag } = kept;
  const same = etag !== undefined && namesTag(request.headers['if-none-match'], etag);
  send(
    response,
    { status: same ? 304 : 200, headers: { 'content-type': type, ...(etag && { etag }) }, body },
    common,
  );
}

function withRequestId(text: string, requestId: string): string {
  const { errors } = JSON.parse(text) as { errors: { extensions?: object }[] };
  return JSON.stringify({
    errors: errors.map((error) => ({ ...error, extensions: { ...error.extensions, requestId } })),
  });
}
