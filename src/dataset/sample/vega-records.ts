import { pythonFloat, pythonRepr } from './python-repr.js';
import type { VegaFilm } from './vega-films.js';
import { creditIdOf, movielensIdOf, tmdbIdOf, type VegaIds } from './vega-ids.js';
import { inVendorOrder } from './vendor-feeds.js';

/**
 * A film as a movies_metadata record. What the package does not contain is empty (`0` for money and `[]` for lists, as the
 * vendor writes unknown values), with two exceptions that are derived:
 * - `popularity` is the number of IMDB votes in thousands, because the package has no popularity. Otherwise the popularity
 *   columns of the sample's reports would be empty.
 * - `status` is `Released` if the release date is not after `asOf`, otherwise empty.
 */
export function metadataRecord(film: VegaFilm, ids: VegaIds, asOf: string, popularity?: number): string[] {
  return inVendorOrder({
    adult: '',
    belongs_to_collection: '',
    budget: String(film.budget ?? 0),
    genres: pythonRepr(film.genres.map((name) => ({ id: ids.genre(name), name }))),
    homepage: '',
    id: String(tmdbIdOf(film)),
    imdb_id: '',
    original_language: '',
    original_title: '',
    overview: '',
    popularity: floatField(popularity ?? popularityOf(film)),
    poster_path: '',
    production_companies: pythonRepr(film.companies.map((name) => ({ name, id: ids.company(name) }))),
    production_countries: '[]',
    release_date: film.releaseDate,
    revenue: String(film.revenue ?? 0),
    runtime: floatField(film.runtime),
    spoken_languages: '[]',
    status: film.releaseDate <= asOf ? 'Released' : '',
    tagline: '',
    title: film.title ?? '',
    video: '',
    vote_average: floatField(film.voteAverage ?? 0),
    vote_count: String(film.voteCount ?? 0),
  });
}

/** IMDB votes in thousands; null without votes. */
function popularityOf(film: VegaFilm): number | null {
  return film.voteCount === null ? null : film.voteCount / 1000;
}

/** The film's credits. The package contains no person other than the director. */
export function creditsRecord(film: VegaFilm, ids: VegaIds): string[] {
  const crew =
    film.director === null
      ? []
      : [
          {
            credit_id: creditIdOf(film, 'Director', film.director),
            department: 'Directing',
            gender: 0,
            id: ids.person(film.director),
            job: 'Director',
            name: film.director,
            profile_path: null,
          },
        ];
  return ['[]', pythonRepr(crew), String(tmdbIdOf(film))];
}

/** The film's keywords: "Source" and "Creative Type" of the package. */
export function keywordsRecord(film: VegaFilm, ids: VegaIds): string[] {
  const keywords = film.keywords.map((name) => ({ id: ids.keyword(name), name }));
  return [String(tmdbIdOf(film)), pythonRepr(keywords)];
}

/** A link from the film's MovieLens id to a film's TMDB id, or a blank one. The package has no IMDB ids. */
export function linksRecord(film: VegaFilm, linkedTo: VegaFilm | null): string[] {
  return [String(movielensIdOf(film)), '', linkedTo === null ? '' : String(tmdbIdOf(linkedTo))];
}

function floatField(value: number | null): string {
  return value === null ? '' : pythonRepr(pythonFloat(value));
}
