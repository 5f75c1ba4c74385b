import { limitError } from '../errors/api-error.js';
import { RateLimitExceeded } from '../errors/rate-limit-exceeded.js';
import type { RequestLimits } from '../limits/limits.js';
import { errorWithHeaders } from './operation-errors.js';
import type { RequestContext } from './request-context.js';

/**
 * Counts the cost of an operation against the limit of the request and the caller's quota. The operations of a batch
 * share one limit.
 * @throws LIMIT_EXCEEDED or RATE_LIMITED
 */
export async function spendCost(
  cost: number,
  { used, rights, spend }: RequestContext,
  limits: RequestLimits,
): Promise<void> {
  const allowed = Math.min(limits.cost, rights.quotas.maxCost ?? Number.POSITIVE_INFINITY);
  if (used.cost + cost > allowed) throw limitError('cost', allowed, used.cost + cost);
  used.cost += cost;
  try {
    await spend(cost);
  } catch (error) {
    if (!(error instanceof RateLimitExceeded)) throw error;
    throw errorWithHeaders('RATE_LIMITED', {
      message: error.error.message,
      headers: { ...error.headers, 'retry-after': String(error.retryAfterSeconds) },
      limit: error.error.extensions.limit,
    });
  }
}
