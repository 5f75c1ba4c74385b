import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { runPrepared } from '../sql/pooling.js';
import { MAX_PREPARED_TEXT, PreparedNames } from '../sql/prepared-names.js';

/** The values of a row, in the order of the select list. */
type Row = readonly unknown[];

/** How slow a statement was. */
interface Slowness {
  /** How often in succession it was slow. */
  readonly times: number;
  /** Until when it is sent alone, in ms since 1970. */
  readonly until: number;
}

/** Receives the statement time of a read, in ms. */
type OnTime = (milliseconds: number) => void;

interface Read {
  readonly values: readonly unknown[];
  readonly onTime: OnTime | undefined;
  resolve(row: Row): void;
  reject(error: unknown): void;
}

/**
 * Maximum number of reads in one statement. With more, the first of them would wait longer for the last, and Postgres
 * would be idle while the responses are sent.
 */
const MAX_BATCH = 8;
/** Statements that take longer gain nothing from a batch, and would wait for each other. */
const SLOW_MS = 100;
/** Slow batches in succession before a statement is sent alone: a moment of load makes any statement slow. */
const SLOW_TIMES = 3;
/** A batch that takes this long is enough. */
const VERY_SLOW_MS = 1_000;
/** How long a slow statement is sent alone. */
const SLOW_FOR_MS = 5_000;
const MAX_STATEMENTS = 1000;

/**
 * Runs statements that return exactly one row. Reads with the same text in one turn of the event loop become one
 * statement: under load, the round trip to Postgres is most of the cost of a small statement. Each read has its own values
 * and gets its own row, so no data of one caller reaches another.
 */
export class QueryBatcher {
  #waiting = new Map<string, Read[]>();
  readonly #names = new PreparedNames();
  readonly #batchTexts = new LRUCache<string, string>({ max: MAX_STATEMENTS });
  readonly #slow = new LRUCache<string, Slowness>({ max: MAX_STATEMENTS });

  constructor(readonly pool: pg.Pool) {}

  /**
   * The row that a statement with `$1`-style parameters returns.
   * @param onTime receives this read's share of the statement time, in ms
   */
  row(text: string, values: readonly unknown[], onTime?: OnTime): Promise<Row> {
    return new Promise((resolve, reject) => {
      const read = { values, onTime, resolve, reject };
      const waiting = this.#waiting.get(text);
      if (waiting) {
        waiting.push(read);
        return;
      }
      if (this.#waiting.size === 0) setImmediate(() => this.#sendAll());
      this.#waiting.set(text, [read]);
    });
  }

  #sendAll(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [text, reads] of waiting) {
      const short = text.length <= MAX_PREPARED_TEXT;
      const size = short && canBatch(reads) && !this.#isSlow(text) ? MAX_BATCH : 1;
      for (let start = 0; start < reads.length; start += size) {
        const some = reads.slice(start, start + size);
        if (some.length === 1) void this.#sendAlone(text, some[0]!);
        else void this.#sendTogether(text, some);
      }
    }
  }

  async #sendAlone(text: string, { values, onTime, resolve, reject }: Read): Promise<void> {
    try {
      const [row] = await this.#run(text, values, onTime);
      resolve(row!);
    } catch (error) {
      reject(error);
    }
  }

  async #sendTogether(text: string, reads: readonly Read[]): Promise<void> {
    const lists = reads[0]!.values.map((_value, place) => reads.map(({ values }) => String(values[place])));
    try {
      const share: OnTime = (milliseconds) => {
        for (const { onTime } of reads) onTime?.(milliseconds / reads.length);
      };
      const rows = await this.#run(this.#batchText(text, lists.length), lists, share);
      for (const [place, , ...row] of rows) reads[Number(place) - 1]!.resolve(row);
      this.#noteTime(text, Math.max(...rows.map(([, milliseconds]) => Number(milliseconds))));
    } catch {
      // One of them may have caused it, or all together, as with a timeout: each is sent again alone.
      this.#noteTime(text, Number.POSITIVE_INFINITY);
      for (const read of reads) void this.#sendAlone(text, read);
    }
  }

  #run(text: string, values: readonly unknown[], onTime: OnTime | undefined): Promise<Row[]> {
    const name = this.#names.nameOf(text);
    return runPrepared(this.pool, { name, text, values: [...values], rowMode: 'array' }, onTime);
  }

  /** The statement for a batch. Each row starts with the place of its read and the time until it was ready, in ms. */
  #batchText(text: string, count: number): string {
    let batch = this.#batchTexts.get(text);
    if (!batch) {
      const places = Array.from({ length: count }, (_, index) => index + 1);
      const lists = places.map((place) => `$${place}::text[]`).join(', ');
      const names = places.map((place) => `value_${place}`).join(', ');
      batch = `select batch.place::int4, extract(epoch from clock_timestamp() - statement_timestamp()) * 1000, answer.*
        from unnest(${lists}) with ordinality as batch (${names}, place)
        cross join lateral (${text.replace(/\$(\d+)/g, 'batch.value_$1')}) as answer`;
      this.#batchTexts.set(text, batch);
    }
    return batch;
  }

  #isSlow(text: string): boolean {
    return (this.#slow.get(text)?.until ?? 0) > Date.now();
  }

  #noteTime(text: string, milliseconds: number): void {
    const { times, until } = this.#slow.get(text) ?? { times: 0, until: 0 };
    if (milliseconds <= SLOW_MS) {
      // It is still sent alone until its time is over: other reads of the same text were slow a moment ago.
      if (until > Date.now()) this.#slow.set(text, { times: 0, until });
      else this.#slow.delete(text);
      return;
    }
    const slow = times + 1 >= SLOW_TIMES || milliseconds >= VERY_SLOW_MS;
    this.#slow.set(text, { times: times + 1, until: slow ? Date.now() + SLOW_FOR_MS : until });
  }
}

/** Whether the values can be sent as arrays of text, which Postgres then casts like single values. */
function canBatch(reads: readonly Read[]): boolean {
  return (
    reads.length > 1 &&
    reads[0]!.values.length > 0 &&
    reads.every(({ values }) =>
      values.every((value) => ['string', 'number', 'boolean'].includes(typeof value)),
    )
  );
}
