import { CARRIAGE_RETURN, COMMA, LINE_FEED, QUOTE } from './csv-bytes.js';

type State = 'fieldStart' | 'plain' | 'quoted' | 'closing' | 'return';

/**
 * A record beyond the size limit. Its beginning is kept; the rest is only searched for the end of the record, byte by byte and
 * window by window, so that memory stays bounded.
 */
export class LongRecord {
  /** Its first bytes, up to the limit. */
  readonly head: Buffer;
  /** Its length so far, without line end. */
  byteLength = 0;
  /** Line ends so far, including its own once it has ended. */
  lines = 0;
  #state: State = 'fieldStart';

  constructor(head: Buffer) {
    this.head = Buffer.from(head);
  }

  /** Searches `bytes[from, to)`; returns where the next record starts, or -1 when this record continues. */
  follow(bytes: Buffer, from: number, to: number, final: boolean): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (this.#state === 'return') {
        return byte === LINE_FEED ? at + 1 : at;
      }
      if (this.#state === 'quoted') {
        if (byte === QUOTE) {
          this.#state = 'closing';
        } else if (byte === LINE_FEED) {
          this.lines++;
        }
      } else if (byte === LINE_FEED) {
        this.lines++;
        return at + 1;
      } else if (byte === CARRIAGE_RETURN) {
        this.lines++;
        this.#state = 'return';
        continue;
      } else if (byte === COMMA) {
        this.#state = 'fieldStart';
      } else if (byte === QUOTE && (this.#state === 'fieldStart' || this.#state === 'closing')) {
        this.#state = 'quoted';
      } else {
        this.#state = 'plain';
      }
      this.byteLength++;
    }
    return final ? to : -1;
  }
}
