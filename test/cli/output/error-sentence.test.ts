import { DatabaseError } from 'pg';
import { expect, it } from 'vitest';
import { errorSentence } from '../../../src/cli/output/error-sentence.js';

/** An error as Postgres reports it. */
function answered(code: string, message: string): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code });
}

it.each([
  [
    '53100',
    'could not extend file "base/1/2"',
    /^The disk .* is full \(could not extend .*\)\. Free some space/,
  ],
  ['57P03', 'the database system is in recovery mode', /^The database does not accept .* mode\)\. Try again/],
])('Postgres error %s becomes one sentence with advice', (code, message, sentence) => {
  expect(errorSentence(answered(code, message))).toMatch(sentence);
});
