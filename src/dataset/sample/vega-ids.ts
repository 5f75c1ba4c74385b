import { createHash } from 'node:crypto';
import type { VegaFilm } from './vega-films.js';

/**
 * Ids that the vendor's files need and the package does not have. They are invented, the same in every sample, and do not
 * belong to real TMDB or MovieLens records. MovieLens ids differ from TMDB ids, as in the real data.
 */
export class VegaIds {
  readonly #companies: ReadonlyMap<string, number>;
  readonly #genres: ReadonlyMap<string, number>;
  readonly #keywords: ReadonlyMap<string, number>;
  readonly #people: ReadonlyMap<string, number>;

  constructor(films: readonly VegaFilm[]) {
    this.#companies = numbered(films.flatMap((film) => film.companies));
    this.#genres = numbered(films.flatMap((film) => film.genres));
    this.#keywords = numbered(films.flatMap((film) => film.keywords));
    this.#people = numbered(films.flatMap((film) => film.director ?? []));
  }

  company(name: string): number {
    return idIn(this.#companies, name);
  }

  genre(name: string): number {
    return idIn(this.#genres, name);
  }

  keyword(name: string): number {
    return idIn(this.#keywords, name);
  }

  person(name: string): number {
    return idIn(this.#people, name);
  }
}

/** 100,003 is prime, so multiples of a smaller number are all different: no two films have the same id. */
export function tmdbIdOf(film: VegaFilm): number {
  return 200_000 + ((film.index * 7_919) % 100_003);
}

export function movielensIdOf(film: VegaFilm): number {
  return film.index + 1;
}

/** 24 hexadecimal digits, like the vendor's ids. A different person in the same job is a different credit. */
export function creditIdOf(film: VegaFilm, job: string, name: string): string {
  return createHash('sha256').update(`${film.index}/${job}/${name}`).digest('hex').slice(0, 24);
}

function numbered(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...new Set(names)].map((name, index) => [name, index + 1]));
}

function idIn(ids: ReadonlyMap<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`"${name}" is not in any film of the package, so it has no id.`);
  return id;
}
