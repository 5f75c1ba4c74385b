import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { apiError } from '../errors/api-error.js';

/** At least so long lies between the beginnings of two looks, so that under load more questions share one. */
const SPACING_MS = 2;

/**
 * Tells which publication is current, exactly: the answer stems from a look at the database that began after the
 * question. Questions that come while a look is under way share the next one, so that a thousand of them a second cost
 * a few looks.
 */
export class PublicationWatch {
  #underway: Promise<number> | undefined;
  /** The look that has not begun yet. */
  #next: Promise<number> | undefined;
  #begun = Number.NEGATIVE_INFINITY;

  constructor(readonly pool: pg.Pool) {}

  /** The current publication's number; 0 before the first. @throws DATABASE_UNAVAILABLE */
  current(): Promise<number> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<number> {
    await this.#underway?.catch(() => undefined);
    const rest = this.#begun + SPACING_MS - performance.now();
    if (rest > 0) await sleep(rest);
    this.#begun = performance.now();
    this.#next = undefined;
    this.#underway = this.#look();
    return this.#underway;
  }

  async #look(): Promise<number> {
    const looking = this.pool.query<[number]>({
      name: 'current_publication',
      text: '/* api: current publication */ select coalesce(max(number), 0)::int4 from reporting.publication',
      rowMode: 'array',
    });
    const { rows } = await looking.catch((error: unknown) => {
      throw apiError('DATABASE_UNAVAILABLE', undefined, error);
    });
    return rows[0]![0];
  }
}
