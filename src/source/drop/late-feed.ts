import type pg from 'pg';
import { type Feed, tableOf } from '../feed.js';

/** What is expected of each feed: a file for every month. */
export interface FeedExpectation {
  /** Days after the end of a month by which its file must be loaded. */
  readonly days: number;
  /** The current day, as YYYY-MM-DD; by default that of the database. */
  readonly today?: string;
  /** Months whose file had the same bytes as that of another month: they were delivered, although no file is recorded for them. */
  readonly delivered?: readonly DeliveredMonth[];
}

/** A feed that was delivered for a month, as YYYY-MM. */
export interface DeliveredMonth {
  readonly feed: string;
  readonly period: string;
}

/** A feed whose next month is overdue. */
export interface LateFeed {
  readonly feed: string;
  /** Its table, unqualified. */
  readonly table: string;
  /** The month that is missing, as YYYY-MM. */
  readonly period: string;
  /** The last day it was expected on, as YYYY-MM-DD. */
  readonly dueDay: string;
  /** One sentence for users. */
  readonly detail: string;
}

/**
 * Finds the feeds whose next month is overdue: the month after the newest one delivered. A feed that was never delivered is
 * expected from the first month of any feed. Before the first load nothing is expected.
 */
export async function findLateFeeds(
  pool: pg.Pool,
  feeds: readonly Feed[],
  { days, today, delivered = [] }: FeedExpectation,
): Promise<LateFeed[]> {
  const { rows } = await pool.query<LateFeed>(
    `/* source.find_late_feeds */
     with feed as (
       select * from unnest($1::text[], $2::text[]) as f (name, table_name)
     ), arrival as (
       select feed, period from source.file where state = 'loaded'
       union all
       select feed, period from jsonb_to_recordset($5::jsonb) as d (feed text, period text)
     ), newest as (
       select f.name, f.table_name, max(a.period) as period
       from feed f
       left join arrival a on a.feed = f.name
       group by f.name, f.table_name
     ), expected as (
       select n.name, n.table_name, n.period as newest,
         case when n.period is null then to_date(first.period, 'YYYY-MM')
           else (to_date(n.period, 'YYYY-MM') + interval '1 month')::date end as month
       from newest n
       cross join (select min(period) as period from source.file where state = 'loaded') first
       where first.period is not null
     ), due as (
       select *, to_char(month, 'YYYY-MM') as period, (month + interval '1 month')::date - 1 + $3::int as due_day
       from expected
     )
     select name as feed, table_name as table, period, due_day::text as "dueDay",
       format('%s of %s was expected by %s and is not loaded%s; %s. Ask the vendor for it.', name, period, due_day,
         (select ' (file ' || string_agg(id::text, ', ' order by id) || ' was withdrawn)' from source.file f
          where f.feed = due.name and f.period = due.period and f.state = 'withdrawn'),
         case when newest is null then 'none is loaded' else 'the newest one is of ' || newest end) as detail
     from due
     where due_day < coalesce($4::date, current_date)
     order by name`,
    [feeds.map(({ name }) => name), feeds.map(tableOf), days, today ?? null, JSON.stringify(delivered)],
  );
  return rows;
}
