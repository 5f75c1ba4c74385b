/**
 * What issues are about: every stable reason code, with what it means. The codes are stored in `support.issue.reason`
 * and shown to users; docs/codes.md repeats this table.
 */
export const issueReasons = {
  value_not_castable: "A value is none of its field's type; the field was left empty.",
  entry_key_missing: 'An entry of a nested column lacks what identifies it; the entry was left out.',
  entry_key_not_castable:
    'What identifies an entry of a nested column is none of its type; the entry was left out.',
  malformed_literal:
    'A nested column is no literal; the sentence tells the character, and no entry of it was taken.',
  code_not_in_standard:
    "A country or language has a code its standard lacks; it was kept under the vendor's name for it.",
  feed_late: 'The file of a feed for a month did not come in time.',
} as const;
