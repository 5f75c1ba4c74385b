import type { Part } from '../csv/part.js';
import type { HeaderMatch } from '../header/header.js';

/** What one pass over a file finds out about it. */
export interface ScannedFile extends HeaderMatch {
  /** SHA-256 of the uncompressed bytes, hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Records in the file, including those that will be rejected. */
  readonly recordCount: number;
  readonly parts: readonly Part[];
  /** Whether its records contain none of `numberMarks`. */
  readonly plainNumbers: boolean;
}
