import type { Feed } from '../source/feed.js';

function feed(name: string, columns: string): Feed {
  return { name, fileName: `${name}.csv`, columns: columns.split(' ') };
}

/** The files that the vendor sends each month: the five files of The Movies Dataset, with its column names. */
export const feeds: readonly Feed[] = [
  feed(
    'movies_metadata',
    'adult belongs_to_collection budget genres homepage id imdb_id original_language original_title overview ' +
      'popularity poster_path production_companies production_countries release_date revenue runtime ' +
      'spoken_languages status tagline title video vote_average vote_count',
  ),
  feed('credits', 'cast crew id'),
  feed('keywords', 'id keywords'),
  feed('links', 'movieId imdbId tmdbId'),
  feed('ratings', 'userId movieId rating timestamp'),
];
