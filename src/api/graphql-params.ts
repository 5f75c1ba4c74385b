import type { IncomingMessage } from 'node:http';
import { apiError, limitError } from './error-answers.js';

/** One operation as a request asks for it (GraphQL over HTTP, "request parameters"). */
export interface GraphqlParams {
  readonly query?: string;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The headers any of which shows that a browser asked the server beforehand: a foreign page's form cannot send them. */
const PREFLIGHTED = ['x-apollo-operation-name', 'apollo-require-preflight', 'x-requested-with'];

/**
 * Refuses what a foreign page can make a browser send without asking first.
 * @throws BAD_REQUEST
 */
export function refuseForeignPages(request: IncomingMessage): void {
  const type = mediaType(request);
  const simple = ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'].includes(
    type,
  );
  if (!simple || PREFLIGHTED.some((name) => request.headers[name])) return;
  throw apiError(
    'BAD_REQUEST',
    `The request could be a foreign page's doing (CSRF): send a JSON body, or one of the headers ${PREFLIGHTED.join(', ')}.`,
  );
}

/** The parameters in a URL. */
export function paramsOfQuery(search: string): GraphqlParams {
  const given = new URLSearchParams(search);
  const json = (name: string) => {
    const text = given.get(name);
    return text ? parseJson(text, name) : undefined;
  };
  return checkParams({
    query: given.get('query') ?? undefined,
    operationName: given.get('operationName') ?? undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  });
}

/** The parameters in a body: one operation, or a list of them. */
export function paramsOfBody(body: string, maxBatch: number): GraphqlParams | GraphqlParams[] {
  const content = parseJson(body, 'body');
  if (!Array.isArray(content)) return checkParams(content);
  if (content.length === 0) throw apiError('BAD_REQUEST', 'The batch is empty: send at least one operation.');
  if (content.length > maxBatch) throw limitError('batch size', maxBatch, content.length);
  return content.map(checkParams);
}

/** @throws UNSUPPORTED_MEDIA_TYPE unless the body is JSON in UTF-8. */
export function requireJson(request: IncomingMessage): void {
  const type = mediaType(request);
  const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (type === 'application/json' && /^utf-?8$/i.test(charset)) return;
  throw apiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The body is ${type || 'of no named type'}${type === 'application/json' ? ` in ${charset}` : ''}: expected application/json in UTF-8.`,
  );
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw apiError('BAD_REQUEST', `The ${place} is not JSON.`);
  }
}

function checkParams(content: unknown): GraphqlParams {
  if (!isObject(content)) throw apiError('BAD_REQUEST', 'The body is not an object with a query.');
  const { query, operationName, variables, extensions } = content;
  if (query !== undefined && query !== null && typeof query !== 'string')
    throw apiError('BAD_REQUEST', 'query is not a string.');
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw apiError('BAD_REQUEST', 'operationName is not a string.');
  for (const [name, value] of Object.entries({ variables, extensions })) {
    if (value !== undefined && value !== null && !isObject(value))
      throw apiError('BAD_REQUEST', `${name} is not an object.`);
  }
  return {
    query: query ?? undefined,
    operationName: operationName || undefined,
    variables: (variables as GraphqlParams['variables']) ?? undefined,
    extensions: (extensions as GraphqlParams['extensions']) ?? undefined,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
