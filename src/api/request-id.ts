import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

const current = new AsyncLocalStorage<string>();

/**
 * Gives each request an id, the caller's own where it is harmless, and repeats it in the answer. It is carried along
 * with the asynchronous work of the request, since not all that reports an error is told which request it serves.
 */
export const identifyRequest: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  const requestId = given && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
  response.setHeader('x-request-id', requestId);
  current.run(requestId, next);
};

/** The id of the request being served. */
export function currentRequestId(): string {
  return current.getStore() ?? 'none';
}
