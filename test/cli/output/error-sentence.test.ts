import { DatabaseError } from 'pg';
import { expect, it } from 'vitest';
import { errorSentence } from '../../../src/cli/output/error-sentence.js';

/** An error as Postgres answers with it. */
function answered(code: string, message: string): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code });
}

it.each([
  ['53100', 'could not extend file "base/1/2"', /^The disk .* is full \(could not extend .*\); make room/],
  ['57P03', 'the database system is in recovery mode', /^The database takes no .* mode\); try again/],
])('what Postgres says as %s becomes one sentence that tells what to do', (code, said, sentence) => {
  expect(errorSentence(answered(code, said))).toMatch(sentence);
});
