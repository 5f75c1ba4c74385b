import type { ReportDefinition } from '../../reporting/definition/definition.js';
import {
  companyColumns,
  movieColumns,
  movieMoneyColumns,
  movieOriginColumns,
  movieShareColumns,
} from './report-columns.js';
import { check, fromFilms, reportSql } from './report-files.js';

export const productionCompanyMoviesReport: ReportDefinition = {
  name: 'production_company_movies_report',
  description: 'The films of each production company with their financials.',
  grain: 'One row per company and film, including films without a release date.',
  key: ['production_company_id', 'movie_id'],
  columns: [
    ...companyColumns,
    ...movieColumns,
    ...movieMoneyColumns,
    ...movieShareColumns,
    ...movieOriginColumns,
  ],
  questions: [
    'Which films make up the numbers of a company?',
    'Which companies made a film together, and what is the share of each?',
  ],
  indexes: [['movie_id']],
  searchedNames: ['production_company_name', 'movie_name'],
  sqlFile: reportSql('production_company_movies_report'),
  contributions: fromFilms(['production_company_id']),
  checks: [
    check('blocking', 'company_movies_are_counted_as_in_the_warehouse'),
    check('blocking', 'shares_of_a_movie_sum_to_the_whole'),
  ],
};
