import { type Part, SMALL_PART_BYTES } from '../csv/part.js';
import { RecordScanner } from '../csv/record-scanner.js';
import type { RecordLimits } from '../record-limits.js';

/** Splits the records after a header into parts of at least `partBytes`, each ending at the end of a record. */
export class PartSplitter {
  readonly parts: Part[] = [];
  readonly #scanner: RecordScanner;
  readonly #partBytes: number;
  #position: number;
  #start: { byte: number; record: number; line: number };

  constructor(file: {
    columnCount: number;
    limits: RecordLimits;
    byteStart: number;
    /** By default 1. */
    firstRecord?: number;
    firstLine: number;
    partBytes: number;
  }) {
    const first = { record: file.firstRecord ?? 1, line: file.firstLine };
    this.#scanner = new RecordScanner(file.columnCount, file.limits, first);
    this.#partBytes = file.partBytes;
    this.#position = file.byteStart;
    this.#start = { byte: file.byteStart, ...first };
  }

  /** Number of records so far. */
  get recordCount(): number {
    return this.#scanner.records;
  }

  /**
   * Scans a window (see `RecordScanner.scan`) and ends parts in it where they are large enough.
   *
   * @returns number of bytes consumed
   */
  take(window: Buffer, to: number, final: boolean): number {
    let at = 0;
    let reach = this.#wanted();
    do {
      const end = Math.min(to, at + reach);
      const last = final && end === to;
      const consumed = this.#scanner.scan(window.subarray(at), end - at, last);
      at += consumed;
      this.#position += consumed;
      const full = this.#position - this.#start.byte >= this.#partBytes;
      if (last || (full && this.#scanner.mayCutHere)) {
        this.#cut();
      }
      if (consumed === 0 && end === to) {
        break; // the record continues after the window
      }
      reach = consumed === 0 ? reach * 2 : this.#wanted();
    } while (at < to);
    return at;
  }

  /** How far to scan before the part is large enough. */
  #wanted(): number {
    return Math.max(Math.min(this.#partBytes, 65_536), this.#start.byte + this.#partBytes - this.#position);
  }

  #cut(): void {
    const { byte, record, line } = this.#start;
    const recordCount = this.#scanner.records - record + 1;
    if (recordCount > 0) {
      const byteCount = this.#position - byte;
      this.parts.push({
        number: this.parts.length + 1,
        byteStart: byte,
        byteEnd: this.#position,
        firstRecord: record,
        firstLine: line,
        recordCount,
        method: this.#scanner.needsCare || byteCount < SMALL_PART_BYTES ? 'records' : 'copy',
      });
    }
    this.#start = { byte: this.#position, record: this.#scanner.records + 1, line: this.#scanner.line };
    this.#scanner.needsCare = false;
  }
}
