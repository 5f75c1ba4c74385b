import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { readFields } from './field-reader.js';
import { RecordScanner, type ScannedRecord } from './record-scanner.js';
import { toStrictRecord } from './strict-record.js';

const LONGEST_HEADER = 64 * 1024;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF_16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

/** A file's header and what stands before the first record. */
export interface Header {
  /** The column names as sent. */
  readonly names: readonly string[];
  /** All bytes before the first record: byte order mark, header, line end. */
  readonly bytes: Buffer;
  /** Lines those bytes hold. */
  readonly lines: number;
}

/**
 * Reads the header at the start of a file. A byte order mark is passed over.
 *
 * @throws Fault file_empty, or header_unreadable when the first record is no header
 */
export async function readHeader(file: FileHandle, sizeBytes: number, fileName: string): Promise<Header> {
  const head = Buffer.alloc(Math.min(sizeBytes, LONGEST_HEADER + BYTE_ORDER_MARK.length));
  await file.read(head, 0, head.length, 0);
  if (UTF_16_MARKS.some((mark) => head.subarray(0, 2).equals(mark))) {
    throw new Fault(
      'header_unreadable',
      `${fileName} is written in UTF-16, expected UTF-8; ask the vendor for a file in UTF-8.`,
    );
  }
  const mark = head.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
  const text = head.subarray(mark);

  const scanner = new RecordScanner(
    0,
    { fieldBytes: LONGEST_HEADER, recordBytes: LONGEST_HEADER },
    { record: 1, line: 1 },
  );
  let first: ScannedRecord | undefined;
  const consumed = scanner.scan(text, text.length, head.length === sizeBytes, (record) => {
    first = record;
    return false;
  });
  if (first === undefined && head.length === sizeBytes) {
    throw new Fault(
      'file_empty',
      `${fileName} is empty; a header and records were expected. Ask the vendor for the file again.`,
    );
  }
  if (first === undefined || first.kind === 'unbalanced' || first.kind === 'long' || !isText(first.raw)) {
    throw new Fault(
      'header_unreadable',
      `${fileName} does not begin with a header of at most ${LONGEST_HEADER} bytes of UTF-8 text with balanced quotes, so it is no CSV file of this feed; ask the vendor for a corrected file.`,
    );
  }
  const strict = first.kind === 'loose' ? toStrictRecord(first.raw) : first.raw;
  const [names] = await readFields([strict.toString('utf8')]);
  return { names: names ?? [], bytes: head.subarray(0, mark + consumed), lines: scanner.line - 1 };
}

function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}
