import fc from 'fast-check';
import { initialMapping } from '../../src/dataset/mapping.js';
import type { SourceRecord } from './source-rows.js';

/** Tables of each kind that one feed fills, with few fields. */
export const filmTables = [
  'movies',
  'genres',
  'movie_genres',
  'production_countries',
  'movie_production_countries',
];

export const filmMapping = initialMapping.filter(
  ({ end_table, end_field }) =>
    filmTables.includes(end_table) &&
    (end_table !== 'movies' || ['movie_id', 'title', 'budget'].includes(end_field)),
);

const small = (...values: string[]) => fc.constantFrom(...values);
const listOf = (entry: fc.Arbitrary<string>) =>
  fc.array(entry, { maxLength: 2 }).map((entries) => `[${entries.join(', ')}]`);

/** A film as the vendor may send it: few values, so that months agree and contradict each other; some broken. */
export const film: fc.Arbitrary<SourceRecord> = fc.record({
  id: small('1', '2', 'x'),
  title: small('A', 'B'),
  budget: small('0', '5', 'NaN'),
  genres: fc.oneof(
    {
      weight: 9,
      arbitrary: listOf(
        fc
          .tuple(small('18', '35'), small('Drama', 'Comedy'))
          .map(([id, name]) => `{'id': ${id}, 'name': '${name}'}`),
      ),
    },
    { weight: 1, arbitrary: fc.constant("[{'id': 18, 'na") },
  ),
  production_countries: listOf(
    small('US', 'XC').map((code) => `{'iso_3166_1': '${code}', 'name': '${code}'}`),
  ),
});

/** Months in order, and an order in which they arrive. */
export const monthsInOrder = (least = 2) =>
  fc
    .array(fc.array(film, { maxLength: 4 }), { minLength: least, maxLength: 4 })
    .chain((drops) =>
      fc.tuple(fc.constant(drops), fc.shuffledSubarray([...drops.keys()], { minLength: drops.length })),
    );
