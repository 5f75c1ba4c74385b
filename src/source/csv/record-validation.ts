import { isUtf8 } from 'node:buffer';
import type { RecordLimits } from '../record-limits.js';
import { looksLikeWindows1252 } from './raw-text.js';
import type { ScannedRecord } from './record-scanner.js';
import type { RejectReason } from './reject-reason.js';

/** Why a record is rejected. */
export interface Rejection {
  readonly reason: RejectReason;
  /** One sentence with what was found and what was expected. */
  readonly detail: string;
}

/** Validates a record by its bytes, before its fields are read. Undefined when it is valid so far. */
export function validateBytes(record: ScannedRecord, limits: RecordLimits): Rejection | undefined {
  if (record.kind === 'long') {
    return {
      reason: 'record_too_long',
      detail: `The record is ${record.byteLength} bytes long, the limit is ${limits.recordBytes}; only its beginning is kept.`,
    };
  }
  if (record.kind === 'unbalanced') {
    return {
      reason: 'unbalanced_quote',
      detail: `A quoted field is not closed; ${record.byteLength} bytes up to the next valid record are rejected.`,
    };
  }
  const nul = record.raw.indexOf(0);
  if (nul >= 0) {
    return {
      reason: 'nul_byte',
      detail: `Byte ${nul + 1} of the record is NUL, which Postgres cannot store in a text.`,
    };
  }
  if (!isUtf8(record.raw)) {
    return {
      reason: 'invalid_utf8',
      detail: `Byte ${firstInvalidByte(record.raw) + 1} of the record is not valid UTF-8${likelyEncoding(record.raw)}.`,
    };
  }
  return undefined;
}

/** Validates a record by its fields. Undefined when it is valid. */
export function validateFields(
  fields: readonly string[],
  columns: readonly string[],
  limits: RecordLimits,
): Rejection | undefined {
  if (fields.length !== columns.length) {
    return {
      reason: 'field_count',
      detail: `The record has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}, the header has ${columns.length}.`,
    };
  }
  const long = fields.findIndex(
    (field) => field.length * 3 > limits.fieldBytes && Buffer.byteLength(field) > limits.fieldBytes,
  );
  if (long >= 0) {
    return {
      reason: 'field_too_long',
      detail: `Field “${columns[long]}” is ${Buffer.byteLength(fields[long]!)} bytes long, the limit is ${limits.fieldBytes}.`,
    };
  }
  return undefined;
}

/** Names the encoding, so that the vendor can be asked for the right one. */
function likelyEncoding(bytes: Buffer): string {
  return looksLikeWindows1252(bytes) ? '; the file is likely Windows-1252 or Latin-1' : '';
}

/** Offset of the first byte that is not valid UTF-8. */
function firstInvalidByte(bytes: Buffer): number {
  let low = 0;
  let high = bytes.length;
  // Finds the longest valid beginning; it may end within a character of up to four bytes.
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (beginsAsUtf8(bytes.subarray(0, middle))) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

function beginsAsUtf8(bytes: Buffer): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    decoder.decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
