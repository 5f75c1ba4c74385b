import type pg from 'pg';
import type { Feed } from '../src/source/feed.js';
import { type FeedExpectation, findLateFeeds, type LateFeed } from '../src/source/late-feed.js';

/**
 * Records a warning for each late feed, once for each month that is missing.
 *
 * @returns those that are new
 */
export async function recordLateFeeds(
  pool: pg.Pool,
  feeds: readonly Feed[],
  expectation: FeedExpectation,
): Promise<LateFeed[]> {
  const recorded: LateFeed[] = [];
  for (const late of await findLateFeeds(pool, feeds, expectation)) {
    const { rowCount } = await pool.query(
      `/* jobs: record late feed */
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
