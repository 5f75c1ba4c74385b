import type pg from 'pg';
import { NamedStatements } from './named-statements.js';
import { runPrepared } from './read-session.js';

/** A row as values in the order of the statement's list. */
type Row = readonly unknown[];

interface Ask {
  readonly values: readonly unknown[];
  resolve(row: Row): void;
  reject(error: unknown): void;
}

/**
 * The most asks in one statement. More would make the first of them wait for the last, and leave Postgres idle while
 * the answers are sent.
 */
const MOST_TOGETHER = 8;
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
export class GatheredReads {
  #waiting = new Map<string, Ask[]>();
  readonly #names = new NamedStatements();
  readonly #together = new Map<string, string>();
  readonly #slowTimes = new Map<string, number>();
  readonly #slowUntil = new Map<string, number>();

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
      const size = canGather(asks) && !this.#isSlow(text) ? MOST_TOGETHER : 1;
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
      if (this.#together.size >= MAX_REMEMBERED) this.#together.clear();
      this.#together.set(text, together);
    }
    return together;
  }

  #isSlow(text: string): boolean {
    const until = this.#slowUntil.get(text);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#slowUntil.delete(text);
    return false;
  }

  #noteTime(text: string, milliseconds: number): void {
    if (milliseconds <= SLOW_MS) {
      this.#slowTimes.delete(text);
      return;
    }
    const times = (this.#slowTimes.get(text) ?? 0) + 1;
    if (this.#slowTimes.size >= MAX_REMEMBERED) this.#slowTimes.clear();
    this.#slowTimes.set(text, times);
    if (times < SLOW_TIMES && milliseconds < SLOW_BY_ITSELF_MS) return;
    if (this.#slowUntil.size >= MAX_REMEMBERED) this.#slowUntil.clear();
    this.#slowUntil.set(text, Date.now() + SLOW_FOR_MS);
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
