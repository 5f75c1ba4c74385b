import type { Dispatch } from '../backend/dispatch.js';
import type { Run } from '../ledger/run-ledger.js';
import type { AttemptWatch } from './attempt-watch.js';

/** What the jobs of one process share. */
export interface WorkerState<Services> {
  dispatch: Dispatch<Services>;
  services: Services;
  watch: AttemptWatch;
  name: string;
  graceMs: number;
  /** How long a job may wait for the database or the queue in total, before its run fails. */
  outageLimitMs: number;
  running: Set<AbortController>;
  onEnd: (run: Run) => void;
  onError: (error: unknown) => void;
}
