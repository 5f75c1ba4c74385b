/** What one file may ask of a worker's memory. A record beyond a limit becomes a reject, not a crash. */
export interface RecordLimits {
  /** Longest field, in bytes of its value. */
  readonly fieldBytes: number;
  /** Longest record, in bytes as sent. A longer one is kept up to here; the file has the rest. */
  readonly recordBytes: number;
}

/**
 * The largest field seen in the vendor's files is about 0.3 MB (the cast of one film); four times that passes.
 */
export const defaultRecordLimits: RecordLimits = {
  fieldBytes: 1024 * 1024,
  recordBytes: 4 * 1024 * 1024,
};
