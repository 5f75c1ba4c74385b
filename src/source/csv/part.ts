/** A stretch of a file, cut at record ends, that is loaded in one transaction beside its neighbours. */
export interface Part {
  /** From 1. */
  readonly number: number;
  /** Offset of its first byte in the uncompressed file. */
  readonly byteStart: number;
  /** Offset behind its last byte. */
  readonly byteEnd: number;
  /** Number of its first record. */
  readonly firstRecord: number;
  /** The line its first record begins on. */
  readonly firstLine: number;
  /** Records in it, rejects included. */
  readonly recordCount: number;
  /** `copy`: goes to COPY as bytes. `records`: holds what COPY refuses or reads otherwise, or is small. */
  readonly method: PartMethod;
}

/** How a part goes in. */
export type PartMethod = 'copy' | 'records';

/** Parts smaller than this are read record by record: COPY as bytes would gain nothing one could see. */
export const SMALL_PART_BYTES = 64 * 1024;

const PART_BYTES = 32 * 1024 * 1024;
const MAX_PARTS = 64;

/**
 * How large to cut the parts of a file: 32 MB, so that a kill costs a second of work and two workers end together;
 * larger for a file of more than 2 GB, so that it has no more than 64 partitions.
 */
export function partBytesFor(sizeBytes: number): number {
  return Math.max(PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
}
