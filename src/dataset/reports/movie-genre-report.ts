import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { genreColumns, movieColumns, movieMoneyColumns, movieOriginColumns } from './report-columns.js';
import { check, fromFilms, reportSql } from './report-files.js';

export const movieGenreReport: ReportDefinition = {
  name: 'movie_genre_report',
  description: 'The films of each genre with their financials.',
  grain: 'One row per genre and film, including films without a release date.',
  key: ['genre_id', 'movie_id'],
  columns: [...genreColumns, ...movieColumns, ...movieMoneyColumns, ...movieOriginColumns],
  questions: ['Which films make up the numbers of a genre?', 'Which genres does a film belong to?'],
  indexes: [['movie_id']],
  searchedNames: ['movie_name'],
  sqlFile: reportSql('movie_genre_report'),
  contributions: fromFilms(['genre_id']),
  checks: [check('blocking', 'genre_movies_are_counted_as_in_the_warehouse')],
};
