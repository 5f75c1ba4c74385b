import { LruCache } from '../lru-cache.js';

/** An answer that is right as long as its publication is current. */
export interface CachedAnswer {
  readonly publication: number;
  readonly body: string;
  /** Only answers to GET and to persisted documents carry one. */
  readonly etag?: string;
  readonly cost: number;
  readonly operationName?: string;
}

const MAX_ASKED_ONCE = 5_000;
/** In characters of their keys, which hold whole requests. */
const MAX_ASKED_ONCE_SIZE = 5_000_000;

/**
 * Answers by caller's rights and request. An answer is given again only while the publication it stems from is the
 * current one, and only to callers with the same rights.
 */
export class AnswerCache {
  readonly #answers: LruCache<CachedAnswer>;
  #askedOnce = new Set<string>();
  #askedOnceSize = 0;

  constructor(maxBytes: number) {
    this.#answers = new LruCache(maxBytes);
  }

  static key(rightsKey: string, request: string): string {
    return `${rightsKey}\n${request}`;
  }

  get(key: string): CachedAnswer | undefined {
    return this.#answers.get(key);
  }

  /** Keeps an answer that is asked for the second time: most are never asked for again, and would push out the others. */
  keep(key: string, answer: CachedAnswer): void {
    if (!this.#askedOnce.has(key)) {
      this.#askedOnceSize += key.length;
      if (this.#askedOnce.size >= MAX_ASKED_ONCE || this.#askedOnceSize > MAX_ASKED_ONCE_SIZE) {
        this.#askedOnce = new Set();
        this.#askedOnceSize = key.length;
      }
      this.#askedOnce.add(key);
      return;
    }
    this.#answers.set(key, answer, 2 * (key.length + answer.body.length) + 200);
  }

  forget(key: string): void {
    this.#answers.delete(key);
  }
}
