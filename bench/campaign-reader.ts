import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './campaign-installation.js';

const query = `{
  scores: movieScoreReport(first: 20) { totalCount nodes { movieId movieName movieScore } }
  genres: genreReport(first: 20) { totalCount nodes { genreId year profit } }
  companies: productionCompanyReport(first: 20) { totalCount nodes { productionCompanyId year profit } }
  parts: productionCompanyGenreReport(first: 20) { totalCount nodes { productionCompanyId genreId year profit } }
  films: movieGenreReport(first: 20) { totalCount nodes { movieId genreId } }
  shares: productionCompanyMoviesReport(first: 20) { totalCount nodes { productionCompanyId movieId } }
}`;

/** Answers that say that the service is not available for now. */
const unavailable = new Set([429, 500, 502, 503, 504]);

interface Answered {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[];
  readonly extensions?: { readonly publication?: { readonly number: number } | null };
}

/** Reads all reports all the time, and notes what no reader should ever see. */
export class Reader {
  /** The first thing that was wrong. */
  problem: string | undefined;
  readonly #installation: Installation;
  #running = false;
  #ended: Promise<void> | undefined;
  #token: string | undefined;
  #newest = 0;
  /** The answer by publication. */
  readonly #seen = new Map<number, string>();

  constructor(installation: Installation) {
    this.#installation = installation;
  }

  start(): void {
    this.#running = true;
    this.#ended = this.#loop();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#ended;
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      await this.#read().catch(() => undefined); // The server is away.
      await sleep(300);
    }
  }

  async #read(): Promise<void> {
    if (this.#token === undefined) {
      const { code, result } = await this.#installation.run(['token']);
      if (code !== 0) return;
      this.#token = result.trim().split('\n').at(-1);
    }
    const response = await fetch(`${this.#installation.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      body: JSON.stringify({ query }),
      signal: AbortSignal.timeout(40_000),
    });
    if (response.status === 401) this.#token = undefined;
    if (response.status === 401 || unavailable.has(response.status)) return;
    const { data, errors, extensions } = (await response.json()) as Answered;
    // Parts that could not be answered are named; the others count.
    if (errors !== undefined) return;
    const number = extensions?.publication?.number ?? 0;
    const text = JSON.stringify(data);
    const before = this.#seen.get(number);
    if (number < this.#newest) this.problem ??= `publication ${number} was served after ${this.#newest}`;
    if (before !== undefined && before !== text) this.problem ??= `publication ${number} had two contents`;
    this.#newest = Math.max(this.#newest, number);
    this.#seen.set(number, text);
  }
}
