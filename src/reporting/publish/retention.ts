import type { ClientBase } from 'pg';
import { runSql, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { forgetContributions } from './contribution-history.js';

/** The number of publications whose changes are kept by default. */
export const defaultRetainedPublications = 24;

/**
 * Deletes the changes of all publications except the newest ones. Publications that changed no rows do not count: otherwise they would
 * replace a state that somebody may still go back to.
 */
export async function forgetChanges(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  retainedPublications: number,
): Promise<void> {
  const { rows } = await runSql<{ number: number }>(
    client,
    sql`/* reporting.find_newest_to_forget */
      select number
      from reporting.publication
      where exists (
        select
        from jsonb_each(changes) as changed (report, counts)
        cross join jsonb_each_text(changed.counts) as count (name, rows)
        where count.rows::bigint > 0
      )
      order by number desc
      offset ${retainedPublications}
      limit 1`,
  );
  if (rows[0] === undefined) return;
  const upTo = rows[0].number;
  await runSql(
    client,
    sql`/* reporting.forget_changes */ delete from reporting.report_change where publication <= ${upTo}`,
  );
  await forgetContributions(client, definitions, upTo);
}
