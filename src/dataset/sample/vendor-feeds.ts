/** The columns of the vendor's five files, in the vendor's order. */
export const VENDOR_COLUMNS = {
  movies_metadata: [
    'adult',
    'belongs_to_collection',
    'budget',
    'genres',
    'homepage',
    'id',
    'imdb_id',
    'original_language',
    'original_title',
    'overview',
    'popularity',
    'poster_path',
    'production_companies',
    'production_countries',
    'release_date',
    'revenue',
    'runtime',
    'spoken_languages',
    'status',
    'tagline',
    'title',
    'video',
    'vote_average',
    'vote_count',
  ],
  credits: ['cast', 'crew', 'id'],
  keywords: ['id', 'keywords'],
  links: ['movieId', 'imdbId', 'tmdbId'],
  ratings: ['userId', 'movieId', 'rating', 'timestamp'],
} as const;

/** One of the vendor's five files. */
export type VendorFeed = keyof typeof VENDOR_COLUMNS;

/** The fields of a movies_metadata record by name. */
export type MovieFields = Record<(typeof VENDOR_COLUMNS.movies_metadata)[number], string>;

/** The fields of a movies_metadata record in the vendor's order. */
export function inVendorOrder(movie: MovieFields): string[] {
  return VENDOR_COLUMNS.movies_metadata.map((column) => movie[column]);
}

/**
 * The record as the vendor sends it if its overview contains an unquoted newline: two records, with 10 and 15 fields
 * instead of 24. The second one has the release date in place of the id.
 */
export function brokenByNewline(fields: readonly string[]): [string[], string[]] {
  const overview = VENDOR_COLUMNS.movies_metadata.indexOf('overview');
  const text = fields[overview] ?? '';
  const cut = text.indexOf(' ');
  const [head, tail] = cut < 0 ? [text, ''] : [text.slice(0, cut), text.slice(cut)];
  return [
    [...fields.slice(0, overview), head],
    [tail, ...fields.slice(overview + 1)],
  ];
}
