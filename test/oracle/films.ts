import type { Fraction } from './fraction.js';

/** A film according to the vendor's newest record. */
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
  /** The record's data on the film itself. The same data again is not a new version. */
  content?: string;
}

/** The rules that several reports have in common, so that a test can compute the reports by others. */
export interface FilmRules {
  /** The profit of a film whose budget and revenue are both known. */
  profit(revenue: Fraction, budget: Fraction): Fraction | null;
  /** A film with any other status is not released, whatever its date. */
  readonly releasedStatuses: readonly string[];
}

export const filmRules: FilmRules = {
  profit: (revenue, budget) => revenue.minus(budget),
  releasedStatuses: ['Released', ''],
};

/** All data that the six reports are computed from. */
export interface FilmWorld {
  rules: FilmRules;
  /** The last day of the newest period. */
  asOfDay: string;
  films: Map<number, Film>;
  companies: Map<number, string | null>;
  genres: Map<number, string | null>;
  /** Companies by film. */
  filmCompanies: Map<number, Set<number>>;
  /** Genres by film. */
  filmGenres: Map<number, Set<number>>;
  /** Film by MovieLens id. */
  links: Map<number, number | null>;
  /** Rating by rater and MovieLens id. */
  ratings: Map<string, { movielensId: number; rating: Fraction | null }>;
}

export function emptyWorld(): FilmWorld {
  return {
    rules: filmRules,
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

/** Null if it is 0, which means unknown. */
export function knownMoney(value: Fraction | null): Fraction | null {
  return value === null || value.isZero() ? null : value;
}

export function profitOf({ rules }: FilmWorld, film: Film): Fraction | null {
  const budget = knownMoney(film.budget);
  const revenue = knownMoney(film.revenue);
  return budget === null || revenue === null ? null : rules.profit(revenue, budget);
}

/** Whether it is released: its status does not say otherwise, and its release date is not in the future. */
export function isReleased({ rules, asOfDay }: FilmWorld, film: Film): boolean {
  return (
    rules.releasedStatuses.includes(film.status) && film.releaseDate !== null && film.releaseDate <= asOfDay
  );
}

export function addTo(sets: Map<number, Set<number>>, key: number, member: number): void {
  const set = sets.get(key) ?? new Set<number>();
  sets.set(key, set.add(member));
}
