import { addTo, emptyWorld, type FilmWorld } from '../oracle/films.js';
import { Fraction } from '../oracle/fraction.js';

/** A film as a test tells it: only what matters to it; amounts as text or number. */
export interface FilmFacts {
  title?: string;
  budget?: number | string;
  revenue?: number | string;
  popularity?: number | string;
  releaseDate?: string | null;
  status?: string;
  voteAverage?: number | string;
  voteCount?: number;
  companies?: number[];
  genres?: number[];
  /** Ratings in stars, by as many raters, of the film's one MovieLens film. */
  ratings?: (number | string)[];
}

export const genreNames: Record<number, string> = { 16: 'Animation', 18: 'Drama', 35: 'Comedy', 99: 'drama' };
export const companyNames: Record<number, string> = { 3: 'Pixar', 4: 'Disney', 5: 'Toho' };

/** A world of these films, numbered from 1, as of 2017-08-31. Released in 1995, by Pixar, animated, unless told. */
export function filmWorld(...films: FilmFacts[]): FilmWorld {
  const world: FilmWorld = { ...emptyWorld(), asOfDay: '2017-08-31' };
  films.forEach((facts, place) => {
    const id = place + 1;
    world.films.set(id, {
      id,
      title: facts.title ?? `Film ${id}`,
      budget: number(facts.budget),
      revenue: number(facts.revenue),
      popularity: number(facts.popularity),
      releaseDate: facts.releaseDate === undefined ? '1995-10-30' : facts.releaseDate,
      status: facts.status ?? 'Released',
      voteAverage: number(facts.voteAverage),
      voteCount: facts.voteCount ?? null,
      sourceFile: 'movies_metadata.csv',
      sourceRecord: id,
    });
    for (const company of facts.companies ?? [3]) {
      world.companies.set(company, companyNames[company] ?? `Company ${company}`);
      addTo(world.filmCompanies, id, company);
    }
    for (const genre of facts.genres ?? [16]) {
      world.genres.set(genre, genreNames[genre] ?? `Genre ${genre}`);
      addTo(world.filmGenres, id, genre);
    }
    (facts.ratings ?? []).forEach((stars, rater) => {
      world.links.set(1000 + id, id);
      world.ratings.set(`${rater} ${1000 + id}`, { movielensId: 1000 + id, rating: number(stars) });
    });
  });
  return world;
}

function number(value: number | string | undefined): Fraction | null {
  return value === undefined ? null : Fraction.parse(String(value))!;
}
