import { expect, it } from 'vitest';
import { nearestName } from '../../../src/source/header/nearest-name.js';

it.each([
  ['Name', ['note', 'Nmae'], 'Nmae'],
  ['userId', ['user_id', 'imdbId'], 'user_id'],
  ['userId', ['imdbId', 'tmdbId'], undefined],
  ['rating', ['tmdbId'], undefined],
  ['id', ['i d'], 'i d'],
  ['id', [], undefined],
])('the name nearest to %s among %j is %s', (wanted, candidates, expected) => {
  expect(nearestName(wanted, candidates)).toBe(expected);
});
