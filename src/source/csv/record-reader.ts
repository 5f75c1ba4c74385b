import type { FileHandle } from 'node:fs/promises';
import type { ColumnKinds } from '../column-kind.js';
import type { RecordLimits } from '../record-limits.js';
import { readWindows } from './byte-window.js';
import { COMMA, QUOTE } from './csv-bytes.js';
import { readFields } from './field-reader.js';
import { judgeLooseRecord } from './loose-quotes.js';
import type { Part } from './part.js';
import { encodeRaw, type RawEncoding } from './raw-text.js';
import { RecordScanner, type ScannedRecord } from './record-scanner.js';
import { type Rejection, validateBytes, validateFields } from './record-validation.js';
import { toStrictRecord } from './strict-record.js';

/** A record that can be loaded. */
export interface GoodRecord {
  readonly number: number;
  /**
   * The record in UTF-8, strictly quoted, without line end: COPY and Python's csv module read it the same way. A view of
   * the window: valid until the taker has returned.
   */
  readonly bytes: Buffer;
  /** Set when its quotes are irregular and only one reading fits. */
  readonly irregular?: IrregularQuotes;
}

/** Where a record that was loaded has irregular quotes. */
export interface IrregularQuotes {
  readonly line: number;
  readonly column: string;
  /** One sentence for users. */
  readonly detail: string;
}

/** A record that cannot be loaded, as it was in the file. */
export interface RejectedRecord extends Rejection {
  readonly number: number;
  readonly line: number;
  readonly raw: string;
  readonly rawEncoding: RawEncoding;
}

/** What the records of a file should be like. */
export interface RecordForm {
  /** The names in the file's header. */
  readonly header: readonly string[];
  readonly limits: RecordLimits;
  /** What the values of the columns look like. */
  readonly kinds?: ColumnKinds;
}

/** A part to read, and how. */
export interface PartReading extends RecordForm {
  readonly file: FileHandle;
  readonly part: Pick<Part, 'byteStart' | 'byteEnd' | 'firstRecord' | 'firstLine'>;
}

/** Receives the records of one window in order. Each record is in one of the two lists. */
export type RecordTaker = (good: readonly GoodRecord[], rejected: readonly RejectedRecord[]) => Promise<void>;

/**
 * Reads a part record by record and separates good records from rejects. Memory is bounded by the window.
 *
 * For a strictly quoted record, counting its fields in the bytes is enough; nearly all records are of this kind. The others
 * (irregular quotes, another number of fields, long records) are read field by field with fast-csv. Irregular quotes are
 * accepted only when one reading fits (see `loose-quotes.ts`).
 */
export async function readPart(reading: PartReading, take: RecordTaker): Promise<void> {
  const { part, header, limits } = reading;
  const first = { record: part.firstRecord, line: part.firstLine };
  const scanner = new RecordScanner(header.length, limits, first);
  const range = { start: part.byteStart, end: part.byteEnd };
  await readWindows(reading.file, range, async (window, to, final) => {
    const good: GoodRecord[] = [];
    const doubtful: DoubtfulRecord[] = [];
    const rejected: RejectedRecord[] = [];
    const consumed = scanner.scan(window, to, final, (record) => {
      const { number, line, kind, raw } = record;
      const rejection = validateBytes(record, limits);
      if (rejection !== undefined) {
        rejected.push({ number, line, ...encodeRaw(raw), ...rejection });
      } else if (kind === 'plain' && raw.length <= limits.fieldBytes && countFields(raw) === header.length) {
        good.push({ number, bytes: raw });
      } else {
        doubtful.push(doubtfulRecord(record));
      }
      return true;
    });
    const passed = await readDoubtful(doubtful, rejected, reading);
    await take(merge(good, passed), rejected.sort(byNumber));
    return consumed;
  });
}

/**
 * Reads bytes that should be one record, for example those of a reject.
 *
 * @returns the record, strictly quoted; undefined when the bytes are not exactly one valid record
 */
export async function readSingle(raw: Buffer, form: RecordForm): Promise<GoodRecord | undefined> {
  const { header, limits } = form;
  const scanner = new RecordScanner(header.length, limits, { record: 1, line: 1 });
  const records: DoubtfulRecord[] = [];
  let refused = false;
  scanner.scan(raw, raw.length, true, (record) => {
    refused ||= validateBytes(record, limits) !== undefined;
    if (!refused) records.push(doubtfulRecord(record));
    return !refused;
  });
  if (refused || records.length !== 1) {
    return undefined;
  }
  const [good] = await readDoubtful(records, [], form);
  return good;
}

interface DoubtfulRecord extends GoodRecord {
  readonly line: number;
  readonly raw: Buffer;
  readonly isLoose: boolean;
}

function doubtfulRecord({ number, line, kind, raw }: ScannedRecord): DoubtfulRecord {
  const isLoose = kind === 'loose';
  return { number, line, raw, isLoose, bytes: isLoose ? toStrictRecord(raw) : raw };
}

/** Those that are good after all; the others join the rejects. */
async function readDoubtful(
  doubtful: readonly DoubtfulRecord[],
  rejected: RejectedRecord[],
  { header, limits, kinds = {} }: RecordForm,
): Promise<GoodRecord[]> {
  const rows = await readFields(doubtful.map(({ bytes }) => bytes.toString('utf8')));
  return doubtful.flatMap(({ number, line, raw, bytes, isLoose }, index) => {
    const fields = rows[index]!;
    const reject = (rejection: Rejection): [] => {
      rejected.push({ number, line, raw: raw.toString('utf8'), rawEncoding: 'text', ...rejection });
      return [];
    };
    const rejection = validateFields(fields, header, limits);
    if (rejection !== undefined) return reject(rejection);
    if (!isLoose) return [{ number, bytes }];
    const { certain, column, detail } = judgeLooseRecord(raw, fields, header, kinds);
    return certain
      ? [{ number, bytes, irregular: { line, column, detail } }]
      : reject({ reason: 'uncertain_quotes', detail });
  });
}

function merge(good: GoodRecord[], passed: readonly GoodRecord[]): GoodRecord[] {
  return passed.length === 0 ? good : [...good, ...passed].sort(byNumber);
}

function byNumber(left: { number: number }, right: { number: number }): number {
  return left.number - right.number;
}

/** Number of fields of a strictly quoted record. */
function countFields(record: Buffer): number {
  let fields = 1;
  for (let at = 0; at < record.length; at++) {
    const byte = record[at];
    if (byte === COMMA) {
      fields++;
    } else if (byte === QUOTE) {
      at = record.indexOf(QUOTE, at + 1); // a doubled quote closes and reopens the field: the count is the same
    }
  }
  return fields;
}
