import type { Caller } from '../auth/caller.js';
import type { CallerRights } from './caller-policy.js';
import type { ReadSession } from './read-session.js';
import type { WalkBatches } from './report-walk.js';

/** What every resolver of one request shares. */
export interface RequestContext {
  readonly requestId: string;
  readonly caller: Caller;
  readonly rights: CallerRights;
  readonly session: ReadSession;
  readonly walks: WalkBatches;
  /** The earlier publication all reports are read as of; undefined for the current one. */
  readonly asOf?: number;
}
