import { expect, it } from 'vitest';
import { explanationLines } from '../../../src/cli/commands/explain.js';

const unchanged = {
  report: 'genre_report',
  key: { year: 1999, genre_id: 16 },
  changes: [],
  lastChanged: null,
};

it.each([
  [
    { from: 0, to: 1 },
    'Publication 1 is the first: no earlier publication exists to compare the row of genre_report with year 1999, genre_id 16 with.',
  ],
  [
    { from: 1, to: 2 },
    'The row of genre_report with year 1999, genre_id 16 did not change from publication 1 to 2. No earlier change is recorded.',
  ],
])('a row that did not change is explained by what is known about it, for %o', (range, line) => {
  expect(explanationLines({ ...unchanged, ...range }, undefined, 'film', 'movie_id')).toEqual([line]);
});
