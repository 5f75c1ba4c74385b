import type { Pool } from 'pg';
import { readLostAttempts } from '../ledger/step-ledger.js';

/** Why an attempt must stop. */
export type StopReason = 'run_cancelled' | 'step_taken_over' | 'worker_stopping';

interface Watched {
  stepId: string;
  fence: string;
  stop(reason: StopReason): void;
}

/** Stops attempts of this process that are no longer wanted, wherever that was decided. */
export interface AttemptWatch {
  /** Watches an attempt until the returned function is called. */
  add(attempt: Watched): () => void;
  close(): void;
}

/**
 * Asks the ledger, once per interval and only while attempts are running, which of this process's attempts are cancelled or
 * superseded. One query a second for the whole process costs less than a listening connection per attempt, and keeps
 * working after a reconnect.
 */
export function watchAttempts(
  pool: Pool,
  intervalMs: number,
  onError: (error: unknown) => void,
): AttemptWatch {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function look(): Promise<void> {
    timer = undefined;
    try {
      const lost = await readLostAttempts(pool, [...watched]);
      for (const attempt of watched) {
        const found = lost.find((other) => other.stepId === attempt.stepId && other.fence === attempt.fence);
        if (found) attempt.stop(found.cancelled ? 'run_cancelled' : 'step_taken_over');
      }
    } catch (error) {
      onError(error);
    }
    schedule();
  }
  function schedule(): void {
    if (closed || watched.size === 0 || timer) return;
    timer = setTimeout(look, intervalMs);
    timer.unref();
  }

  return {
    add(attempt) {
      watched.add(attempt);
      schedule();
      return () => {
        watched.delete(attempt);
      };
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
