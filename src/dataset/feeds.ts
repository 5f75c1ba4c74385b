import type { ColumnKind, ColumnKinds } from '../source/column-kind.js';
import type { Feed } from '../source/feed.js';

function feed(name: string, columns: string, kinds: ColumnKinds): Feed {
  return { name, fileName: `${name}.csv`, columns: columns.split(' '), kinds };
}

function kinds(named: Readonly<Partial<Record<ColumnKind, string>>>): ColumnKinds {
  return Object.fromEntries(
    Object.entries(named).flatMap(([kind, columns]) =>
      columns.split(' ').map((column) => [column, kind as ColumnKind]),
    ),
  );
}

/** The files that the vendor sends each month: the five files of The Movies Dataset, with its column names. */
export const feeds: readonly Feed[] = [
  feed(
    'movies_metadata',
    'adult belongs_to_collection budget genres homepage id imdb_id original_language original_title overview ' +
      'popularity poster_path production_companies production_countries release_date revenue runtime ' +
      'spoken_languages status tagline title video vote_average vote_count',
    kinds({
      number: 'budget id popularity revenue runtime vote_average vote_count',
      date: 'release_date',
      boolean: 'adult video',
      literal: 'belongs_to_collection genres production_companies production_countries spoken_languages',
    }),
  ),
  feed('credits', 'cast crew id', kinds({ literal: 'cast crew', number: 'id' })),
  feed('keywords', 'id keywords', kinds({ number: 'id', literal: 'keywords' })),
  feed('links', 'movieId imdbId tmdbId', kinds({ number: 'movieId imdbId tmdbId' })),
  feed(
    'ratings',
    'userId movieId rating timestamp',
    kinds({ number: 'userId movieId rating', date: 'timestamp' }),
  ),
];
