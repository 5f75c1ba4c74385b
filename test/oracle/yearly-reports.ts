import { type Film, type FilmWorld, isReleased, knownMoney, profitOf } from './films.js';
import { Fraction } from './fraction.js';
import type { OracleRow } from './oracle-row.js';

/** A film in a group, with the number of companies that its amounts are divided by. */
interface Member {
  readonly film: Film;
  readonly companyCount: number;
}

interface Group {
  readonly key: OracleRow;
  readonly members: Member[];
}

export function productionCompanyRows(world: FilmWorld): OracleRow[] {
  const groups = new Map<string, Group>();
  for (const film of datedFilms(world)) {
    for (const company of companiesOf(world, film)) {
      const key = { ...companyKey(world, company), ...yearKey(film) };
      join(groups, `${company} ${yearOf(film)}`, key, film, companiesOf(world, film).length);
    }
  }
  return rowsOf(groups, ({ key, members }) => ({
    ...key,
    ...money(world, members),
    ...shares(world, members),
    ...counts(world, members),
  }));
}

export function productionCompanyGenreRows(world: FilmWorld): OracleRow[] {
  const groups = new Map<string, Group>();
  for (const film of datedFilms(world)) {
    for (const company of companiesOf(world, film)) {
      for (const genre of genresOf(world, film)) {
        const key = { ...companyKey(world, company), ...yearKey(film), ...genreKey(world, genre) };
        const name = `${company} ${yearOf(film)} ${genre}`;
        join(groups, name, key, film, companiesOf(world, film).length);
      }
    }
  }
  return rowsOf(groups, ({ key, members }) => ({
    ...key,
    ...money(world, members),
    ...shares(world, members),
    ...counts(world, members),
  }));
}

export function genreRows(world: FilmWorld): OracleRow[] {
  const groups = new Map<string, Group>();
  for (const film of datedFilms(world)) {
    for (const genre of genresOf(world, film)) {
      join(groups, `${yearOf(film)} ${genre}`, { ...yearKey(film), ...genreKey(world, genre) }, film, 1);
    }
  }
  const ranked = [...groups.values()].map(({ key, members }) => ({
    popularity: meanPopularity(world, members),
    row: { ...key, ...money(world, members), ...counts(world, members) } as OracleRow,
  }));
  return ranked.map((genre) => {
    const rivals = ranked.filter((rival) => rival.row.year === genre.row.year);
    const better = rivals.filter((rival) => comparePlaces(rival, genre) < 0);
    return { ...genre.row, popularity_rank: String(1 + better.length) };
  });
}

/** A genre's row for a year, with the unrounded mean. */
interface RankedGenre {
  readonly row: OracleRow;
  readonly popularity: Fraction | null;
}

/** Negative if the first one ranks before the second in a year. */
function comparePlaces(first: RankedGenre, second: RankedGenre): number {
  const { row: a, popularity: left } = first;
  const { row: b, popularity: right } = second;
  if (left === null || right === null) {
    if (left !== right) return left === null ? 1 : -1;
  } else if (left.compare(right) !== 0) {
    return right.compare(left);
  }
  const more = Number(b.release_count) - Number(a.release_count);
  if (more !== 0) return more;
  const names = Buffer.compare(
    Buffer.from(a.genre_name ?? '\u{10ffff}'),
    Buffer.from(b.genre_name ?? '\u{10ffff}'),
  );
  return names || Number(a.genre_id) - Number(b.genre_id);
}

function join(
  groups: Map<string, Group>,
  name: string,
  key: OracleRow,
  film: Film,
  companyCount: number,
): void {
  const group = groups.get(name) ?? { key, members: [] };
  group.members.push({ film, companyCount });
  groups.set(name, group);
}

function rowsOf(groups: Map<string, Group>, row: (group: Group) => OracleRow): OracleRow[] {
  return [...groups.values()].map(row);
}

function money(world: FilmWorld, members: Member[]): OracleRow {
  const films = releasedOf(world, members).map((member) => member.film);
  return {
    budget: sum(films.map((film) => knownMoney(film.budget)))?.toString() ?? null,
    revenue: sum(films.map((film) => knownMoney(film.revenue)))?.toString() ?? null,
    profit: sum(films.map((film) => profitOf(world, film)))?.toString() ?? null,
  };
}

function shares(world: FilmWorld, members: Member[]): OracleRow {
  const released = releasedOf(world, members);
  const share = (of: (film: Film) => Fraction | null) =>
    sum(released.map(({ film, companyCount }) => of(film)?.over(Fraction.of(companyCount)) ?? null))?.toFixed(
      2,
    ) ?? null;
  return {
    budget_share: share((film) => knownMoney(film.budget)),
    revenue_share: share((film) => knownMoney(film.revenue)),
    profit_share: share((film) => profitOf(world, film)),
  };
}

function counts(world: FilmWorld, members: Member[]): OracleRow {
  const released = releasedOf(world, members).map((member) => member.film);
  const others = members.map((member) => member.film).filter((film) => !isReleased(world, film));
  const known = (of: (film: Film) => Fraction | null) =>
    String(released.filter((film) => of(film) !== null).length);
  return {
    release_count: String(released.length),
    average_popularity: meanPopularity(world, members)?.toFixed(6) ?? null,
    budget_movie_count: known((film) => knownMoney(film.budget)),
    revenue_movie_count: known((film) => knownMoney(film.revenue)),
    profit_movie_count: known((film) => profitOf(world, film)),
    unreleased_budget: sum(others.map((film) => knownMoney(film.budget)))?.toString() ?? null,
  };
}

function meanPopularity(world: FilmWorld, members: Member[]): Fraction | null {
  const known = releasedOf(world, members).filter(({ film }) => film.popularity !== null);
  return sum(known.map(({ film }) => film.popularity))?.over(Fraction.of(known.length)) ?? null;
}

/** The sum of the known values; null if no value is known. */
function sum(values: (Fraction | null)[]): Fraction | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total.plus(value), Fraction.zero);
}

function releasedOf(world: FilmWorld, members: Member[]): Member[] {
  return members.filter((member) => isReleased(world, member.film));
}

function datedFilms(world: FilmWorld): Film[] {
  return [...world.films.values()].filter((film) => film.releaseDate !== null);
}

export function companiesOf(world: FilmWorld, film: Film): number[] {
  return [...(world.filmCompanies.get(film.id) ?? [])];
}

export function genresOf(world: FilmWorld, film: Film): number[] {
  return [...(world.filmGenres.get(film.id) ?? [])];
}

export function companyKey(world: FilmWorld, company: number): OracleRow {
  return {
    production_company_id: String(company),
    production_company_name: world.companies.get(company) ?? null,
  };
}

export function genreKey(world: FilmWorld, genre: number): OracleRow {
  return { genre_id: String(genre), genre_name: world.genres.get(genre) ?? null };
}

function yearOf(film: Film): number {
  return Number(film.releaseDate!.slice(0, 4));
}

function yearKey(film: Film): OracleRow {
  return { year: String(yearOf(film)) };
}
