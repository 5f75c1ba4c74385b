/** A range of a file that starts and ends at record ends. Each part is loaded in one transaction, parallel to other parts. */
export interface Part {
  /** From 1. */
  readonly number: number;
  /** Offset of its first byte in the uncompressed file. */
  readonly byteStart: number;
  /** Offset after its last byte. */
  readonly byteEnd: number;
  /** Number of its first record. */
  readonly firstRecord: number;
  /** The line its first record begins on. */
  readonly firstLine: number;
  /** Number of records, including rejects. */
  readonly recordCount: number;
  /** `copy`: sent to COPY as bytes. `records`: contains what COPY refuses or reads differently, or is small. */
  readonly method: PartMethod;
}

/** How a part is loaded. */
export type PartMethod = 'copy' | 'records';

/** Smaller parts are read record by record: sending bytes to COPY would save no measurable time. */
export const SMALL_PART_BYTES = 64 * 1024;

const PART_BYTES = 32 * 1024 * 1024;
const MAX_PARTS = 64;

/**
 * The size of a file's parts: 32 MB, so that a killed worker loses about a second of work and two workers finish at the same
 * time; larger for a file of more than 2 GB, so that it has at most 64 partitions.
 */
export function partBytesFor(sizeBytes: number): number {
  return Math.max(PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
}
