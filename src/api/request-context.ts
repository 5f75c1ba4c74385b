import type { Caller } from '../auth/caller.js';
import type { ReadSession } from './read-session.js';

/** What every resolver of one request shares. */
export interface RequestContext {
  readonly requestId: string;
  readonly caller: Caller;
  readonly session: ReadSession;
}
