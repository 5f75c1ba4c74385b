import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { readWindows } from '../csv/byte-window.js';
import { partBytesFor } from '../csv/part.js';
import type { Feed } from '../feed.js';
import { matchHeader } from '../header/header.js';
import { readHeader } from '../header/header-reader.js';
import { PartSplitter } from '../parts/part-splitter.js';
import type { ScannedFile } from '../parts/scanned-file.js';
import type { RecordLimits } from '../record-limits.js';
import { startChecksum } from './checksum.js';

/**
 * The characters with which Postgres reads a text other than plain digits as a number: 0x1F, 1_000, +1, 1e999, NaN, Infinity.
 * In a file without them, values need no individual test. Searching for a byte costs almost nothing.
 */
export const numberMarks = Buffer.from('+_xXoObBeEnNiI');

/** Options of `scanFile`. */
export interface ScanOptions {
  readonly limits: RecordLimits;
  /** Minimum size of every part except the last, in bytes; by default derived from the file's size. */
  readonly partBytes?: number;
  /** The columns that must exist; by default those of the feed. */
  readonly required?: readonly string[];
}

/**
 * Reads an uncompressed file once: its header, its checksum, and the parts to load it in.
 *
 * @throws Fault file_header_only when no record follows the header; the faults of `readHeader` and `matchHeader`
 */
export async function scanFile(
  file: FileHandle,
  feed: Feed,
  fileName: string,
  options: ScanOptions,
): Promise<ScannedFile> {
  const { size } = await file.stat();
  const header = await readHeader(file, size, fileName);
  const match = matchHeader(feed, header.names, fileName, options.required);
  const start = header.bytes.length;
  const splitter = new PartSplitter({
    columnCount: match.columns.length,
    limits: options.limits,
    byteStart: start,
    firstLine: header.lines + 1,
    partBytes: options.partBytes ?? partBytesFor(size),
  });
  const checksum = startChecksum(file, size);
  let plainNumbers = true;
  try {
    checksum.update(header.bytes);
    await readWindows(
      file,
      { start, end: size },
      (window, to, final) => splitter.take(window, to, final),
      (bytes) => {
        checksum.update(bytes);
        plainNumbers &&= !numberMarks.some((mark) => bytes.includes(mark));
      },
    );
    if (splitter.recordCount === 0) {
      throw new Fault(
        'file_header_only',
        `${fileName} contains a header and no records, expected at least one. Remove it from the drop, or ask the vendor for a complete file.`,
      );
    }
    return {
      ...match,
      sha256: await checksum.digest(),
      sizeBytes: size,
      recordCount: splitter.recordCount,
      parts: splitter.parts,
      plainNumbers,
    };
  } finally {
    await checksum.end();
  }
}
