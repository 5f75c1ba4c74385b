import type { ReportDefinition } from '../../reporting/definition/definition.js';
import {
  genreColumns,
  popularityRankColumns,
  yearColumns,
  yearlyCountColumns,
  yearlyMoneyColumns,
} from './report-columns.js';
import { check, fromReleases, reportSql } from './report-files.js';

export const genreReport: ReportDefinition = {
  name: 'genre_report',
  description: 'Financials and popularity of genres by release year.',
  grain:
    'One row per release year and genre, including years with unreleased films only. A film counts in full in each of its genres.',
  key: ['year', 'genre_id'],
  columns: [
    ...yearColumns,
    ...genreColumns,
    ...yearlyMoneyColumns,
    ...yearlyCountColumns,
    ...popularityRankColumns,
  ],
  questions: [
    'Which genre was the most popular in a year?',
    'What did the films of a genre cost, take in and earn in a year?',
  ],
  indexes: [
    ['genre_id', 'year'],
    ['year', 'popularity_rank'],
  ],
  sqlFile: reportSql('genre_report'),
  contributions: fromReleases(['genre_id'], ['year']),
  checks: [
    check('blocking', 'genre_years_reconcile_with_genre_movies'),
    check('blocking', 'genres_of_a_year_are_ranked_from_1_without_gaps'),
    check('blocking', 'genres_of_a_year_are_ranked_by_popularity'),
    check('warning', 'genres_have_a_name'),
    check('warning', 'no_status_is_released_but_for_its_spelling'),
  ],
};
