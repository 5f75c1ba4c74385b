import type { FilmWorld } from './films.js';
import { movieGenreRows, movieScoreRows, productionCompanyMoviesRows } from './movie-reports.js';
import type { OracleRow } from './oracle-row.js';
import { genreRows, productionCompanyGenreRows, productionCompanyRows } from './yearly-reports.js';

/**
 * All six reports, computed independently: one film after another, with exact fractions, from the business rules alone. The
 * oracle shares neither code nor SQL with what it verifies, and does not need to be fast.
 */
export function oracleReports(world: FilmWorld): Record<string, OracleRow[]> {
  return {
    production_company_report: productionCompanyRows(world),
    production_company_genre_report: productionCompanyGenreRows(world),
    genre_report: genreRows(world),
    movie_genre_report: movieGenreRows(world),
    production_company_movies_report: productionCompanyMoviesRows(world),
    movie_score_report: movieScoreRows(world),
  };
}
