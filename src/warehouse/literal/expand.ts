import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Fault } from '../../fault.js';
import { BACKSLASH, CopyTextBuffer, isNullField, LINE_FEED, TAB, unescapeField } from './copy-text.js';
import { EntryReader, SPAN } from './entries.js';
import { Malformed, type MalformedLiteral, malformedOr } from './malformed.js';

/** One nested column of the incoming records, and the output for its entries. */
export interface NestedColumn {
  /** The column's name, for reports of malformed literals. */
  readonly name: string;
  /** The wanted fields of each entry, in the order of the output's columns. */
  readonly fields: readonly string[];
  /** Receives COPY text: `record_number \t ordinal \t field…`, with ordinals from 1. It ends with the input. */
  readonly output: Writable;
}

/** A literal that could not be read. None of its entries are written; those of the record's other columns are. */
export interface MalformedColumn extends MalformedLiteral {
  readonly recordNumber: number;
  readonly column: string;
}

export interface EntryExpanderOptions {
  readonly columns: readonly NestedColumn[];
  /** Called for each malformed literal, in order; the input waits for the promise. */
  readonly onMalformed: (malformed: MalformedColumn) => void | Promise<void>;
  /** Maximum length of a record in bytes, which limits the memory used. */
  readonly maxRecordBytes?: number;
}

/** The counts of one column so far. */
export interface ColumnCount {
  readonly column: string;
  entries: number;
  malformed: number;
}

const MAX_RECORD_BYTES = 256 * 1024 * 1024;

/** Chunks are processed in pieces of about this size, so that little output is buffered at a time. */
const PIECE_BYTES = 64 * 1024;

/**
 * Reads the bytes of `COPY (SELECT record_number, nested, …) TO STDOUT` and writes, for each nested column, rows for
 * `COPY … FROM STDIN`. It keeps one unfinished record and one piece of output per column in memory, however long the stream is,
 * and waits while an output is full. It runs on one thread; `npm run bench:literal` measures its speed.
 *
 * Fails with a `Fault` when the input is not COPY text with a record number and these columns, and with an output's error when
 * that output fails.
 */
export class EntryExpander extends Writable {
  /** Number of records read. */
  records = 0;
  /** In the order of the columns. */
  readonly counts: readonly ColumnCount[];
  private readonly columns: readonly NestedColumn[];
  private readonly readers: readonly EntryReader[];
  private readonly gathered: readonly CopyTextBuffer[];
  private readonly onMalformed: EntryExpanderOptions['onMalformed'];
  private readonly maxRecordBytes: number;
  /** The beginning of a record whose end has not arrived yet. */
  private unfinished: Buffer[] = [];
  private unfinishedBytes = 0;
  private scratch = Buffer.allocUnsafeSlow(PIECE_BYTES);
  private malformed: MalformedColumn[] = [];
  private searched: Buffer | undefined;
  private backslash = 0;

  constructor(options: EntryExpanderOptions) {
    super({ decodeStrings: true });
    this.columns = options.columns;
    this.readers = options.columns.map((column) => new EntryReader(column.fields));
    this.gathered = options.columns.map(() => new CopyTextBuffer());
    this.counts = options.columns.map((column) => ({ column: column.name, entries: 0, malformed: 0 }));
    this.onMalformed = options.onMalformed;
    this.maxRecordBytes = options.maxRecordBytes ?? MAX_RECORD_BYTES;
    for (const { output } of this.columns) output.on('error', (error) => this.destroy(error));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.take(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.endOutputs().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // An open output would keep its COPY, and the transaction around it, waiting forever.
    if (!this.writableFinished) for (const { output } of this.columns) output.destroy(error ?? undefined);
    done(error);
  }

  private async take(chunk: Buffer): Promise<void> {
    let at = 0;
    while (at < chunk.length) {
      const lineEnd = chunk.indexOf(LINE_FEED, at);
      if (lineEnd < 0) break;
      if (this.unfinishedBytes > 0) {
        this.hold(chunk.subarray(at, lineEnd + 1));
        this.record(this.release(), 0);
        at = lineEnd + 1;
      } else {
        at = this.piece(chunk, at);
      }
      await this.flush();
    }
    if (at < chunk.length) this.hold(Buffer.from(chunk.subarray(at)));
  }

  /** Reads complete records from `from` until a piece is full. @returns where the next record begins */
  private piece(chunk: Buffer, from: number): number {
    let at = from;
    while (at - from < PIECE_BYTES) {
      const next = this.record(chunk, at);
      if (next < 0) break;
      at = next;
    }
    return at;
  }

  private async endOutputs(): Promise<void> {
    if (this.unfinishedBytes > 0) {
      throw new Fault(
        'copy_text_cut',
        `The COPY stream ends within record ${this.records + 1}, expected a line feed after it; run the step again.`,
      );
    }
    for (const { output } of this.columns) output.end();
    await Promise.all(this.columns.map(({ output }) => finished(output, { readable: false })));
  }

  private hold(bytes: Buffer): void {
    this.unfinishedBytes += bytes.length;
    if (this.unfinishedBytes > this.maxRecordBytes) {
      throw new Fault(
        'copy_text_record_too_long',
        `Record ${this.records + 1} of the COPY stream is longer than the maximum of ${this.maxRecordBytes} bytes.`,
      );
    }
    this.unfinished.push(bytes);
  }

  private release(): Buffer {
    const whole = Buffer.concat(this.unfinished, this.unfinishedBytes);
    this.unfinished = [];
    this.unfinishedBytes = 0;
    return whole;
  }

  /** Reads the record that begins at `start`. @returns where the next one begins, or -1 when the record is incomplete */
  private record(chunk: Buffer, start: number): number {
    const lineEnd = chunk.indexOf(LINE_FEED, start);
    if (lineEnd < 0) return -1;
    const keyEnd = this.fieldEnd(chunk, start, lineEnd);
    let at = keyEnd;
    for (let column = 0; column < this.columns.length; column++) {
      if (at === lineEnd) throw this.wrongFields(column);
      const fieldStart = at + 1;
      at = this.fieldEnd(chunk, fieldStart, lineEnd);
      this.field(column, chunk, { start, keyEnd, fieldStart, fieldEnd: at });
    }
    if (at !== lineEnd) throw this.wrongFields(this.columns.length + 1);
    this.records++;
    return lineEnd + 1;
  }

  private fieldEnd(chunk: Buffer, start: number, lineEnd: number): number {
    const tab = chunk.indexOf(TAB, start);
    return tab < 0 || tab > lineEnd ? lineEnd : tab;
  }

  private field(
    column: number,
    chunk: Buffer,
    at: { start: number; keyEnd: number; fieldStart: number; fieldEnd: number },
  ): void {
    if (at.fieldStart === at.fieldEnd || isNullField(chunk, at.fieldStart, at.fieldEnd)) return;
    const reader = this.readers[column]!;
    const count = malformedOr(() => {
      // The tab or line feed after the field is the control character at which the reader stops.
      if (!this.hasBackslash(chunk, at.fieldStart, at.fieldEnd))
        return reader.read(chunk, at.fieldStart, at.fieldEnd);
      const length = this.unescape(chunk, at.fieldStart, at.fieldEnd);
      return reader.read(this.scratch, 0, length);
    });
    if (count instanceof Malformed) {
      this.counts[column]!.malformed++;
      this.malformed.push({
        recordNumber: Number(chunk.toString('latin1', at.start, at.keyEnd)),
        column: this.columns[column]!.name,
        position: count.position,
        message: count.message,
      });
      return;
    }
    this.counts[column]!.entries += count;
    writeEntries(reader, count, this.gathered[column]!, chunk, at.start, at.keyEnd);
  }

  /** Caches the position of the next backslash, because a search from each field could scan the rest of the chunk. */
  private hasBackslash(chunk: Buffer, start: number, end: number): boolean {
    if (chunk !== this.searched || this.backslash < start) {
      const found = chunk.indexOf(BACKSLASH, start);
      this.searched = chunk;
      this.backslash = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.backslash < end;
  }

  private unescape(chunk: Buffer, start: number, end: number): number {
    if (this.scratch.length <= end - start) this.scratch = Buffer.allocUnsafeSlow((end - start) * 2);
    const length = unescapeField(chunk, start, end, this.scratch);
    this.scratch[length] = 0;
    return length;
  }

  private wrongFields(nested: number): Fault {
    return new Fault(
      'copy_text_columns',
      `Record ${this.records + 1} of the COPY stream has ${nested > this.columns.length ? 'more' : 'fewer'} than ` +
        `${this.columns.length + 1} fields, expected the record number and ${this.columns.map(({ name }) => name).join(', ')}.`,
    );
  }

  /** Writes what was gathered, and waits until every output can accept more. */
  private async flush(): Promise<void> {
    const full: Promise<unknown>[] = [];
    for (const [index, { output }] of this.columns.entries()) {
      const gathered = this.gathered[index]!;
      if (gathered.length === 0 || output.write(gathered.take())) continue;
      full.push(drained(output));
    }
    await Promise.all(full);
    const malformed = this.malformed;
    if (malformed.length === 0) return;
    this.malformed = [];
    for (const each of malformed) await this.onMalformed(each);
  }
}

/** Waits until `output` can accept more; rejects when it fails or closes instead, because `drain` is not emitted then. */
async function drained(output: Writable): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  const closed = () => output.errored ?? new Error('An output closed before it had received all entries.');
  if (output.destroyed) throw closed();
  try {
    await Promise.race([
      once(output, 'drain', { signal }),
      once(output, 'close', { signal }).then(() => {
        throw closed();
      }),
    ]);
  } finally {
    over.abort();
  }
}

function writeEntries(
  reader: EntryReader,
  count: number,
  to: CopyTextBuffer,
  key: Buffer,
  keyStart: number,
  keyEnd: number,
): void {
  const { scanner, spans, width } = reader;
  let span = 0;
  for (let ordinal = 1; ordinal <= count; ordinal++) {
    to.raw(key, keyStart, keyEnd);
    to.byte(TAB);
    to.integer(ordinal);
    for (let slot = 0; slot < width; slot++) {
      to.byte(TAB);
      to.value(scanner, spans[span]!, spans[span + 1]!, spans[span + 2]!);
      span += SPAN;
    }
    to.byte(LINE_FEED);
  }
}
