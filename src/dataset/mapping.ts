import type { MappingRow, TableType } from '../warehouse/mapping/mapping-row.js';

/** A mapped field: name, type, source field, meaning, and options. */
type Field = readonly [
  field: string,
  type: string,
  source: string,
  description: string,
  more?: { key?: true; transform?: string; min?: string; max?: string },
];

const key = { key: true } as const;

function table(name: string, tableType: TableType, feed: string, fields: readonly Field[]): MappingRow[] {
  return fields.map(([field, type, source, description, more]) => ({
    end_schema: 'warehouse',
    end_table: name,
    end_field: field,
    end_data_type: type,
    table_type: tableType,
    source_schema: 'source',
    source_table: `src_${feed}`,
    source_field: source,
    source_data_type: 'text',
    is_key: more?.key ?? false,
    transform: more?.transform ?? null,
    retire_missing: false,
    min: more?.min ?? null,
    max: more?.max ?? null,
    allowed: null,
    description,
  }));
}

/** A table of links between films and the entries that their records list. */
function bridge(
  name: string,
  feed: string,
  field: string,
  type: string,
  source: string,
  what: string,
): MappingRow[] {
  return table(name, 'append', feed, [
    ['movie_id', 'integer', 'id', 'The film', key],
    [field, type, source, what, key],
  ]);
}

/** A table of entries that film records list, such as genres, with their names. */
function dimension(name: string, feed: string, column: string, more: readonly Field[] = []): MappingRow[] {
  return table(name, 'version', feed, [
    ['id', 'integer', `${column}.id`, "The vendor's id", key],
    ['name', 'text', `${column}.name`, 'Name'],
    ...more,
  ]);
}

function people(name: string, column: string): MappingRow[] {
  return dimension(name, 'credits', column, [
    ['gender', 'integer', `${column}.gender`, 'Gender, as coded by the vendor: 0 unknown, 1 female, 2 male'],
    ['profile_path', 'text', `${column}.profile_path`, 'Path of a portrait'],
  ]);
}

/** An amount of money or a count is not negative; a rating and a mean vote are on the scale that the vendor documents. */
const notNegative = { min: '0' } as const;
const zeroIsUnknown = { transform: 'zero_as_null', ...notNegative } as const;

/**
 * The initial mapping: which field of the five feeds fills which field of the warehouse. Once it is installed, the newest
 * version in `support.data_mapping` applies.
 */
export const initialMapping: readonly MappingRow[] = [
  ...table('movies', 'version', 'movies_metadata', [
    ['movie_id', 'integer', 'id', "The vendor's id of the film (TMDB)", key],
    ['title', 'text', 'title', 'Title in English'],
    ['adult', 'boolean', 'adult', 'Whether it is an adult film'],
    ['budget', 'numeric', 'budget', 'Budget in US dollars; 0 means unknown', zeroIsUnknown],
    ['homepage', 'text', 'homepage', 'URL of its home page'],
    ['imdb_id', 'text', 'imdb_id', 'IMDb id of the film, as tt0000000'],
    ['original_language', 'text', 'original_language', 'Original language, as ISO 639-1 code'],
    ['original_title', 'text', 'original_title', 'Title in the original language'],
    ['overview', 'text', 'overview', 'Plot summary'],
    ['popularity', 'numeric', 'popularity', "The vendor's popularity score, without unit", notNegative],
    ['poster_path', 'text', 'poster_path', 'Path of its poster'],
    ['release_date', 'date', 'release_date', 'Date of first release'],
    ['revenue', 'numeric', 'revenue', 'Revenue in US dollars; 0 means unknown', zeroIsUnknown],
    ['runtime', 'numeric', 'runtime', 'Running time in minutes', notNegative],
    ['tagline', 'text', 'tagline', 'Tagline'],
    ['video', 'boolean', 'video', 'Whether it was released directly to video'],
    [
      'vote_average',
      'numeric',
      'vote_average',
      "Mean vote of the vendor's users, 0 to 10",
      { min: '0', max: '10' },
    ],
    ['vote_count', 'integer', 'vote_count', 'Number of votes', notNegative],
    ['status', 'text', 'status', 'Production status, such as Released, Rumored or Post Production'],
  ]),
  ...dimension('collections', 'movies_metadata', 'belongs_to_collection', [
    ['poster_path', 'text', 'belongs_to_collection.poster_path', 'Path of its poster'],
    ['backdrop_path', 'text', 'belongs_to_collection.backdrop_path', 'Path of its backdrop image'],
  ]),
  ...dimension('genres', 'movies_metadata', 'genres'),
  ...dimension('production_companies', 'movies_metadata', 'production_companies'),
  ...dimension('keywords', 'keywords', 'keywords'),
  ...people('cast_member', 'cast'),
  ...people('crew_member', 'crew'),
  ...table('production_countries', 'reference', 'movies_metadata', [
    ['id', 'text', 'production_countries.iso_3166_1', 'ISO 3166-1 alpha-2 code', key],
    [
      'name',
      'text',
      'production_countries.name',
      "Name; the vendor's name if the standard does not have the code",
    ],
  ]),
  ...table('spoken_languages', 'reference', 'movies_metadata', [
    ['id', 'text', 'spoken_languages.iso_639_1', 'ISO 639-1 code', key],
    [
      'name',
      'text',
      'spoken_languages.name',
      "Name; the vendor's name if the standard does not have the code",
    ],
  ]),
  ...bridge(
    'movie_collections',
    'movies_metadata',
    'collection_id',
    'integer',
    'belongs_to_collection.id',
    'The series',
  ),
  ...bridge('movie_genres', 'movies_metadata', 'genre_id', 'integer', 'genres.id', 'The genre'),
  ...bridge(
    'movie_production_companies',
    'movies_metadata',
    'production_company_id',
    'integer',
    'production_companies.id',
    'The company',
  ),
  ...bridge(
    'movie_production_countries',
    'movies_metadata',
    'production_country_id',
    'text',
    'production_countries.iso_3166_1',
    "The country's code",
  ),
  ...bridge(
    'movie_spoken_languages',
    'movies_metadata',
    'spoken_language_id',
    'text',
    'spoken_languages.iso_639_1',
    "The language's code",
  ),
  ...bridge('movie_keywords', 'keywords', 'keyword_id', 'integer', 'keywords.id', 'The keyword'),
  ...table('movie_cast_members', 'version', 'credits', [
    ['credit_id', 'text', 'cast.credit_id', "The vendor's id of the credit", key],
    ['movie_id', 'integer', 'id', 'The film'],
    ['cast_member_id', 'integer', 'cast.id', 'The person'],
    ['cast_id', 'integer', 'cast.cast_id', "The vendor's number of the role within the film"],
    ['character', 'text', 'cast.character', 'Name of the character'],
    ['credit_order', 'integer', 'cast.order', 'Position in the credits, starting at 0'],
  ]),
  ...table('movie_crew_members', 'version', 'credits', [
    ['credit_id', 'text', 'crew.credit_id', "The vendor's id of the credit", key],
    ['movie_id', 'integer', 'id', 'The film'],
    ['crew_member_id', 'integer', 'crew.id', 'The person'],
    ['department', 'text', 'crew.department', 'The department'],
    ['job', 'text', 'crew.job', 'The job'],
  ]),
  ...table('movie_links', 'version', 'links', [
    ['movielens_id', 'integer', 'movieId', 'MovieLens id of the film', key],
    ['imdb_id', 'text', 'imdbId', 'IMDb id of the film, as sent'],
    ['movie_id', 'integer', 'tmdbId', "The vendor's id of the film (TMDB)"],
  ]),
  ...table('movie_ratings', 'version', 'ratings', [
    ['rater_id', 'bigint', 'userId', 'The rater, as a keyed hash', { key: true, transform: 'pii_hash' }],
    ['movielens_id', 'integer', 'movieId', 'MovieLens id of the film', key],
    ['rating', 'numeric', 'rating', 'The rating, 0.5 to 5 stars', { min: '0.5', max: '5' }],
    [
      'rating_timestamp',
      'timestamptz',
      'timestamp',
      'When the rating was given',
      { transform: 'epoch_seconds' },
    ],
  ]),
];
