import type { Fraction } from './fraction.js';

/** A film as the vendor's newest word has it. */
export interface Film {
  id: number;
  title: string | null;
  budget: Fraction | null;
  revenue: Fraction | null;
  popularity: Fraction | null;
  releaseDate: string | null;
  status: string;
  voteAverage: Fraction | null;
  voteCount: number | null;
  sourceFile: string;
  sourceRecord: number;
  /** What the record says of the film itself; the same again is no news. */
  content?: string;
}

/** All that the six reports are made of. */
export interface FilmWorld {
  /** The last day of the newest period. */
  asOfDay: string;
  films: Map<number, Film>;
  companies: Map<number, string | null>;
  genres: Map<number, string | null>;
  /** Film to its companies. */
  filmCompanies: Map<number, Set<number>>;
  /** Film to its genres. */
  filmGenres: Map<number, Set<number>>;
  /** MovieLens' number to the film's. */
  links: Map<number, number | null>;
  /** Rater and MovieLens' number to the rating. */
  ratings: Map<string, { movielensId: number; rating: Fraction | null }>;
}

export function emptyWorld(): FilmWorld {
  return {
    asOfDay: '',
    films: new Map(),
    companies: new Map(),
    genres: new Map(),
    filmCompanies: new Map(),
    filmGenres: new Map(),
    links: new Map(),
    ratings: new Map(),
  };
}

/** Null when it is 0, which stands for unknown. */
export function knownMoney(value: Fraction | null): Fraction | null {
  return value === null || value.isZero() ? null : value;
}

export function profitOf(film: Film): Fraction | null {
  const budget = knownMoney(film.budget);
  const revenue = knownMoney(film.revenue);
  return budget === null || revenue === null ? null : revenue.minus(budget);
}

/** Whether it is out: nothing else is said of it, and its day has come. */
export function isReleased(film: Film, asOfDay: string): boolean {
  return (
    (film.status === 'Released' || film.status === '') &&
    film.releaseDate !== null &&
    film.releaseDate <= asOfDay
  );
}

export function addTo(sets: Map<number, Set<number>>, key: number, member: number): void {
  const set = sets.get(key) ?? new Set<number>();
  sets.set(key, set.add(member));
}
