import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { MAX_PREPARED_TEXT, PreparedNames } from '../sql/prepared-names.js';
import { runPrepared } from '../sql/read-session.js';

/** A row as values in the order of the statement's list. */
type Row = readonly unknown[];

/** How often in a row a statement was slow, and until when it is sent alone; in milliseconds since 1970. */
interface Slowness {
  readonly times: number;
  readonly until: number;
}

interface Ask {
  readonly values: readonly unknown[];
  resolve(row: Row): void;
  reject(error: unknown): void;
}

/**
 * The most asks in one statement. More would make the first of them wait for the last, and leave Postgres idle while
 * the answers are sent.
 */
const MAX_BATCH = 8;
/** Statements that take longer together gain nothing from it, and would wait for each other. */
const SLOW_MS = 100;
/** So often in a row, since a moment's load makes any statement slow; one that takes so long is slow by itself. */
const SLOW_TIMES = 3;
const SLOW_BY_ITSELF_MS = 1_000;
/** For how long a statement that was slow is sent alone. */
const SLOW_FOR_MS = 5_000;
const MAX_REMEMBERED = 1000;

/**
 * Runs statements that give exactly one row, and those of the same text that come within one turn of the event loop as
 * one: under load most of what a small statement costs is its way to Postgres and back, on both sides. Each ask keeps
 * its own values and gets its own row, so nothing of one caller reaches another.
 */
export class QueryBatcher {
  #waiting = new Map<string, Ask[]>();
  readonly #names = new PreparedNames();
  readonly #together = new LRUCache<string, string>({ max: MAX_REMEMBERED });
  readonly #slow = new LRUCache<string, Slowness>({ max: MAX_REMEMBERED });

  constructor(readonly pool: pg.Pool) {}

  /** The one row of a statement with `$1`-style places. */
  row(text: string, values: readonly unknown[]): Promise<Row> {
    return new Promise((resolve, reject) => {
      const ask = { values, resolve, reject };
      const waiting = this.#waiting.get(text);
      if (waiting) {
        waiting.push(ask);
        return;
      }
      if (this.#waiting.size === 0) setImmediate(() => this.#sendAll());
      this.#waiting.set(text, [ask]);
    });
  }

  #sendAll(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [text, asks] of waiting) {
      const short = text.length <= MAX_PREPARED_TEXT;
      const size = short && canGather(asks) && !this.#isSlow(text) ? MAX_BATCH : 1;
      for (let start = 0; start < asks.length; start += size) {
        const some = asks.slice(start, start + size);
        if (some.length === 1) void this.#sendAlone(text, some[0]!);
        else void this.#sendTogether(text, some);
      }
    }
  }

  async #sendAlone(text: string, { values, resolve, reject }: Ask): Promise<void> {
    try {
      const [row] = await this.#run(text, values);
      resolve(row!);
    } catch (error) {
      reject(error);
    }
  }

  async #sendTogether(text: string, asks: readonly Ask[]): Promise<void> {
    const lists = asks[0]!.values.map((_value, place) => asks.map(({ values }) => String(values[place])));
    try {
      const rows = await this.#run(this.#togetherOf(text, lists.length), lists);
      for (const [place, , ...row] of rows) asks[Number(place) - 1]!.resolve(row);
      this.#noteTime(text, Math.max(...rows.map(([, milliseconds]) => Number(milliseconds))));
    } catch {
      // It may be the doing of one of them, or of all together as with a timeout: each gets an answer of its own.
      this.#noteTime(text, Number.POSITIVE_INFINITY);
      for (const ask of asks) void this.#sendAlone(text, ask);
    }
  }

  #run(text: string, values: readonly unknown[]): Promise<Row[]> {
    const name = this.#names.nameOf(text);
    return runPrepared(this.pool, { name, text, values: [...values], rowMode: 'array' });
  }

  /** The text that gives the rows of several asks, each with its place and the time until it was there. */
  #togetherOf(text: string, count: number): string {
    let together = this.#together.get(text);
    if (!together) {
      const places = Array.from({ length: count }, (_, index) => index + 1);
      const lists = places.map((place) => `$${place}::text[]`).join(', ');
      const names = places.map((place) => `value_${place}`).join(', ');
      together = `select asked.place::int4, extract(epoch from clock_timestamp() - statement_timestamp()) * 1000, answer.*
        from unnest(${lists}) with ordinality as asked (${names}, place)
        cross join lateral (${text.replace(/\$(\d+)/g, 'asked.value_$1')}) as answer`;
      this.#together.set(text, together);
    }
    return together;
  }

  #isSlow(text: string): boolean {
    return (this.#slow.get(text)?.until ?? 0) > Date.now();
  }

  #noteTime(text: string, milliseconds: number): void {
    const { times, until } = this.#slow.get(text) ?? { times: 0, until: 0 };
    if (milliseconds <= SLOW_MS) {
      // What is sent alone still may be so for a while: others of its text were slow a moment ago.
      if (until > Date.now()) this.#slow.set(text, { times: 0, until });
      else this.#slow.delete(text);
      return;
    }
    const slow = times + 1 >= SLOW_TIMES || milliseconds >= SLOW_BY_ITSELF_MS;
    this.#slow.set(text, { times: times + 1, until: slow ? Date.now() + SLOW_FOR_MS : until });
  }
}

/** Whether the values can be sent as lists of texts, which Postgres casts as it casts each alone. */
function canGather(asks: readonly Ask[]): boolean {
  return (
    asks.length > 1 &&
    asks[0]!.values.length > 0 &&
    asks.every(({ values }) =>
      values.every((value) => ['string', 'number', 'boolean'].includes(typeof value)),
    )
  );
}
