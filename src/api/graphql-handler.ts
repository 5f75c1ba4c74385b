import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type pg from 'pg';
import { AccessRefusal, challengeOf, type ProtectedResource } from '../auth/access-refusal.js';
import type { Caller } from '../auth/caller.js';
import type { AllowanceHeaders, Allowances } from './allowance.js';
import { AnswerCache, type KeptAnswer } from './answer-cache.js';
import type { ApiLogger } from './api-logger.js';
import type { CallerPolicies } from './caller-policy.js';
import { apiError } from './error-answers.js';
import {
  type GraphqlParams,
  paramsOfBody,
  paramsOfQuery,
  refuseForeignPages,
  requireJson,
} from './graphql-params.js';
import { failureAnswer, type HttpAnswer, readBody, send } from './http-answers.js';
import type { Headers } from './http-manners.js';
import type { Limits } from './limits.js';
import { answerType } from './media-type.js';
import type { OperationAnswer, operationAnswers } from './operation-answers.js';
import type { PublicationWatch } from './publication-watch.js';
import { ReadSession } from './read-session.js';
import type { Exchange, RequestNote } from './router.js';

export interface GraphqlHandlerOptions {
  readonly callerOf: (request: IncomingMessage) => Promise<Caller>;
  readonly policies: CallerPolicies;
  readonly allowances: Allowances;
  readonly answer: ReturnType<typeof operationAnswers>;
  readonly cache: AnswerCache;
  readonly watch: PublicationWatch;
  readonly readerPool: pg.Pool;
  readonly limits: Limits;
  readonly resource: ProtectedResource;
  readonly logger: ApiLogger;
}

/** Answers never to be kept by anyone between, and never given to another caller. */
const PRIVATE: Headers = {
  'cache-control': 'private, no-cache',
  vary: 'Authorization, Accept, Origin',
};

/** The handler of `/graphql`: GraphQL over HTTP. */
export function graphqlHandler(options: GraphqlHandlerOptions) {
  const { allowances, cache, watch, limits, resource, logger } = options;

  return async ({ request, response, requestId, common, note }: Exchange): Promise<void> => {
    const answer = await handle(request, response, requestId, note).catch((error: unknown) =>
      failureAnswer(error, requestId, resource, logger),
    );
    send(response, answer, common);
  };

  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    note: RequestNote,
  ): Promise<HttpAnswer> {
    const caller = await options.callerOf(request);
    note.caller = caller;
    if (caller.scopes.size === 0)
      throw new AccessRefusal('insufficient_scope', 'The token has no scope of this service.');
    const rights = options.policies(caller);
    const allowance = await allowances.take('requests', caller, rights);
    const { method } = request;
    if (method !== 'GET' && method !== 'POST') {
      const refused = failureAnswer(apiError('METHOD_NOT_ALLOWED'), requestId, resource, logger);
      return { ...refused, headers: { allow: 'GET, POST' } };
    }
    refuseForeignPages(request);
    const type = answerType(request.headers.accept);
    if (method === 'POST') requireJson(request);
    const content =
      method === 'POST'
        ? (await readBody(request, limits.bodyBytes)).toString('utf8')
        : (request.url?.split('?')[1] ?? '');
    const key = AnswerCache.key(rights.key, `${method} ${content}`);
    const kept = cache.get(key);
    if (kept) {
      if ((await watch.current()) === kept.publication) {
        await allowances.take('cost', caller, rights, kept.cost);
        note.operation = kept.operationName;
        note.fromCache = true;
        return ok(request, kept, type, allowance);
      }
      cache.forget(key);
    }
    const params = method === 'POST' ? paramsOfBody(content, limits.batch) : paramsOfQuery(content);
    const session = new ReadSession(options.readerPool);
    // Also when the caller hangs up while the database works: the connection goes back.
    response.once('close', () => void session.close());
    try {
      const ask = (each: GraphqlParams) =>
        options.answer(
          each,
          {
            caller,
            rights,
            requestId,
            method,
            spend: async (cost) => {
              await allowances.take('cost', caller, rights, cost);
            },
          },
          session,
        );
      if (Array.isArray(params)) {
        const answers: OperationAnswer[] = [];
        for (const each of params) answers.push(await ask(each));
        note.operation = 'batch';
        note.cost = answers.reduce((sum, { cost }) => sum + cost, 0);
        return {
          status: 200,
          headers: { ...PRIVATE, ...allowance, 'content-type': type },
          body: `[${answers.map(({ body }) => body).join(',')}]`,
        };
      }
      const answered = await ask(params);
      note.operation = answered.operationName ?? answered.operationType;
      note.cost = answered.cost;
      return single(request, answered, type, allowance, key);
    } finally {
      void session.close();
    }
  }

  function single(
    request: IncomingMessage,
    answered: OperationAnswer,
    type: string,
    allowance: AllowanceHeaders,
    key: string,
  ): HttpAnswer {
    const { status, body, repeatable, keepFor, missingScopes } = answered;
    if (missingScopes) {
      const refused = new AccessRefusal('insufficient_scope', 'The token lacks a scope.', missingScopes);
      const headers = { 'www-authenticate': challengeOf(refused, resource) };
      return { status, body, headers: { ...PRIVATE, ...allowance, ...headers, 'content-type': type } };
    }
    if (!repeatable) return { status, body, headers: { ...PRIVATE, ...allowance, 'content-type': type } };
    const kept: KeptAnswer = {
      publication: keepFor ?? 0,
      body,
      // Only answers to GET and to persisted documents carry one.
      etag: request.method === 'GET' || answered.persisted ? etagOf(body) : '',
      cost: answered.cost,
      operationName: answered.operationName ?? answered.operationType,
      persisted: answered.persisted,
    };
    if (keepFor !== undefined) cache.keep(key, kept);
    return ok(request, kept, type, allowance);
  }
}

function ok(
  request: IncomingMessage,
  kept: KeptAnswer,
  type: string,
  allowance: AllowanceHeaders,
): HttpAnswer {
  const headers = { ...PRIVATE, ...allowance, 'content-type': type };
  if (request.method !== 'GET' && !kept.persisted) return { status: 200, headers, body: kept.body };
  const status = matches(request.headers['if-none-match'], kept.etag) ? 304 : 200;
  return { status, headers: { ...headers, etag: kept.etag }, body: kept.body };
}

/** RFC 9110 section 13.1.2, by weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}

function etagOf(body: string): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`;
}
