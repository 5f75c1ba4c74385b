import type { ReportColumn } from '../../reporting/definition/definition.js';

const money = 'US dollars';
const films = 'films';

function column(
  name: string,
  type: ReportColumn['type'],
  meaning: string,
  options: { nullable?: boolean; unit?: string } & Pick<
    ReportColumn,
    'sum' | 'basis' | 'ofLeftOut' | 'parts' | 'followsFrom' | 'isAmongRows' | 'ofAll'
  > = {},
): ReportColumn {
  const { nullable = true, unit = null, ...made } = options;
  return { name, type, nullable, unit, meaning, ...made };
}

function required(name: string, type: ReportColumn['type'], meaning: string, unit?: string): ReportColumn {
  return column(name, type, meaning, { nullable: false, ...(unit === undefined ? {} : { unit }) });
}

/** A count of films, one for each that counts. */
function filmCount(name: string, meaning: string): ReportColumn {
  return column(name, 'int', meaning, { nullable: false, unit: films, sum: {} });
}

export const companyColumns = [
  required('production_company_id', 'int', "The vendor's number of the production company."),
  column('production_company_name', 'text', 'Name of the production company.'),
];

export const genreColumns = [
  required('genre_id', 'int', "The vendor's number of the genre."),
  column('genre_name', 'text', 'Name of the genre.'),
];

export const movieColumns = [
  required('movie_id', 'int', "The vendor's number of the film (TMDB)."),
  column('movie_name', 'text', 'Title of the film.'),
];

export const yearColumns = [required('year', 'int', 'Release year of the films.')];

/** Sums over the released films of a year; a film counts in full. */
export const yearlyMoneyColumns = [
  column('budget', 'numeric', 'Sum of the known budgets of the released films; empty when none is known.', {
    unit: money,
    sum: {},
  }),
  column('revenue', 'numeric', 'Sum of the known revenues of the released films; empty when none is known.', {
    unit: money,
    sum: {},
  }),
  column(
    'profit',
    'numeric',
    'Sum of the profits of the released films whose budget and revenue are both known, so not revenue - budget.',
    { unit: money, sum: {} },
  ),
];

/** Sums over the released films of a year; a film counts by equal share among its companies. */
export const yearlyShareColumns = [
  column(
    'budget_share',
    'numeric',
    'As budget, each film divided equally among its companies; rounded to cents.',
    {
      unit: money,
      sum: { places: 2 },
    },
  ),
  column(
    'revenue_share',
    'numeric',
    'As revenue, each film divided equally among its companies; rounded to cents.',
    {
      unit: money,
      sum: { places: 2 },
    },
  ),
  column(
    'profit_share',
    'numeric',
    'As profit, each film divided equally among its companies; rounded to cents.',
    {
      unit: money,
      sum: { places: 2 },
    },
  ),
];

export const yearlyCountColumns = [
  filmCount('release_count', 'How many films were released by the as-of day.'),
  column(
    'average_popularity',
    'numeric',
    "Mean of the vendor's popularity figures of the released films that have one, to 6 decimals.",
    { basis: 'popularity' },
  ),
  filmCount('budget_movie_count', 'Of how many released films the budget is known.'),
  filmCount('revenue_movie_count', 'Of how many released films the revenue is known.'),
  filmCount('profit_movie_count', 'Of how many released films budget and revenue are both known.'),
  column(
    'unreleased_budget',
    'numeric',
    'Sum of the known budgets of the films not released by the as-of day; empty when none is known.',
    { unit: money, sum: {}, ofLeftOut: true },
  ),
];

export const movieMoneyColumns = [
  column('budget', 'numeric', 'Budget of the film; empty when unknown.', { unit: money, sum: {} }),
  column('revenue', 'numeric', 'Revenue of the film; empty when unknown.', { unit: money, sum: {} }),
  column('profit', 'numeric', 'Revenue - budget, where both are known.', { unit: money, sum: {} }),
];

export const movieShareColumns = [
  column(
    'budget_share',
    'numeric',
    "The company's equal share of the budget among the film's companies; rounded to cents.",
    {
      unit: money,
      basis: 'budget',
      followsFrom: ['budget', 'company_count'],
    },
  ),
  column(
    'revenue_share',
    'numeric',
    "The company's equal share of the revenue among the film's companies; rounded to cents.",
    {
      unit: money,
      basis: 'revenue',
      followsFrom: ['revenue', 'company_count'],
    },
  ),
  column(
    'profit_share',
    'numeric',
    "The company's equal share of the profit among the film's companies; rounded to cents.",
    {
      unit: money,
      basis: 'profit',
      followsFrom: ['profit', 'company_count'],
    },
  ),
];

export const movieOriginColumns = [
  column('release_date', 'date', 'Day of first release; empty when unknown.'),
  required('source_file', 'text', "The vendor's file the film's data comes from."),
  required('source_record', 'int', 'The record of that file, from 1.'),
];

export const popularityRankColumns = [
  column(
    'popularity_rank',
    'int',
    'Place of the genre within its year by mean popularity before it is rounded, 1 the highest; ties by release_count, then by name.',
    { nullable: false, basis: 'popularity', followsFrom: ['popularity', 'release_count'], isAmongRows: true },
  ),
];

const reportedVotes = ['reported_vote_average', 'reported_vote_count'];
const calculatedVotes = ['calculated_vote_sum', 'calculated_vote_count'];

export const voteColumns = [
  column('reported_vote_average', 'numeric', 'Mean of the votes the vendor reports, to 2 decimals.', {
    unit: 'points of 10',
    parts: reportedVotes,
  }),
  column('reported_vote_count', 'int', 'How many votes the vendor reports.', {
    nullable: false,
    unit: 'votes',
    parts: reportedVotes,
  }),
  column(
    'calculated_vote_average',
    'numeric',
    'Mean of the ratings received, stars doubled, to 2 decimals.',
    {
      unit: 'points of 10',
      parts: calculatedVotes,
    },
  ),
  column('calculated_vote_count', 'int', 'How many ratings were received.', {
    nullable: false,
    unit: 'votes',
    parts: calculatedVotes,
  }),
  column(
    'movie_score',
    'numeric',
    'Mean of all votes, drawn towards the mean of all films the fewer votes there are, to 4 decimals; empty without votes.',
    {
      unit: 'points of 10',
      parts: [...reportedVotes, ...calculatedVotes],
      ofAll: true,
    },
  ),
];
