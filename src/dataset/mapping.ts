import type { MappingRow, TableType } from '../warehouse/mapping/mapping-row.js';

/** A field: where it is filled, its type, where it comes from, what it means; then what is done on the way. */
type Field = readonly [
  field: string,
  type: string,
  source: string,
  description: string,
  more?: { key?: true; transform?: string },
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
    description,
  }));
}

/** A table whose rows are links of a film to something its record lists. */
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

/** A table of things that films list, with their names. */
function dimension(name: string, feed: string, column: string, more: readonly Field[] = []): MappingRow[] {
  return table(name, 'version', feed, [
    ['id', 'integer', `${column}.id`, "The vendor's number of it", key],
    ['name', 'text', `${column}.name`, 'Its name'],
    ...more,
  ]);
}

function people(name: string, column: string): MappingRow[] {
  return dimension(name, 'credits', column, [
    ['gender', 'integer', `${column}.gender`, 'Gender as the vendor codes it: 0 unknown, 1 female, 2 male'],
    ['profile_path', 'text', `${column}.profile_path`, 'Path of a portrait'],
  ]);
}

const zeroIsUnknown = { transform: 'zero_as_null' } as const;

/**
 * The initial mapping: which field of the five feeds fills which field of the warehouse. From here on the mapping that
 * counts is the newest one in `support.data_mapping`.
 */
export const initialMapping: readonly MappingRow[] = [
  ...table('movies', 'version', 'movies_metadata', [
    ['movie_id', 'integer', 'id', "The vendor's number of the film (TMDB)", key],
    ['title', 'text', 'title', 'Title in English'],
    ['adult', 'boolean', 'adult', 'Whether it is an adult film'],
    ['budget', 'numeric', 'budget', 'Budget in US dollars; 0 means unknown', zeroIsUnknown],
    ['homepage', 'text', 'homepage', 'Address of its home page'],
    ['imdb_id', 'text', 'imdb_id', "IMDb's number of the film, as tt0000000"],
    ['original_language', 'text', 'original_language', 'Language it was made in, ISO 639-1'],
    ['original_title', 'text', 'original_title', 'Title in that language'],
    ['overview', 'text', 'overview', 'What it is about'],
    ['popularity', 'numeric', 'popularity', "The vendor's popularity figure, without unit"],
    ['poster_path', 'text', 'poster_path', 'Path of its poster'],
    ['release_date', 'date', 'release_date', 'Day of first release'],
    ['revenue', 'numeric', 'revenue', 'Revenue in US dollars; 0 means unknown', zeroIsUnknown],
    ['runtime', 'numeric', 'runtime', 'Running time in minutes'],
    ['tagline', 'text', 'tagline', 'Its advertising line'],
    ['video', 'boolean', 'video', 'Whether it went straight to video'],
    ['vote_average', 'numeric', 'vote_average', "Mean of the vendor's users' votes, 0 to 10"],
    ['vote_count', 'integer', 'vote_count', 'How many voted'],
    ['status', 'text', 'status', 'Where the film stands: Released, Rumored, Post Production and so on'],
  ]),
  ...dimension('collections', 'movies_metadata', 'belongs_to_collection', [
    ['poster_path', 'text', 'belongs_to_collection.poster_path', 'Path of its poster'],
    ['backdrop_path', 'text', 'belongs_to_collection.backdrop_path', 'Path of its backdrop picture'],
  ]),
  ...dimension('genres', 'movies_metadata', 'genres'),
  ...dimension('production_companies', 'movies_metadata', 'production_companies'),
  ...dimension('keywords', 'keywords', 'keywords'),
  ...people('cast_member', 'cast'),
  ...people('crew_member', 'crew'),
  ...table('production_countries', 'reference', 'movies_metadata', [
    ['id', 'text', 'production_countries.iso_3166_1', 'The code, ISO 3166-1 alpha-2', key],
    ['name', 'text', 'production_countries.name', "Its name; the vendor's where the standard lacks the code"],
  ]),
  ...table('spoken_languages', 'reference', 'movies_metadata', [
    ['id', 'text', 'spoken_languages.iso_639_1', 'The code, ISO 639-1', key],
    ['name', 'text', 'spoken_languages.name', "Its name; the vendor's where the standard lacks the code"],
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
    ['credit_id', 'text', 'cast.credit_id', "The vendor's key of the credit", key],
    ['movie_id', 'integer', 'id', 'The film'],
    ['cast_member_id', 'integer', 'cast.id', 'The person'],
    ['cast_id', 'integer', 'cast.cast_id', "The vendor's number of the part within the film"],
    ['character', 'text', 'cast.character', 'The part played'],
    ['credit_order', 'integer', 'cast.order', 'Place in the list of credits, from 0'],
  ]),
  ...table('movie_crew_members', 'version', 'credits', [
    ['credit_id', 'text', 'crew.credit_id', "The vendor's key of the credit", key],
    ['movie_id', 'integer', 'id', 'The film'],
    ['crew_member_id', 'integer', 'crew.id', 'The person'],
    ['department', 'text', 'crew.department', 'The department'],
    ['job', 'text', 'crew.job', 'The job'],
  ]),
  ...table('movie_links', 'version', 'links', [
    ['movielens_id', 'integer', 'movieId', "MovieLens' number of the film", key],
    ['imdb_id', 'text', 'imdbId', "IMDb's number of the film, as sent"],
    ['movie_id', 'integer', 'tmdbId', "The vendor's number of the film (TMDB)"],
  ]),
  ...table('movie_ratings', 'version', 'ratings', [
    ['rater_id', 'bigint', 'userId', 'Who rated, as a keyed hash', { key: true, transform: 'pii_hash' }],
    ['movielens_id', 'integer', 'movieId', "MovieLens' number of the film", key],
    ['rating', 'numeric', 'rating', 'The rating, half to five stars'],
    ['rating_timestamp', 'timestamptz', 'timestamp', 'When it was given', { transform: 'epoch_seconds' }],
  ]),
];
