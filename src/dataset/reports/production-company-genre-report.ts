import type { ReportDefinition } from '../../reporting/definition/definition.js';
import {
  companyColumns,
  genreColumns,
  yearColumns,
  yearlyCountColumns,
  yearlyMoneyColumns,
  yearlyShareColumns,
} from './report-columns.js';
import { check, fromReleases, reportSql } from './report-files.js';

export const productionCompanyGenreReport: ReportDefinition = {
  name: 'production_company_genre_report',
  description: 'Financials and popularity of production companies by release year and genre.',
  grain:
    'One row per company, release year and genre, including years with unreleased films only. A film counts in full in each of its genres.',
  key: ['production_company_id', 'year', 'genre_id'],
  columns: [
    ...companyColumns,
    ...yearColumns,
    ...genreColumns,
    ...yearlyMoneyColumns,
    ...yearlyShareColumns,
    ...yearlyCountColumns,
  ],
  questions: [
    'How many films of each genre did a company release in a year?',
    'In which genres did a company earn the most in a year?',
  ],
  indexes: [
    ['year', 'genre_id'],
    ['genre_id', 'year'],
  ],
  searchedNames: ['production_company_name'],
  sqlFile: reportSql('production_company_genre_report'),
  contributions: fromReleases(['production_company_id', 'genre_id']),
  checks: [check('blocking', 'company_genre_years_reconcile_with_the_movies_of_both')],
};
