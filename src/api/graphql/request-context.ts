import type { Caller } from '../../auth/caller.js';
import type { CallerRights } from '../access/caller-policy.js';
import type { AllowanceHeaders } from '../errors/allowance-exceeded.js';
import type { RequestNote } from '../http/router.js';
import type { WalkBatches } from '../reports/related-rows.js';
import type { ReadSession } from '../sql/read-session.js';
import type { KeptAnswer } from './answer-cache.js';

/** What every resolver of one operation shares. The operations of a batch share all but `walks` and `asOf`. */
export interface RequestContext {
  readonly requestId: string;
  readonly caller: Caller;
  readonly rights: CallerRights;
  readonly session: ReadSession;
  readonly note: RequestNote;
  /** What the operations of the request cost so far, together: they are answered together. */
  readonly asked: { cost: number };
  walks: WalkBatches;
  /** The earlier publication all reports are read as of; undefined for the current one. */
  asOf?: number;
  /** Takes a cost off the caller's allowance. @throws AllowanceExceeded */
  spend(cost: number): Promise<AllowanceHeaders>;
  /** Keeps the answer for the next who asks the same with the same rights. */
  keep(answer: KeptAnswer): void;
}
