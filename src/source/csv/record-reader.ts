import type { FileHandle } from 'node:fs/promises';
import type { RecordLimits } from '../record-limits.js';
import { readWindows } from './byte-window.js';
import { COMMA, QUOTE } from './csv-bytes.js';
import { readFields } from './field-reader.js';
import type { Part } from './part.js';
import { encodeRaw, type RawEncoding } from './raw-text.js';
import { RecordScanner } from './record-scanner.js';
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
}

/** A record that cannot be loaded, as it was in the file. */
export interface RejectedRecord extends Rejection {
  readonly number: number;
  readonly line: number;
  readonly raw: string;
  readonly rawEncoding: RawEncoding;
}

/** A part to read, and how. */
export interface PartReading {
  readonly file: FileHandle;
  readonly part: Pick<Part, 'byteStart' | 'byteEnd' | 'firstRecord' | 'firstLine'>;
  /** The names in the file's header. */
  readonly header: readonly string[];
  readonly limits: RecordLimits;
}

/** Receives the records of one window in order. Each record is in one of the two lists. */
export type RecordTaker = (good: readonly GoodRecord[], rejected: readonly RejectedRecord[]) => Promise<void>;

/**
 * Reads a part record by record and separates good records from rejects. Memory is bounded by the window.
 *
 * For a strictly quoted record, counting its fields in the bytes is enough; nearly all records are of this kind. The others
 * (irregular quotes, another number of fields, long records) are read field by field with fast-csv.
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
        doubtful.push({ number, line, raw, bytes: kind === 'loose' ? toStrictRecord(raw) : raw });
      }
      return true;
    });
    const passed = await readDoubtful(doubtful, rejected, header, limits);
    await take(merge(good, passed), rejected.sort(byNumber));
    return consumed;
  });
}

/**
 * Reads bytes that should be one record, for example those of a reject.
 *
 * @returns the record, strictly quoted; undefined when the bytes are not exactly one valid record
 */
export async function readSingle(
  raw: Buffer,
  header: readonly string[],
  limits: RecordLimits,
): Promise<Buffer | undefined> {
  const scanner = new RecordScanner(header.length, limits, { record: 1, line: 1 });
  const records: DoubtfulRecord[] = [];
  let refused = false;
  scanner.scan(raw, raw.length, true, (record) => {
    const { number, line, kind } = record;
    refused ||= validateBytes(record, limits) !== undefined;
    if (!refused) {
      const bytes = kind === 'loose' ? toStrictRecord(record.raw) : record.raw;
      records.push({ number, line, raw: record.raw, bytes });
    }
    return !refused;
  });
  if (refused || records.length !== 1) {
    return undefined;
  }
  const [good] = await readDoubtful(records, [], header, limits);
  return good?.bytes;
}

interface DoubtfulRecord extends GoodRecord {
  readonly line: number;
  readonly raw: Buffer;
}

/** Those that are good after all; the others join the rejects. */
async function readDoubtful(
  doubtful: readonly DoubtfulRecord[],
  rejected: RejectedRecord[],
  header: readonly string[],
  limits: RecordLimits,
): Promise<GoodRecord[]> {
  const rows = await readFields(doubtful.map(({ bytes }) => bytes.toString('utf8')));
  return doubtful.filter(({ number, line, raw }, index) => {
    const rejection = validateFields(rows[index]!, header, limits);
    if (rejection !== undefined) {
      rejected.push({ number, line, raw: raw.toString('utf8'), rawEncoding: 'text', ...rejection });
    }
    return rejection === undefined;
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
