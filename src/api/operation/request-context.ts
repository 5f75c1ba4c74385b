import type { Caller } from '../../auth/caller.js';
import type { CallerRights } from '../access/caller-policy.js';
import type { RateLimitHeaders } from '../errors/rate-limit-exceeded.js';
import type { RequestNote } from '../http/router.js';
import type { RelatedRowBatches } from '../reports/related-rows.js';
import type { ReadSession } from '../sql/read-session.js';
import type { CachedAnswer } from './answer-cache.js';

/** What all resolvers of an operation share. The operations of a batch share everything but `relatedRows` and `asOf`. */
export interface RequestContext {
  readonly requestId: string;
  readonly caller: Caller;
  readonly rights: CallerRights;
  readonly session: ReadSession;
  readonly note: RequestNote;
  /** Total cost of the request's operations so far, and the time of statements outside the session, in ms. */
  readonly used: { cost: number; databaseMs: number };
  relatedRows: RelatedRowBatches;
  /** The earlier publication to read; undefined for the current one. */
  asOf?: number;
  /** Counts a cost against the caller's quota. @throws RateLimitExceeded */
  spend(cost: number): Promise<RateLimitHeaders>;
  /** Offers the response to the cache, for callers with the same rights who send the same request. */
  keep(answer: CachedAnswer): void;
}
