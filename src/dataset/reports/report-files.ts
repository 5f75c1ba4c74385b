import { fileURLToPath } from 'node:url';
import type {
  CheckSeverity,
  ContributionSource,
  Contributions,
  ReportCheck,
  Rollup,
} from '../../reporting/definition/definition.js';

/** The query that computes a report: the file with its name next to this file, also in `dist/`. */
export function reportSql(report: string): string {
  return fileNextToThis(`${report}.sql`);
}

/** A check, named by the rule it verifies: the file with that name in `checks/`. */
export function check(severity: CheckSeverity, name: string): ReportCheck {
  return { name, severity, sqlFile: fileNextToThis(`checks/${name}.sql`) };
}

const ratingTotals: Rollup = {
  name: 'rating_totals',
  table: 'movie_ratings',
  key: ['movielens_id'],
  sums: ['rating_count', 'rating_sum'],
  sqlFile: fileNextToThis('stocks/rating_totals.sql'),
};

const ofFilms = {
  noun: 'film',
  entityTable: 'movies',
  entityKey: 'movie_id',
  entityVersion: 'id',
};

/** What films are linked to in a report, by its id column: the tables of the links and entries, and the name column. */
const linked = {
  production_company_id: {
    links: 'movie_production_companies',
    table: 'production_companies',
    name: 'production_company_name',
  },
  genre_id: { links: 'movie_genres', table: 'genres', name: 'genre_name' },
} as const;

/**
 * Contributions to rows that sum the films of a release year.
 * @param by the id columns of the entries that the films are linked to
 * @param together as in `Contributions`
 */
export function fromReleases(by: (keyof typeof linked)[], together?: readonly string[]): Contributions {
  const contributions = fromFilms(by);
  const { touched } = contributions;
  return {
    ...contributions,
    together,
    touched: [...touched, fileNextToThis('touched/movies_released_since.sql')],
  };
}

/**
 * Contributions to rows of films.
 * @param by the id columns of the entries that the films are linked to
 */
export function fromFilms(by: (keyof typeof linked)[]): Contributions {
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
    touched: [fileNextToThis('touched/movies_with_their_links.sql')],
    rollups: [],
    sources: [...links, ...things],
    sideEffects: by.includes('production_company_id')
      ? fileNextToThis('by-hand/movies_of_companies.sql')
      : undefined,
  };
}

/** Contributions to rows that depend on the votes of all films. */
export function fromVotes(): Contributions {
  return {
    ...ofFilms,
    together: [],
    touched: [fileNextToThis('touched/movies_with_their_ratings.sql')],
    rollups: [ratingTotals],
    sources: [],
    summed: {
      table: 'movie_ratings',
      value: 'rating',
      links: { table: 'movie_links', entity: 'movie_id', key: 'movielens_id' },
      count: 'calculated_vote_count',
      sum: 'calculated_vote_sum',
      columns: ['calculated_vote_average', 'calculated_vote_count', 'movie_score'],
    },
    sideEffects: fileNextToThis('by-hand/movies_of_ratings.sql'),
  };
}

function fileNextToThis(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
