import type { Caller } from '../../auth/caller.js';
import type { CallerRights, Quotas } from '../access/caller-policy.js';
import { RateLimitExceeded, rateLimitHeaders } from '../errors/rate-limit-exceeded.js';
import { memoryRateLimits } from './rate-limit-store.js';

/** Seconds of statement time that a caller may use per minute, unless its policy says otherwise. */
export const DEFAULT_STATEMENT_SECONDS = 20;
const WINDOW_SECONDS = 60;

/** The requests of one caller that are at work in the database or wait for it. */
interface Load {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Shares the database between callers, in this process: each has a budget of statement time, and gets at most half of the
 * connections while others are active, so that one caller's expensive requests delay nobody else.
 */
export class DatabaseShare {
  readonly #half: number;
  readonly #store = memoryRateLimits();
  readonly #loads = new Map<string, Load>();

  /** @param defaults quotas of callers whose policy sets none */
  constructor(
    connections: number,
    readonly defaults: Quotas = {},
  ) {
    this.#half = Math.max(Math.floor(connections / 2), 1);
  }

  /** @throws RateLimitExceeded when the caller's budget of statement time is used up */
  async requireBudget(caller: Caller, rights: CallerRights): Promise<void> {
    const seconds =
      rights.quotas.statementSecondsPerMinute ??
      this.defaults.statementSecondsPerMinute ??
      DEFAULT_STATEMENT_SECONDS;
    const { used, resetSeconds } = await this.#store.take(keyOf(caller), 0, WINDOW_SECONDS);
    const usedSeconds = Math.ceil(used / 1000);
    if (used < seconds * 1000) return;
    const kind = 'statement-time';
    const headers = rateLimitHeaders(kind, seconds, WINDOW_SECONDS, 0, resetSeconds);
    throw new RateLimitExceeded(kind, seconds, usedSeconds, WINDOW_SECONDS, resetSeconds, headers);
  }

  /** Counts statement time against the caller's budget. */
  async spend(caller: Caller, milliseconds: number): Promise<void> {
    if (milliseconds < 1) return;
    await this.#store.take(keyOf(caller), Math.round(milliseconds), WINDOW_SECONDS);
  }

  /** Waits for the caller's turn. @returns a function that ends it, to be called exactly once */
  async enter(caller: Caller): Promise<() => void> {
    const key = keyOf(caller);
    const load = this.#loads.get(key) ?? { running: 0, waiting: [] };
    this.#loads.set(key, load);
    if (load.running >= this.#half && this.#loads.size > 1) {
      await new Promise<void>((resolve) => load.waiting.push(resolve));
    } else {
      load.running += 1;
    }
    return () => this.#leave(key, load);
  }

  #leave(key: string, load: Load): void {
    const next = load.waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    load.running -= 1;
    if (load.running === 0) this.#loads.delete(key);
    // Alone again: the last other caller has gone, so nobody has to wait.
    if (this.#loads.size !== 1) return;
    for (const left of this.#loads.values()) {
      left.running += left.waiting.length;
      for (const start of left.waiting.splice(0)) start();
    }
  }
}

function keyOf({ clientId, subject }: Caller): string {
  return `${clientId} ${subject}`;
}
