import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { movieColumns, movieMoneyColumns, movieOriginColumns, voteColumns } from './report-columns.js';
import { check, fromVotes, reportSql } from './report-files.js';

export const movieScoreReport: ReportDefinition = {
  name: 'movie_score_report',
  description: 'Votes, score and financials of films.',
  grain: 'One row per film, including films without a release date.',
  key: ['movie_id'],
  columns: [...movieColumns, ...voteColumns, ...movieMoneyColumns, ...movieOriginColumns],
  questions: [
    'Which films are rated best if few votes count less than many?',
    'How do the votes reported by the vendor compare with the received ratings?',
  ],
  indexes: [['movie_score']],
  searchedNames: ['movie_name'],
  sqlFile: reportSql('movie_score_report'),
  contributions: fromVotes(),
  checks: [
    check('blocking', 'scored_movies_are_the_movies_of_the_warehouse'),
    check('blocking', 'rated_movies_have_a_link'),
    check('warning', 'few_known_keys_change_their_name'),
    check('warning', 'votes_and_scores_lie_between_0_and_10'),
  ],
};
