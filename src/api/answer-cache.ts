import { LruCache } from './lru-cache.js';

/** An answer that is right as long as its publication is current. */
export interface KeptAnswer {
  readonly publication: number;
  readonly body: string;
  /** Only answers to GET and to persisted documents carry one. */
  readonly etag?: string;
  readonly cost: number;
  readonly operationName?: string;
}

/**
 * Answers by caller's rights and request. An answer is given again only while the publication it stems from is the
 * current one, and only to callers with the same rights.
 */
export class AnswerCache {
  readonly #answers: LruCache<KeptAnswer>;

  constructor(maxBytes: number) {
    this.#answers = new LruCache(maxBytes);
  }

  static key(rightsKey: string, request: string): string {
    return `${rightsKey}\n${request}`;
  }

  get(key: string): KeptAnswer | undefined {
    return this.#answers.get(key);
  }

  keep(key: string, answer: KeptAnswer): void {
    this.#answers.set(key, answer, 2 * (key.length + answer.body.length) + 200);
  }

  forget(key: string): void {
    this.#answers.delete(key);
  }
}
