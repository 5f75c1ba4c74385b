import fc from 'fast-check';
import type { SourceRecord } from '../warehouse/source-rows.js';

/** What a month brings: records of the feeds that reports are made of. */
export interface RandomMonth {
  readonly movies: readonly SourceRecord[];
  readonly links: readonly SourceRecord[];
  readonly ratings: readonly SourceRecord[];
}

const small = (...values: string[]) => fc.constantFrom(...values);
const named = (id: fc.Arbitrary<string>, name: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.tuple(id, name).map(([number, text]) => `{'id': ${number}, 'name': '${text}'}`),
      { maxLength: 3 },
    )
    .map((entries) => `[${entries.join(', ')}]`);

/** Few ids and few values, so that months touch the same films, companies and years again. */
const movie: fc.Arbitrary<SourceRecord> = fc.record({
  id: small('1', '2', '3', '4', '5'),
  title: small('Toy Story', 'Up', 'Coco'),
  budget: small('0', '10', '25.5'),
  revenue: small('0', '100', '7'),
  popularity: small('1.5', '2.25', ''),
  release_date: small('1995-10-30', '1996-01-01', '2017-01-15', '2017-03-10', ''),
  status: small('Released', '', 'Rumored'),
  vote_average: small('7.5', '6'),
  vote_count: small('0', '10', '300'),
  genres: named(small('16', '18', '35'), small('Drama', 'Comedy')),
  production_companies: named(small('3', '4', '5'), small('Pixar', 'Disney')),
});
const link: fc.Arbitrary<SourceRecord> = fc.record({
  movieId: small('11', '12', '13'),
  imdbId: fc.constant('0114709'),
  tmdbId: small('1', '2', '3', ''),
});
const rating: fc.Arbitrary<SourceRecord> = fc.record({
  userId: small('1', '2', '3'),
  movieId: small('11', '12', '13'),
  rating: small('0.5', '3.0', '4.5'),
  timestamp: fc.constant('1260759144'),
});

const month: fc.Arbitrary<RandomMonth> = fc.record({
  movies: fc.array(movie, { maxLength: 4 }),
  links: fc.array(link, { maxLength: 2 }),
  ratings: fc.array(rating, { maxLength: 4 }),
});

/** Two to four months of 2017, from January. */
export const randomMonths = fc.array(month, { minLength: 2, maxLength: 4 });
