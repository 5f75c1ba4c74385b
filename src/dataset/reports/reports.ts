import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { relations } from '../relations/relations.js';
import { genreReport } from './genre-report.js';
import { movieGenreReport } from './movie-genre-report.js';
import { movieScoreReport } from './movie-score-report.js';
import { productionCompanyGenreReport } from './production-company-genre-report.js';
import { productionCompanyMoviesReport } from './production-company-movies-report.js';
import { productionCompanyReport } from './production-company-report.js';

/** The reports of the data set. Each can select from all relations. */
export const reports: readonly ReportDefinition[] = [
  productionCompanyReport,
  productionCompanyGenreReport,
  genreReport,
  movieGenreReport,
  productionCompanyMoviesReport,
  movieScoreReport,
].map((report) => ({ ...report, relations }));
