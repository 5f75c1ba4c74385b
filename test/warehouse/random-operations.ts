import fc from 'fast-check';
import type { MappingRow } from '../../src/warehouse/mapping/mapping-row.js';
import { film, filmMapping, filmTables } from './random-films.js';
import type { SourceRecord } from './source-rows.js';

/** The films' mapping with cells changed in all rows of a table (`movies`), or in that of one field (`movies.title`). */
const changed = (places: readonly string[], cells: Partial<MappingRow>): readonly MappingRow[] =>
  filmMapping.map((row) =>
    places.some((place) => [row.end_table, `${row.end_table}.${row.end_field}`].includes(place))
      ? { ...row, ...cells }
      : row,
  );
const without = (place: string) => {
  const left = changed([place], { end_field: '' });
  return left.filter(({ end_field }) => end_field !== '');
};

/** Films by another column of the vendor's. */
export const otherKey = changed(['movies.movie_id'], { source_field: 'budget' });

/**
 * What people may make of one mapping, one month after another. What a version changes decides how the months that were read
 * under others are told apart from its own: each kind of change has broken a rebuild in its own way.
 */
export const mappingVersions: readonly (readonly MappingRow[])[] = [
  filmMapping,
  changed(['movie_genres'], { retire_missing: true }),
  changed(['movie_genres', 'movie_production_countries'], { retire_missing: true, table_type: 'version' }),
  changed(['movies.budget'], { transform: null }),
  changed(['movies.title'], { source_field: 'budget' }),
  otherKey,
  changed(['genres.name'], { source_field: 'genres.id' }),
  changed(['genres'], { table_type: 'append' }),
  changed(['movies'], { table_type: 'append' }),
  without('genres.name'),
  without('movie_genres'),
];

/** Something that is done to a warehouse, each in a place of its own choice. */
export type Operation =
  | { readonly does: 'month'; period: string; mapping: number; films: readonly SourceRecord[] }
  | { readonly does: 'retire' | 'restore'; table: string }
  | { readonly does: 'withdraw'; file: number }
  | { readonly does: 'take back' }
  | { readonly does: 'rebuild'; mapping: 'recorded' | 'current' }
  | { readonly does: 'standard'; codes: readonly string[] };

const table = fc.constantFrom(...filmTables);
const does = <Name extends Operation['does']>(name: Name) => fc.constant(name);

/** Few months, so that some come late, and some again with other films: a month may be told by several files. */
const month = fc.record({
  does: does('month'),
  period: fc.constantFrom('2017-01', '2017-02', '2017-03', '2017-04'),
  mapping: fc.nat(mappingVersions.length - 1),
  films: fc.array(film, { maxLength: 3 }),
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: month },
  { weight: 2, arbitrary: fc.record({ does: does('retire'), table }) },
  { weight: 1, arbitrary: fc.record({ does: does('restore'), table }) },
  { weight: 1, arbitrary: fc.record({ does: does('withdraw'), file: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ does: does('take back') }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: does('rebuild'), mapping: fc.constantFrom('recorded', 'current') }),
  },
  { weight: 1, arbitrary: fc.record({ does: does('standard'), codes: fc.subarray(['US', 'XC']) }) },
);

/** What is done to one warehouse, one after another. */
export const randomOperations = fc.array(operation, { minLength: 3, maxLength: 9 });
