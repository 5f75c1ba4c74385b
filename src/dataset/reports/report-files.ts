import { fileURLToPath } from 'node:url';
import type {
  CheckSeverity,
  ContributionSource,
  Contributions,
  ReportCheck,
  Stock,
} from '../../reporting/definition/definition.js';

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
  entityVersion: 'id',
};

/** What a film is linked to in a report: by the column that shows its number, with its tables and its name's column. */
const linked = {
  production_company_id: {
    links: 'movie_production_companies',
    table: 'production_companies',
    name: 'production_company_name',
  },
  genre_id: { links: 'movie_genres', table: 'genres', name: 'genre_name' },
} as const;

/**
 * Rows that sum films, by what these are linked to.
 * @param together as in `Contributions`
 */
export function fromFilms(by: (keyof typeof linked)[], together?: readonly string[]): Contributions {
  const links = by.map(
    (column): ContributionSource => ({
      table: linked[column].links,
      isLink: true,
      key: { movie_id: 'entity', [column]: column },
    }),
  );
  const things = by.map(
    (column): ContributionSource => ({
      table: linked[column].table,
      isLink: false,
      key: { id: column },
      shows: { [linked[column].name]: 'name' },
    }),
  );
  return {
    ...ofFilms,
    together,
    touched: [fileBeside('touched/movies_with_their_links.sql')],
    stocks: [],
    sources: [...links, ...things],
    besideHand: by.includes('production_company_id')
      ? fileBeside('by-hand/movies_of_companies.sql')
      : undefined,
  };
}

/** Rows in which the votes of all films take part. */
export function fromVotes(): Contributions {
  return {
    ...ofFilms,
    together: [],
    touched: [fileBeside('touched/movies_with_their_ratings.sql')],
    stocks: [ratingTotals],
    sources: [],
    summed: {
      table: 'movie_ratings',
      value: 'rating',
      links: { table: 'movie_links', entity: 'movie_id', key: 'movielens_id' },
      count: 'calculated_vote_count',
      sum: 'calculated_vote_sum',
      columns: ['calculated_vote_average', 'calculated_vote_count', 'movie_score'],
    },
    besideHand: fileBeside('by-hand/movies_of_ratings.sql'),
  };
}

function fileBeside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
