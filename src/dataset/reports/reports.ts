import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { genreReport } from './genre-report.js';
import { movieGenreReport } from './movie-genre-report.js';
import { movieScoreReport } from './movie-score-report.js';
import { productionCompanyGenreReport } from './production-company-genre-report.js';
import { productionCompanyMoviesReport } from './production-company-movies-report.js';
import { productionCompanyReport } from './production-company-report.js';

/** The reports of the data set. */
export const reports: readonly ReportDefinition[] = [
  productionCompanyReport,
  productionCompanyGenreReport,
  genreReport,
  movieGenreReport,
  productionCompanyMoviesReport,
  movieScoreReport,
];
