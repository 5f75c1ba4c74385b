import type pg from 'pg';
import { type Feed, tableOf } from './feed.js';

/** What is expected of each feed: a file for every month. */
export interface FeedExpectation {
  /** Days after a month's end by which its file is to be loaded. */
  readonly days: number;
  /** The day to judge by, as YYYY-MM-DD; by default the database's. */
  readonly today?: string;
}

/**
 * Records a warning for each feed whose next month is overdue: the one after the newest loaded. A feed that never came
 * is expected from the first month any feed came for. Each missing month of a feed is warned about once.
 *
 * @returns the sentences of the warnings that are new
 */
export async function recordLateFeeds(
  pool: pg.Pool,
  feeds: readonly Feed[],
  expectation: FeedExpectation,
): Promise<string[]> {
  const { rows } = await pool.query<{ detail: string }>(
    `/* source: record late feeds */
     with feed as (
       select * from unnest($1::text[], $2::text[]) as f (name, table_name)
     ), newest as (
       select f.name, f.table_name, max(l.period) as period
       from feed f
       left join source.file l on l.feed = f.name and l.state = 'loaded'
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
     insert into support.issue (table_name, value, reason, detail)
     select 'source.' || d.table_name, d.period, 'feed_late',
       format('%s of %s was expected by %s and is not loaded; %s. Ask the vendor for it.', d.name, d.period, d.due_day,
         case when d.newest is null then 'none was ever loaded' else 'the newest one is of ' || d.newest end)
     from due d
     where d.due_day < coalesce($4::date, current_date)
       and not exists (
         select from support.issue i
         where i.reason = 'feed_late' and i.table_name = 'source.' || d.table_name and i.value = d.period
       )
     returning detail`,
    [feeds.map(({ name }) => name), feeds.map(tableOf), expectation.days, expectation.today ?? null],
  );
  return rows.map(({ detail }) => detail);
}
