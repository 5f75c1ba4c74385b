import type pg from 'pg';
import {
  type DeliveredMonth,
  type FeedExpectation,
  findLateFeeds,
  type LateFeed,
} from '../src/source/drop/late-feed.js';
import type { Feed } from '../src/source/feed.js';
import { readHomeOrigin } from '../src/source/ledger/home-origin.js';
import { receiveFileJob } from './ingest.js';

/** Finds the feeds whose next month is overdue; none for the sample, which ends. A file with the same bytes as that of another month counts as delivered. */
export async function listLateFeeds(
  pool: pg.Pool,
  feeds: readonly Feed[],
  expectation: Omit<FeedExpectation, 'delivered'>,
): Promise<LateFeed[]> {
  if ((await readHomeOrigin(pool)) === 'sample') return [];
  const { rows: delivered } = await pool.query<DeliveredMonth>(
    `/* jobs.months_delivered */
     select distinct f.feed, s.payload ->> 'period' as period
     from support.run_step s
     join source.file f on f.id = (s.counts ->> 'fileId')::int
     where s.job_name = $1 and s.state = 'succeeded' and f.state = 'loaded' and s.payload ->> 'period' <> f.period`,
    [receiveFileJob.name],
  );
  return findLateFeeds(pool, feeds, { ...expectation, delivered });
}

/**
 * Records a warning for each late feed, once for each missing month.
 *
 * @returns the new ones
 */
export async function recordLateFeeds(
  pool: pg.Pool,
  feeds: readonly Feed[],
  expectation: Omit<FeedExpectation, 'delivered'>,
): Promise<LateFeed[]> {
  const recorded: LateFeed[] = [];
  for (const late of await listLateFeeds(pool, feeds, expectation)) {
    const { rowCount } = await pool.query(
      `/* jobs.record_late_feed */
       insert into support.issue (table_name, value, reason, detail)
       select $1, $2, 'feed_late', $3
       where not exists (
         select from support.issue where reason = 'feed_late' and table_name = $1 and value = $2
       )`,
      [`source.${late.table}`, late.period, late.detail],
    );
    if (rowCount === 1) {
      recorded.push(late);
    }
  }
  return recorded;
}
