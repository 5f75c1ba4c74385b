import type { ReportColumn } from '../../reporting/definition/definition.js';

const money = 'US dollars';
const films = 'films';

function column(
  name: string,
  type: ReportColumn['type'],
  meaning: string,
  options: { nullable?: boolean; unit?: string } & Pick<
    ReportColumn,
    'sum' | 'basis' | 'ofLeftOut' | 'parts' | 'followsFrom' | 'isAmongRows' | 'usesGlobalAggregates'
  > = {},
): ReportColumn {
  const { nullable = true, unit = null, ...made } = options;
  return { name, type, nullable, unit, meaning, ...made };
}

function required(name: string, type: ReportColumn['type'], meaning: string, unit?: string): ReportColumn {
  return column(name, type, meaning, { nullable: false, ...(unit === undefined ? {} : { unit }) });
}

/** A number of films: each film that meets the condition adds one. */
function filmCount(name: string, meaning: string): ReportColumn {
  return column(name, 'int', meaning, { nullable: false, unit: films, sum: {} });
}

export const companyColumns = [
  required('production_company_id', 'int', "Vendor's id of the production company."),
  column('production_company_name', 'text', 'Name of the production company.'),
];

export const genreColumns = [
  required('genre_id', 'int', "Vendor's id of the genre."),
  column('genre_name', 'text', 'Name of the genre.'),
];

export const movieColumns = [
  required('movie_id', 'int', "Vendor's id of the film (TMDB)."),
  column('movie_name', 'text', 'Title of the film.'),
];

export const yearColumns = [required('year', 'int', 'Release year of the films.')];

/** Sums over the released films of a year. A film counts in full. */
export const yearlyMoneyColumns = [
  column('budget', 'numeric', 'Sum of the known budgets of the released films; null if no budget is known.', {
    unit: money,
    sum: {},
  }),
  column(
    'revenue',
    'numeric',
    'Sum of the known revenues of the released films; null if no revenue is known.',
    {
      unit: money,
      sum: {},
    },
  ),
  column(
    'profit',
    'numeric',
    'Sum of the profits of the released films whose budget and revenue are both known. This is not the same as revenue - budget.',
    { unit: money, sum: {} },
  ),
];

/** Sums over the released films of a year. A film is split equally among its companies. */
export const yearlyShareColumns = [
  column(
    'budget_share',
    'numeric',
    'Like budget, with each film split equally among its companies; rounded to cents.',
    {
      unit: money,
      sum: { places: 2 },
    },
  ),
  column(
    'revenue_share',
    'numeric',
    'Like revenue, with each film split equally among its companies; rounded to cents.',
    {
      unit: money,
      sum: { places: 2 },
    },
  ),
  column(
    'profit_share',
    'numeric',
    'Like profit, with each film split equally among its companies; rounded to cents.',
    {
      unit: money,
      sum: { places: 2 },
    },
  ),
];

export const yearlyCountColumns = [
  filmCount('release_count', 'Number of films released by the as-of day.'),
  column(
    'average_popularity',
    'numeric',
    'Mean popularity of the released films that have one, as reported by the vendor, rounded to 6 decimals.',
    { basis: 'popularity' },
  ),
  filmCount('budget_movie_count', 'Number of released films with a known budget.'),
  filmCount('revenue_movie_count', 'Number of released films with a known revenue.'),
  filmCount('profit_movie_count', 'Number of released films whose budget and revenue are both known.'),
  column(
    'unreleased_budget',
    'numeric',
    'Sum of the known budgets of the films that are not released by the as-of day; null if no budget is known.',
    { unit: money, sum: {}, ofLeftOut: true },
  ),
];

export const movieMoneyColumns = [
  column('budget', 'numeric', 'Budget of the film; null if unknown.', { unit: money, sum: {} }),
  column('revenue', 'numeric', 'Revenue of the film; null if unknown.', { unit: money, sum: {} }),
  column('profit', 'numeric', 'Revenue - budget; null if either is unknown.', { unit: money, sum: {} }),
];

export const movieShareColumns = [
  column('budget_share', 'numeric', "Budget split equally among the film's companies; rounded to cents.", {
    unit: money,
    basis: 'budget',
    followsFrom: ['budget', 'company_count'],
  }),
  column('revenue_share', 'numeric', "Revenue split equally among the film's companies; rounded to cents.", {
    unit: money,
    basis: 'revenue',
    followsFrom: ['revenue', 'company_count'],
  }),
  column('profit_share', 'numeric', "Profit split equally among the film's companies; rounded to cents.", {
    unit: money,
    basis: 'profit',
    followsFrom: ['profit', 'company_count'],
  }),
];

export const movieOriginColumns = [
  column('release_date', 'date', 'Date of first release; null if unknown.'),
  required('source_file', 'text', "Name of the vendor's file that the film's data comes from."),
  required('source_record', 'int', 'Number of the record in that file, starting at 1.'),
];

export const popularityRankColumns = [
  column(
    'popularity_rank',
    'int',
    'Rank of the genre within its year by unrounded mean popularity; 1 is the most popular. Ties are broken by release_count, then by name.',
    { nullable: false, basis: 'popularity', followsFrom: ['popularity', 'release_count'], isAmongRows: true },
  ),
];

const reportedVotes = ['reported_vote_average', 'reported_vote_count'];
const calculatedVotes = ['calculated_vote_sum', 'calculated_vote_count'];

export const voteColumns = [
  column('reported_vote_average', 'numeric', 'Mean vote as reported by the vendor, rounded to 2 decimals.', {
    unit: 'points of 10',
    parts: reportedVotes,
  }),
  column('reported_vote_count', 'int', 'Number of votes as reported by the vendor.', {
    nullable: false,
    unit: 'votes',
    parts: reportedVotes,
  }),
  column(
    'calculated_vote_average',
    'numeric',
    'Mean of the received ratings, stars doubled, rounded to 2 decimals.',
    {
      unit: 'points of 10',
      parts: calculatedVotes,
    },
  ),
  column('calculated_vote_count', 'int', 'Number of ratings received.', {
    nullable: false,
    unit: 'votes',
    parts: calculatedVotes,
  }),
  column(
    'movie_score',
    'numeric',
    'Weighted score: the mean of all votes, pulled toward the mean of all films when the film has few votes; rounded to 4 decimals, null if there are no votes.',
    {
      unit: 'points of 10',
      parts: [...reportedVotes, ...calculatedVotes],
      usesGlobalAggregates: true,
    },
  ),
];
