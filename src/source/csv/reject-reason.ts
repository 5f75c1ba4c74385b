/**
 * The reasons why a record is rejected: each code with its meaning. The codes are stored in `source.reject.reason` and
 * shown to users, so they are stable. docs/codes.md contains this table; a test compares the two.
 */
export const rejectReasons = {
  field_count: 'The record has more or fewer fields than the header.',
  unbalanced_quote:
    'A quote opens a field and does not close it. The reject contains the damaged region, up to the next valid record.',
  uncertain_quotes:
    'Quotes are placed irregularly, so that the record can be read in more than one way or does not match its columns.',
  nul_byte: 'The record contains a NUL byte, which Postgres cannot store in a text.',
  invalid_utf8: 'The record contains bytes that are not valid UTF-8.',
  field_too_long: 'A field exceeds the size limit for fields.',
  record_too_long: 'The record exceeds the size limit for records. The reject contains only its beginning.',
  key_not_usable: 'A natural key does not match its type. Found when the record was cleaned.',
} as const;

/** A stable reason code. */
export type RejectReason = keyof typeof rejectReasons;
