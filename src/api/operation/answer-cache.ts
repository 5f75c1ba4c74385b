import { LRUCache } from 'lru-cache';

/** A response that is correct as long as its publication is the current one. */
export interface CachedAnswer {
  readonly publication: number;
  readonly body: string;
  /** Set for GET and for persisted documents only. */
  readonly etag?: string;
  readonly cost: number;
  readonly operationName?: string;
}

const MAX_ASKED_ONCE = 5_000;
/** In characters of the keys, which contain whole requests. */
const MAX_ASKED_ONCE_SIZE = 5_000_000;

/**
 * Responses by the caller's rights and the request. A response is sent again only while its publication is the current
 * one, and only to callers with the same rights.
 */
export class AnswerCache {
  readonly #answers: LRUCache<string, CachedAnswer>;
  #askedOnce = new Set<string>();
  #askedOnceSize = 0;

  constructor(maxBytes: number) {
    // A quarter at most for one response, so that it does not evict everything else.
    this.#answers = new LRUCache({ maxSize: maxBytes, maxEntrySize: Math.max(Math.floor(maxBytes / 4), 1) });
  }

  static key(rightsKey: string, request: string): string {
    return `${rightsKey}\n${request}`;
  }

  get(key: string): CachedAnswer | undefined {
    return this.#answers.get(key);
  }

  /** Keeps a response that is requested for the second time. Most are requested once, and would only evict others. */
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
    this.#answers.set(key, answer, { size: 2 * (key.length + answer.body.length) + 200 });
  }

  forget(key: string): void {
    this.#answers.delete(key);
  }
}
