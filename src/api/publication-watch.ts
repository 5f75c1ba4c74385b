import type pg from 'pg';

/**
 * Tells which publication is current, exactly: the answer stems from a look at the database that began after the
 * question. Questions that come while a look is under way share the next one, so that a thousand of them a second cost
 * a few looks.
 */
export class PublicationWatch {
  #underway: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(readonly pool: pg.Pool) {}

  /** The current publication's number; 0 before the first. */
  current(): Promise<number> {
    if (this.#next) return this.#next;
    if (!this.#underway) return this.#begin();
    this.#next = this.#underway.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<number> {
    this.#next = undefined;
    const look = this.#look().finally(() => {
      if (this.#underway === look) this.#underway = undefined;
    });
    this.#underway = look;
    return look;
  }

  async #look(): Promise<number> {
    const { rows } = await this.pool.query<[number]>({
      name: 'current_publication',
      text: '/* api: current publication */ select coalesce(max(number), 0)::int4 from reporting.publication',
      rowMode: 'array',
    });
    return rows[0]![0];
  }
}
