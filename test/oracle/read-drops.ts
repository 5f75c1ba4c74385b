import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addTo, emptyWorld, type Film, type FilmWorld } from './films.js';
import { Fraction } from './fraction.js';
import { type PythonNumber, type PythonValue, readPython } from './python-value.js';
import { readCsv } from './vendor-csv.js';

/** A folder with the vendor's files of one period, YYYY-MM. */
export interface VendorDrop {
  readonly period: string;
  readonly folder: string;
}

type NamedRecord = { number: number; values: Record<string, string> };

/** What the drops say, the later period last and in each file the last record last, so that it prevails. */
export function readDrops(drops: readonly VendorDrop[]): FilmWorld {
  const world = emptyWorld();
  for (const { period, folder } of [...drops].sort((a, b) => (a.period < b.period ? -1 : 1))) {
    const told = new Map<number, Film>();
    for (const record of recordsOf(folder, 'movies_metadata.csv')) readMovie(world, told, record);
    // A film told again as it is known stays the earlier record's.
    for (const film of told.values()) {
      if (world.films.get(film.id)?.content !== film.content) world.films.set(film.id, film);
    }
    for (const record of recordsOf(folder, 'links.csv')) readLink(world, record);
    for (const record of recordsOf(folder, 'ratings.csv')) readRating(world, record);
    const [year, month] = period.split('-').map(Number);
    world.asOfDay = new Date(Date.UTC(year!, month!, 0)).toISOString().slice(0, 10);
  }
  return world;
}

/** The records that have as many fields as the header; the others are broken. */
function recordsOf(folder: string, name: string): NamedRecord[] {
  const path = join(folder, name);
  if (!existsSync(path)) return [];
  const [header, ...records] = readCsv(readFileSync(path, 'utf8'));
  return records
    .filter((record) => record.fields.length === header!.fields.length)
    .map(({ number, fields }) => ({
      number,
      values: Object.fromEntries(header!.fields.map((column, place) => [column, fields[place]!])),
    }));
}

/** The fields that make a film another version of itself; the others are links to other things. */
const ownFields =
  'title adult budget homepage imdb_id original_language original_title overview popularity poster_path ' +
  'release_date revenue runtime tagline video vote_average vote_count status';

function readMovie(world: FilmWorld, told: Map<number, Film>, { number, values }: NamedRecord): void {
  const id = wholeNumber(values.id);
  if (id === null) return;
  told.set(id, {
    id,
    title: values.title || null,
    budget: decimal(values.budget),
    revenue: decimal(values.revenue),
    popularity: decimal(values.popularity),
    releaseDate: day(values.release_date),
    status: values.status ?? '',
    voteAverage: decimal(values.vote_average),
    voteCount: wholeNumber(values.vote_count),
    sourceFile: 'movies_metadata.csv',
    sourceRecord: number,
    content: ownFields
      .split(' ')
      .map((field) => decimal(values[field])?.toString() ?? values[field])
      .map((value) => (value === '0' ? '' : value))
      .join('\n'),
  });
  for (const [companyId, name] of namedEntries(values.production_companies)) {
    world.companies.set(companyId, name);
    addTo(world.filmCompanies, id, companyId);
  }
  for (const [genreId, name] of namedEntries(values.genres)) {
    world.genres.set(genreId, name);
    addTo(world.filmGenres, id, genreId);
  }
}

function readLink(world: FilmWorld, { values }: NamedRecord): void {
  const movielensId = wholeNumber(values.movieId);
  if (movielensId !== null) world.links.set(movielensId, wholeNumber(values.tmdbId));
}

function readRating(world: FilmWorld, { values }: NamedRecord): void {
  const movielensId = wholeNumber(values.movieId);
  if (movielensId === null || !values.userId) return;
  world.ratings.set(`${values.userId} ${movielensId}`, { movielensId, rating: decimal(values.rating) });
}

function namedEntries(text: string | undefined): [number, string | null][] {
  const list = text ? readPython(text) : undefined;
  if (!Array.isArray(list)) return [];
  const entries: [number, string | null][] = [];
  for (const item of list) {
    if (item === null || typeof item !== 'object' || Array.isArray(item) || 'digits' in item) continue;
    const { id, name } = item as { id?: PythonValue; name?: PythonValue };
    const key = wholeNumber(typeof id === 'string' ? id : (id as PythonNumber | undefined)?.digits);
    if (key !== null) entries.push([key, typeof name === 'string' && name !== '' ? name : null]);
  }
  return entries;
}

function wholeNumber(text: string | undefined): number | null {
  const value = text?.trim() ?? '';
  return /^[+-]?\d+$/.test(value) && Math.abs(Number(value)) < 2 ** 31 ? Number(value) : null;
}

function decimal(text: string | undefined): Fraction | null {
  return Fraction.parse(text ?? '') ?? null;
}

/** A day of the calendar, written as YYYY-MM-DD. */
function day(text: string | undefined): string | null {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : null;
}
