import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { readFields } from '../csv/field-reader.js';
import { looksLikeWindows1252 } from '../csv/raw-text.js';
import { RecordScanner, type ScannedRecord } from '../csv/record-scanner.js';
import { toStrictRecord } from '../csv/strict-record.js';
import { kindOf } from './file-kind.js';

const LONGEST_HEADER = 64 * 1024;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A file's header, and the bytes before the first record. */
export interface Header {
  /** The column names as sent. */
  readonly names: readonly string[];
  /** All bytes before the first record: byte order mark, `sep=` line, header, line ends. */
  readonly bytes: Buffer;
  /** Number of lines in those bytes. */
  readonly lines: number;
}

/**
 * Reads the header at the start of a file. It skips a byte order mark and the line `sep=,` that Excel writes.
 *
 * @throws Fault file_empty; header_separator when a `sep=` line names another separator; header_unreadable when the file is
 *   not CSV text or its first record is not a header
 */
export async function readHeader(file: FileHandle, sizeBytes: number, fileName: string): Promise<Header> {
  const head = Buffer.alloc(Math.min(sizeBytes, LONGEST_HEADER + BYTE_ORDER_MARK.length));
  await file.read(head, 0, head.length, 0);
  refuseOtherKind(head, fileName);
  const mark = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  const whole = head.length === sizeBytes;
  const first = firstRecord(head.subarray(mark), whole);
  const separator = first.record === undefined ? undefined : declaredSeparator(first.record.raw);
  if (separator !== undefined && separator !== ',') {
    throw new Fault(
      'header_separator',
      `${fileName} declares “${separator}” as its separator, expected “,”. Nothing was loaded. Ask the vendor for a file with commas.`,
    );
  }
  const skipped = mark + (separator === undefined ? 0 : first.byteLength);
  const { record, byteLength, lines } =
    separator === undefined ? first : firstRecord(head.subarray(skipped), whole);
  if (record === undefined && whole) {
    throw new Fault(
      'file_empty',
      `${fileName} is empty, expected a header and records. Ask the vendor for the file again.`,
    );
  }
  if (record === undefined || record.kind === 'unbalanced' || record.kind === 'long' || !isText(record.raw)) {
    throw new Fault('header_unreadable', describeUnreadable(record?.raw ?? head, fileName));
  }
  const strict = record.kind === 'loose' ? toStrictRecord(record.raw) : record.raw;
  const [names] = await readFields([strict.toString('utf8')]);
  return {
    names: names ?? [],
    bytes: head.subarray(0, skipped + byteLength),
    lines: lines + (separator === undefined ? 0 : first.lines),
  };
}

function refuseOtherKind(head: Buffer, fileName: string): void {
  const kind = kindOf(head);
  if (kind === undefined) return;
  const found = typeof kind === 'string' ? `a ${kind} file` : kind.unreadable;
  throw new Fault(
    'header_unreadable',
    `${fileName} is ${found}, expected UTF-8 text in CSV format. Nothing was loaded. Ask the vendor for a CSV file.`,
  );
}

interface FirstRecord {
  readonly record: ScannedRecord | undefined;
  /** Up to the end of the record's line. */
  readonly byteLength: number;
  readonly lines: number;
}

function firstRecord(text: Buffer, whole: boolean): FirstRecord {
  const limits = { fieldBytes: LONGEST_HEADER, recordBytes: LONGEST_HEADER };
  const scanner = new RecordScanner(0, limits, { record: 1, line: 1 });
  let record: ScannedRecord | undefined;
  const byteLength = scanner.scan(text, text.length, whole, (found) => {
    record = found;
    return false;
  });
  return { record, byteLength, lines: scanner.line - 1 };
}

/** The separator in a line such as `sep=;`, which Excel reads and writes before the header. */
function declaredSeparator(raw: Buffer): string | undefined {
  return raw.length > 8 ? undefined : /^"?sep=(.)"?$/i.exec(raw.toString('latin1'))?.[1];
}

function describeUnreadable(raw: Buffer, fileName: string): string {
  if (!isUtf8(raw) && looksLikeWindows1252(raw)) {
    return `The header of ${fileName} is not UTF-8; it is likely Windows-1252 or Latin-1. Ask the vendor for a file in UTF-8.`;
  }
  return `${fileName} does not begin with a header of at most ${LONGEST_HEADER} bytes of UTF-8 text with balanced quotes. Ask the vendor for a corrected file.`;
}

function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}
