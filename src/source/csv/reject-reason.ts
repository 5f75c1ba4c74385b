/**
 * Why a record was not accepted: every stable reason code, with what it means. The codes are stored in
 * `source.reject.reason` and shown to users; docs/codes.md repeats this table.
 */
export const rejectReasons = {
  field_count: 'The record has more or fewer fields than the header.',
  unbalanced_quote:
    'A quote opens a field and does not close it; the damaged region is kept up to where good records begin again.',
  nul_byte: 'The record holds a NUL byte, which no text may hold.',
  invalid_utf8: 'The record holds bytes that are not UTF-8.',
  field_too_long: 'A field is longer than the limit for fields.',
  record_too_long:
    'The record is longer than the limit for records; only its beginning is kept with the reject.',
  key_not_usable: 'A natural key could not be read as its type when the record was cleaned.',
} as const;

/** A stable reason code. */
export type RejectReason = keyof typeof rejectReasons;
