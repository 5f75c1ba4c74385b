import { limitError } from '../errors/api-error.js';
import type { RequestLimits } from './limits.js';

/** Operators that search in texts. Each reads an index or every row, so they cost more than a comparison. */
const searches = new Set(['contains', 'startsWith']);
const searchCost = 10;
/** Values of a list, or characters of a text, that cost as much as one comparison. */
const perUnit = 100;

/**
 * The cost of a filter: 1 for each comparison, 10 for each search, and more for long lists and texts.
 * @throws LIMIT_EXCEEDED when it has too many terms, or searches for too long a text
 */
export function filterCost(
  filter: unknown,
  limits: Pick<RequestLimits, 'filterTerms' | 'filterTextLength'>,
): number {
  let terms = 0;
  let cost = 0;
  const visit = (value: unknown): void => {
    for (const [name, operand] of Object.entries((value ?? {}) as Record<string, unknown>)) {
      if (name === 'and' || name === 'or') for (const each of (operand ?? []) as unknown[]) visit(each);
      else if (name === 'not') visit(operand);
      else if (operand !== null && operand !== undefined) {
        for (const [operator, given] of Object.entries(operand as object)) measure(operator, given);
      }
    }
  };
  const measure = (operator: string, given: unknown): void => {
    terms += 1;
    if (terms > limits.filterTerms) throw limitError('filter terms', limits.filterTerms, terms);
    if (Array.isArray(given)) {
      cost += 1 + Math.floor(given.length / perUnit);
      return;
    }
    const length = typeof given === 'string' ? given.length : 0;
    if (searches.has(operator) && length > limits.filterTextLength)
      throw limitError('length of a searched text', limits.filterTextLength, length);
    cost += (searches.has(operator) ? searchCost : 1) + Math.floor(length / perUnit);
  };
  visit(filter);
  return cost;
}
