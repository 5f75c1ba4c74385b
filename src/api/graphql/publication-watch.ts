import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { apiError } from '../errors/api-error.js';
import { runPrepared, statementName } from '../sql/pooling.js';

const currentPublication =
  '/* api.current_publication */ select coalesce(max(number), 0)::int4 from reporting.publication';

/** Minimum time between the starts of two lookups, so that under load more callers share one. */
const SPACING_MS = 2;

/**
 * Looks up the current publication. The result is never stale: it comes from a database query that started after the
 * call. Calls during a running query share the next one, so that a thousand calls per second cost few queries.
 */
export class PublicationWatch {
  #running: Promise<number> | undefined;
  /** The lookup that has not started yet. */
  #next: Promise<number> | undefined;
  #started = Number.NEGATIVE_INFINITY;

  constructor(readonly pool: pg.Pool) {}

  /** The current publication's number; 0 before the first. @throws DATABASE_UNAVAILABLE */
  current(): Promise<number> {
    this.#next ??= this.#start();
    return this.#next;
  }

  async #start(): Promise<number> {
    await this.#running?.catch(() => undefined);
    const wait = this.#started + SPACING_MS - performance.now();
    if (wait > 0) await sleep(wait);
    this.#started = performance.now();
    this.#next = undefined;
    this.#running = this.#lookUp();
    return this.#running;
  }

  async #lookUp(): Promise<number> {
    const statement = { name: statementName(currentPublication), text: currentPublication };
    const rows = await runPrepared<[number]>(this.pool, { ...statement, rowMode: 'array' }).catch(
      (error: unknown) => {
        throw apiError('DATABASE_UNAVAILABLE', undefined, error);
      },
    );
    return rows[0]![0];
  }
}
