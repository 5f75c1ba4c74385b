import type { Limits } from './limits.js';
import { type Part, SMALL_PART_BYTES } from './part.js';
import { RecordScanner } from './record-scanner.js';

/** Cuts the records behind a header into parts of at least `partBytes`, each ending at a record's end. */
export class PartCutter {
  readonly parts: Part[] = [];
  readonly #scanner: RecordScanner;
  readonly #partBytes: number;
  #position: number;
  #start: { byte: number; record: number; line: number };

  constructor(file: {
    columnCount: number;
    limits: Limits;
    byteStart: number;
    firstLine: number;
    partBytes: number;
  }) {
    this.#scanner = new RecordScanner(file.columnCount, file.limits, { record: 1, line: file.firstLine });
    this.#partBytes = file.partBytes;
    this.#position = file.byteStart;
    this.#start = { byte: file.byteStart, record: 1, line: file.firstLine };
  }

  /** Records seen so far. */
  get recordCount(): number {
    return this.#scanner.records;
  }

  /** Scans a window (see `RecordScanner.scan`) and ends the part behind it when it is large enough. */
  take(window: Buffer, to: number, final: boolean): number {
    const consumed = this.#scanner.scan(window, to, final);
    this.#position += consumed;
    const long = this.#position - this.#start.byte >= this.#partBytes;
    if (final || (long && this.#scanner.mayCutHere)) {
      this.#cut();
    }
    return consumed;
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
