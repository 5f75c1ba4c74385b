import { fileURLToPath } from 'node:url';
import type { CheckSeverity, Contributions, ReportCheck, Stock } from '../../reporting/definition.js';

/** The query that computes a report: the file of its name, which lies beside this one, in `dist/` too. */
export function reportSql(report: string): string {
  return fileBeside(`${report}.sql`);
}

/** A check by its sentence: the file of that name in `checks/`. */
export function check(severity: CheckSeverity, name: string): ReportCheck {
  return { name, severity, sqlFile: fileBeside(`checks/${name}.sql`) };
}

const ratingTotals: Stock = {
  name: 'rating_totals',
  table: 'movie_ratings',
  key: ['movielens_id'],
  sums: ['rating_count', 'rating_sum'],
  sqlFile: fileBeside('stocks/rating_totals.sql'),
};

const ofFilms = {
  noun: 'film',
  entityTable: 'movies',
  entityKey: 'movie_id',
  touched: [fileBeside('touched/movies_with_their_links.sql')],
  stocks: [],
};

/**
 * Rows that sum films.
 * @param together as in `Contributions`
 */
export function fromFilms(together?: readonly string[]): Contributions {
  return { ...ofFilms, together };
}

/** Rows in which the votes of all films take part. */
export function fromVotes(): Contributions {
  const touched = [fileBeside('touched/movies_with_their_ratings.sql')];
  return { ...ofFilms, together: [], touched, stocks: [ratingTotals] };
}

function fileBeside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
