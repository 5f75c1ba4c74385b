import { type SessionData, Store } from 'express-session';

interface StoredSession {
  /** As JSON: callers get copies, as they would from a store outside the process. */
  readonly content: string;
  readonly loggedIn: boolean;
  readonly until: number;
}

/** How long a login may take, in ms. */
export const LOGIN_MS = 10 * 60_000;
const MAX_SESSIONS = 10_000;

/**
 * Keeps sessions in the memory of this process. They end with the process, and several API processes behind one address
 * need sticky sessions, or `SharedSessions`. Anyone can start a login, which creates a session, so the number of
 * sessions is limited and unfinished logins are evicted first.
 */
export class SessionStore extends Store {
  readonly #sessions = new Map<string, StoredSession>();
  readonly #max: number;

  constructor(max = MAX_SESSIONS) {
    super();
    this.#max = max;
  }

  get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    const kept = this.#sessions.get(id);
    if (kept && kept.until <= Date.now()) this.#sessions.delete(id);
    const found = kept && kept.until > Date.now() ? (JSON.parse(kept.content) as SessionData) : null;
    setImmediate(done, null, found);
  }

  set(id: string, session: SessionData, done?: (error?: unknown) => void): void {
    const { user } = session.passport ?? {};
    if (!this.#sessions.has(id) && this.#sessions.size >= this.#max) this.#makeRoom();
    this.#sessions.set(id, {
      content: JSON.stringify(session),
      loggedIn: user !== undefined,
      until: user ? user.expiresAt * 1000 : Date.now() + LOGIN_MS,
    });
    if (done) setImmediate(done);
  }

  destroy(id: string, done?: (error?: unknown) => void): void {
    this.#sessions.delete(id);
    if (done) setImmediate(done);
  }

  #makeRoom(): void {
    const now = Date.now();
    for (const [id, { until }] of this.#sessions) if (until <= now) this.#sessions.delete(id);
    if (this.#sessions.size < this.#max) return;
    const oldest = [...this.#sessions].find(([, { loggedIn }]) => !loggedIn) ?? [...this.#sessions][0];
    if (oldest) this.#sessions.delete(oldest[0]);
  }
}
