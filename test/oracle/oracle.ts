import type { FilmWorld } from './films.js';
import { movieGenreRows, movieScoreRows, productionCompanyMoviesRows } from './movie-reports.js';
import type { OracleRow } from './oracle-row.js';
import { genreRows, productionCompanyGenreRows, productionCompanyRows } from './yearly-reports.js';

/**
 * All six reports, computed a second time: one film after the other, with exact fractions, by the business rules
 * alone. It shares neither code nor SQL with what it judges, and takes its time.
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
