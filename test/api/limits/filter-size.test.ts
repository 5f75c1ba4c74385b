import { describe, expect, it } from 'vitest';
import { filterCost } from '../../../src/api/limits/filter-size.js';

const limits = { filterTerms: 5, filterTextLength: 10 };

describe('the cost of a filter', () => {
  it.each([
    [undefined, 0],
    [{}, 0],
    [{ year: null }, 0],
    [{ year: { eq: 1 } }, 1],
    [{ year: { gte: 1, lte: 2 } }, 2],
    [{ name: { contains: 'ab' } }, 10],
    [{ or: [{ name: { startsWith: 'a' } }, { not: { year: { eq: 1 } } }] }, 11],
    [{ id: { in: Array.from({ length: 250 }, (_, index) => index) } }, 3],
  ])('of %j is %i', (filter, cost) => expect(filterCost(filter, limits)).toBe(cost));

  it.each([
    [{ or: Array.from({ length: 900 }, () => ({ name: { contains: 'a' } })) }, 'The filter terms is 6'],
    [{ name: { contains: 'x'.repeat(11) } }, 'The length of a searched text is 11: at most 10 is allowed.'],
  ])('is refused when the filter is too large', (filter, message) => {
    expect(() => filterCost(filter, limits)).toThrow(message);
  });
});
