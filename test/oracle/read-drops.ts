import { bytesOf, keyedEntries, recordsOf, type VendorDrop } from './drop-records.js';
import { day, decimal, trimmed, truth, wholeNumber } from './field-values.js';
import { addTo, emptyWorld, type Film, type FilmWorld } from './films.js';

type Values = Readonly<Record<string, string>>;

/** A file that arrived for its month for the first time: the same bytes again have no effect. */
export interface ToldFile {
  readonly drop: VendorDrop;
  readonly fileName: string;
  readonly bytes: string;
}

/**
 * The files of drops in the order in which they apply: by period, and within a period by arrival.
 * @param drops in the order of their arrival
 */
export function filesInOrder(drops: readonly VendorDrop[], fileNames: readonly string[]): ToldFile[] {
  const known = new Set<string>();
  const files: ToldFile[] = [];
  for (const drop of drops) {
    for (const fileName of fileNames) {
      const bytes = bytesOf(drop, fileName);
      const once = `${drop.period} ${bytes}`;
      if (bytes === undefined || known.has(once)) continue;
      known.add(once);
      files.push({ drop, fileName, bytes });
    }
  }
  return files.sort((a, b) => (a.drop.period < b.drop.period ? -1 : a.drop.period > b.drop.period ? 1 : 0));
}

/** The vendor's files. */
export const vendorFiles = [
  'movies_metadata.csv',
  'links.csv',
  'ratings.csv',
  'credits.csv',
  'keywords.csv',
] as const;

/** The content of the drops: within a file, the last record applies; across files, the last file. */
export function readDrops(drops: readonly VendorDrop[]): FilmWorld {
  const world = emptyWorld();
  for (const { drop, fileName, bytes } of filesInOrder(drops, vendorFiles)) {
    if (fileName === 'movies_metadata.csv') readMovies(world, bytes);
    for (const { values } of recordsOf(bytes)) {
      if (fileName === 'links.csv' && values !== null) readLink(world, values);
      if (fileName === 'ratings.csv' && values !== null) readRating(world, values);
    }
    const [year, month] = drop.period.split('-').map(Number);
    world.asOfDay = new Date(Date.UTC(year!, month!, 0)).toISOString().slice(0, 10);
  }
  return world;
}

function readMovies(world: FilmWorld, bytes: string): void {
  const told = new Map<number, Film>();
  for (const { number, values } of recordsOf(bytes)) {
    const id = wholeNumber(values?.id);
    if (values === null || id === null) continue;
    told.set(id, filmOf(id, number, values));
    for (const [company, { name }] of keyedEntries(values.production_companies, ['name'])) {
      world.companies.set(company, name!);
      addTo(world.filmCompanies, id, company);
    }
    for (const [genre, { name }] of keyedEntries(values.genres, ['name'])) {
      world.genres.set(genre, name!);
      addTo(world.filmGenres, id, genre);
    }
  }
  // If a film is sent again unchanged, the earlier record still applies.
  for (const film of told.values()) {
    if (world.films.get(film.id)?.content !== film.content) world.films.set(film.id, film);
  }
}

/** The fields that make a new version of a film, by type. The other fields are links. */
const ownFields = {
  text: 'title homepage imdb_id original_language original_title overview poster_path tagline status'.split(
    ' ',
  ),
  decimal: 'popularity runtime vote_average'.split(' '),
  money: 'budget revenue'.split(' '),
  truth: 'adult video'.split(' '),
};

/** The scales of numbers; the vendor sends no others, and others are left out. */
const scales: Readonly<Record<string, readonly [number, number]>> = {
  vote_average: [0, 10],
  rating: [0.5, 5],
};

/** The number that a field gives; null when it is none, or outside of its scale. */
export function valid(values: Values, field: string): ReturnType<typeof decimal> {
  const value = decimal(values[field]);
  if (value === null) return null;
  const [least, greatest] = scales[field] ?? [0, Number.POSITIVE_INFINITY];
  const number = Number(value.toString());
  return number < least || number > greatest ? null : value;
}

function filmOf(id: number, number: number, values: Values): Film {
  const amount = (field: string) => valid(values, field)?.toString() ?? '';
  const votes = wholeNumber(values.vote_count);
  const voteCount = votes !== null && votes < 0 ? null : votes;
  return {
    id,
    title: values.title || null,
    budget: valid(values, 'budget'),
    revenue: valid(values, 'revenue'),
    popularity: valid(values, 'popularity'),
    releaseDate: day(values.release_date),
    status: values.status ?? '',
    voteAverage: valid(values, 'vote_average'),
    voteCount,
    sourceFile: 'movies_metadata.csv',
    sourceRecord: number,
    content: JSON.stringify([
      ownFields.text.map((field) => values[field] ?? ''),
      ownFields.decimal.map(amount),
      ownFields.money.map((field) => amount(field).replace(/^0$/, '')),
      ownFields.truth.map((field) => truth(values[field])),
      day(values.release_date),
      voteCount,
    ]),
  };
}

function readLink(world: FilmWorld, values: Values): void {
  const movielensId = wholeNumber(values.movieId);
  if (movielensId !== null) world.links.set(movielensId, wholeNumber(values.tmdbId));
}

function readRating(world: FilmWorld, values: Values): void {
  const movielensId = wholeNumber(values.movieId);
  const rater = trimmed(values.userId);
  if (movielensId === null || rater === '') return;
  world.ratings.set(`${rater} ${movielensId}`, { movielensId, rating: valid(values, 'rating') });
}
