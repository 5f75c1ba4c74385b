/** Size limits that bound a worker's memory. A record beyond a limit is rejected. */
export interface RecordLimits {
  /** Longest field, in bytes of its value. */
  readonly fieldBytes: number;
  /** Longest record, in bytes as sent. Of a longer one only this much is kept; the file has the rest. */
  readonly recordBytes: number;
}

/** The largest field in the vendor's files is about 0.3 MB (the cast of one film); the limit is three times that. */
export const defaultRecordLimits: RecordLimits = {
  fieldBytes: 1024 * 1024,
  recordBytes: 4 * 1024 * 1024,
};
