import { type Film, type FilmWorld, knownMoney, profitOf } from './films.js';
import { Fraction } from './fraction.js';
import type { OracleRow } from './oracle-row.js';
import { companiesOf, companyKey, genreKey, genresOf } from './yearly-reports.js';

export function movieGenreRows(world: FilmWorld): OracleRow[] {
  return [...world.films.values()].flatMap((film) =>
    genresOf(world, film).map((genre) => ({
      ...genreKey(world, genre),
      ...movieKey(film),
      ...movieMoney(world, film),
      ...origin(film),
    })),
  );
}

export function productionCompanyMoviesRows(world: FilmWorld): OracleRow[] {
  return [...world.films.values()].flatMap((film) => {
    const companies = companiesOf(world, film);
    const share = (value: Fraction | null) => value?.over(Fraction.of(companies.length)).toFixed(2) ?? null;
    return companies.map((company) => ({
      ...companyKey(world, company),
      ...movieKey(film),
      ...movieMoney(world, film),
      budget_share: share(knownMoney(film.budget)),
      revenue_share: share(knownMoney(film.revenue)),
      profit_share: share(profitOf(world, film)),
      ...origin(film),
    }));
  });
}

interface Votes {
  readonly film: Film;
  readonly calculatedCount: number;
  readonly calculatedMean: Fraction | null;
  /** v */
  readonly count: number;
  /** R */
  readonly mean: Fraction | null;
}

export function movieScoreRows(world: FilmWorld): OracleRow[] {
  const received = ratingsByFilm(world);
  const all = [...world.films.values()].map((film) => votesOf(film, received.get(film.id) ?? []));
  const voted = all.filter((votes) => votes.count > 0);
  const m = percentile90(voted.map((votes) => votes.count));
  const total = voted.reduce((sum, votes) => sum + votes.count, 0);
  const c = voted
    .reduce((sum, votes) => sum.plus(Fraction.of(votes.count).times(votes.mean!)), Fraction.zero)
    .over(Fraction.of(Math.max(total, 1)));
  return all.map(({ film, calculatedCount, calculatedMean, count, mean }) => {
    const v = Fraction.of(count);
    return {
      ...movieKey(film),
      reported_vote_average: reportedMean(film)?.toFixed(2) ?? null,
      reported_vote_count: String(film.voteCount ?? 0),
      calculated_vote_average: calculatedMean?.toFixed(2) ?? null,
      calculated_vote_count: String(calculatedCount),
      movie_score: mean === null ? null : v.times(mean).plus(m.times(c)).over(v.plus(m)).toFixed(4),
      ...movieMoney(world, film),
      ...origin(film),
    };
  });
}

function votesOf(film: Film, ratings: Fraction[]): Votes {
  const calculatedMean =
    ratings.length === 0
      ? null
      : ratings
          .reduce((sum, rating) => sum.plus(rating), Fraction.zero)
          .times(Fraction.of(2))
          .over(Fraction.of(ratings.length));
  const reported = reportedMean(film);
  const reportedCount = reported === null ? 0 : film.voteCount!;
  const count = reportedCount + ratings.length;
  const mean =
    count === 0
      ? null
      : (reported ?? Fraction.zero)
          .times(Fraction.of(reportedCount))
          .plus((calculatedMean ?? Fraction.zero).times(Fraction.of(ratings.length)))
          .over(Fraction.of(count));
  return { film, calculatedCount: ratings.length, calculatedMean, count, mean };
}

function reportedMean(film: Film): Fraction | null {
  return (film.voteCount ?? 0) > 0 ? film.voteAverage : null;
}

function ratingsByFilm(world: FilmWorld): Map<number, Fraction[]> {
  const byFilm = new Map<number, Fraction[]>();
  for (const { movielensId, rating } of world.ratings.values()) {
    const film = world.links.get(movielensId) ?? null;
    if (film === null || rating === null) continue;
    const ratings = byFilm.get(film) ?? [];
    ratings.push(rating);
    byFilm.set(film, ratings);
  }
  return byFilm;
}

/** The 90th percentile of the sorted numbers, interpolated between two of them. */
function percentile90(counts: number[]): Fraction {
  if (counts.length === 0) return Fraction.zero;
  const sorted = [...counts].sort((a, b) => a - b);
  const tenths = 9 * (sorted.length - 1);
  const below = Math.floor(tenths / 10);
  const low = Fraction.of(sorted[below]!);
  const high = Fraction.of(sorted[Math.min(below + 1, sorted.length - 1)]!);
  return low.plus(high.minus(low).times(Fraction.of(tenths % 10).over(Fraction.of(10))));
}

function movieKey(film: Film): OracleRow {
  return { movie_id: String(film.id), movie_name: film.title };
}

function movieMoney(world: FilmWorld, film: Film): OracleRow {
  return {
    budget: knownMoney(film.budget)?.toString() ?? null,
    revenue: knownMoney(film.revenue)?.toString() ?? null,
    profit: profitOf(world, film)?.toString() ?? null,
  };
}

function origin(film: Film): OracleRow {
  return {
    release_date: film.releaseDate,
    source_file: film.sourceFile,
    source_record: String(film.sourceRecord),
  };
}
