import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { type SessionData, Store } from 'express-session';
import type { Redis } from 'ioredis';
import { Failure } from '../../fault.js';
import { within } from '../../within.js';
import { LOGIN_MS } from './session-store.js';

/** How long a request waits for Redis, in ms. A healthy one answers in less than one. */
const WAIT_MS = 1_000;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps sessions in Redis, so that any API process can serve any request of a browser. They contain access tokens, so they are
 * encrypted with the shared secret, and Redis knows only hashes of their ids.
 */
export class SharedSessions extends Store {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #key: Buffer;

  /** @param secret the same in all API processes */
  constructor(redis: Redis, prefix: string, secret: string) {
    super();
    this.#redis = redis;
    this.#prefix = prefix;
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'marquee sessions', 32));
  }

  get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#within(async () => {
      const kept = await this.#redis.getBuffer(this.#nameOf(id));
      return kept === null ? null : this.#decrypt(kept);
    }).then((session) => done(null, session), done);
  }

  set(id: string, session: SessionData, done: (error?: unknown) => void = () => undefined): void {
    const { user } = session.passport ?? {};
    const milliseconds = user ? user.expiresAt * 1000 - Date.now() : LOGIN_MS;
    this.#within(() =>
      this.#redis.set(this.#nameOf(id), this.#encrypt(session), 'PX', Math.max(Math.round(milliseconds), 1)),
    ).then(() => done(), done);
  }

  destroy(id: string, done: (error?: unknown) => void = () => undefined): void {
    this.#within(() => this.#redis.del(this.#nameOf(id))).then(() => done(), done);
  }

  #nameOf(id: string): string {
    return `${this.#prefix}:session:${createHash('sha256').update(id).digest('base64url')}`;
  }

  #encrypt(session: SessionData): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(session), 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]);
  }

  /** A session that another secret encrypted, or that somebody changed, is no session. */
  #decrypt(kept: Buffer): SessionData | null {
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, kept.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(kept.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = decipher.update(kept.subarray(NONCE_BYTES + TAG_BYTES));
      return JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8')) as SessionData;
    } catch {
      return null;
    }
  }

  /** @throws Failure `sessions_unavailable` when Redis fails or does not answer in time */
  async #within<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await within(WAIT_MS, work(), () => new Error(`Redis did not answer within ${WAIT_MS} ms`));
    } catch (error) {
      throw new Failure(
        'sessions_unavailable',
        'Login sessions cannot be read or stored, because Redis does not answer. Try again later, or use an access token.',
        { cause: error },
      );
    }
  }
}
