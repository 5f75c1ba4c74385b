/**
 * The reasons for an issue: each code with its meaning. The codes are stored in `support.issue.reason` and shown to
 * users, so they are stable. docs/codes.md contains this table; a test compares the two.
 */
export const issueReasons = {
  value_not_castable: "A value does not match its field's type. The field was left empty.",
  value_out_of_range:
    "A value is outside the range or the set of its field's mapping. The field was left empty.",
  entry_key_missing: 'An entry of a nested column has no key. The entry was left out.',
  entry_key_not_castable:
    'The key of an entry of a nested column does not match its type. The entry was left out.',
  malformed_literal:
    'A nested column is not a valid literal. None of its entries was used; the message states the position of the error.',
  code_not_in_standard:
    "The standard does not have the code of a country or language. The code was kept, with the vendor's name.",
  irregular_quotes:
    'A field contains quotes and is not quoted itself. Only one reading fits, so the record was kept and the text is as sent.',
  feed_late: "A feed's file for a month did not arrive in time.",
} as const;

/** The reasons for which a single value was left out of its field. */
export const unusableValueReasons: readonly (keyof typeof issueReasons)[] = [
  'value_not_castable',
  'value_out_of_range',
];
