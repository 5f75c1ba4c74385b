import { expect, it } from 'vitest';
import { AnswerCache } from '../../../src/api/operation/answer-cache.js';
import { MAX_PREPARED_TEXT, PreparedNames } from '../../../src/api/sql/prepared-names.js';

const answer = { publication: 1, body: '{}', cost: 1 };
const large = (number: number) => AnswerCache.key('all', `${number} ${'x'.repeat(100_000)}`);

it('a response is cached when it is requested for the second time', () => {
  const cache = new AnswerCache(1_000_000);
  cache.keep('a', answer);
  expect(cache.get('a')).toBeUndefined();
  cache.keep('a', answer);
  expect(cache.get('a')).toBe(answer);
});

it('requests seen once are forgotten before they fill the memory, regardless of their size', () => {
  const cache = new AnswerCache(4_000_000);
  cache.keep(large(0), answer);
  for (let number = 1; number < 100; number += 1) cache.keep(large(number), answer);
  cache.keep(large(0), answer);
  expect(cache.get(large(0))).toBeUndefined();
  cache.keep(large(0), answer);
  expect(cache.get(large(0))).toBe(answer);
});

it('a very long text, which callers can produce at will, is not prepared', () => {
  const statements = new PreparedNames();
  expect(nameOf(statements, 'x'.repeat(MAX_PREPARED_TEXT))).toMatch(/^marquee_[0-9a-f]{32}$/);
  expect(nameOf(statements, 'x'.repeat(MAX_PREPARED_TEXT + 1))).toBeUndefined();
});

it('a name belongs to one text, in every process', () => {
  const [some, others] = [new PreparedNames(), new PreparedNames()];
  expect(nameOf(some, 'select 1')).toBe(nameOf(others, 'select 1'));
  expect(nameOf(some, 'select 1')).not.toBe(nameOf(others, 'select 2'));
});

/** The name of a text that has been used often enough. */
function nameOf(statements: PreparedNames, text: string): string | undefined {
  return Array.from({ length: 3 }, () => statements.nameOf(text)).at(-1);
}
