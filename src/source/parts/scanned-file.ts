import type { HeaderMatch } from '../csv/header.js';
import type { Part } from '../csv/part.js';

/** What one pass over a file tells about it. */
export interface ScannedFile extends HeaderMatch {
  /** SHA-256 of the uncompressed bytes, hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Records in the file, those that will be rejected included. */
  readonly recordCount: number;
  readonly parts: readonly Part[];
  /** Whether none of `numberMarks` occurs in its records. */
  readonly plainNumbers: boolean;
}
