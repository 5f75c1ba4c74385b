import type { FileHandle } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { readWindows } from '../csv/byte-window.js';
import { matchHeader } from '../csv/header.js';
import { readHeader } from '../csv/header-reader.js';
import { partBytesFor } from '../csv/part.js';
import type { Feed } from '../feed.js';
import { PartSplitter } from '../parts/part-splitter.js';
import type { ScannedFile } from '../parts/scanned-file.js';
import type { RecordLimits } from '../record-limits.js';
import { startChecksum } from './checksum.js';

/**
 * The characters that make more of a text than plain digits where Postgres reads a number: 0x1F, 1_000, +1, 1e999, NaN,
 * Infinity. A file without them needs no test of each of its values, and to look for a byte costs next to nothing.
 */
export const numberMarks = Buffer.from('+_xXoObBeEnNiI');

/** What may be set for a scanned. */
export interface ScanOptions {
  readonly limits: RecordLimits;
  /** Least size of every part but the last, in bytes; by default it fits the file. */
  readonly partBytes?: number;
  /** The columns that must be there; those of the feed unless told. */
  readonly required?: readonly string[];
}

/**
 * Reads an uncompressed file once, start to end: header, checksum, and where to cut it into parts.
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
        `${fileName} holds a header and no record; a file without records is left out of a drop. Ask the vendor whether it is complete.`,
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
