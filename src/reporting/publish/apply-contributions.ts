import type { ClientBase } from 'pg';
import { ident, raw, render, runSql, type SqlText, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { sameContribution } from '../sql/row-sql.js';
import {
  contributionBuildTable,
  contributionChangeTable,
  contributionTable,
  entityTable,
} from '../sql/table-names.js';

/**
 * Publishes the built contributions. After an incremental build the few that differ are replaced; if it built most of them, the
 * others are copied to it instead.
 */
export async function applyContributions(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<void> {
  const { name, contributions } = definition;
  if (contributions === undefined) return;
  const known = contributionTable(name);
  const built = contributionBuildTable(name);
  if (whole) return replaceContributions(client, name);
  if (await isMostOf(client, built, known)) {
    await runSql(
      client,
      sql`/* reporting.keep_contributions ${raw(name)} */
        insert into ${built}
        select * from ${known} where entity not in (select entity from ${entityTable(name)})`,
    );
    return replaceContributions(client, name);
  }
  const change = contributionChangeTable(name);
  await runSql(
    client,
    sql`/* reporting.delete_contributions ${raw(name)} */
      delete from ${known} as known using ${change} as change
      where not change.came and ${sameContribution(definition, 'known', 'change')}`,
  );
  await runSql(
    client,
    sql`/* reporting.insert_contributions ${raw(name)} */
      insert into ${known}
      select built.* from ${built} as built
      join ${change} as change on ${sameContribution(definition, 'built', 'change')}`,
  );
}

/** Whether a table has more than half as many rows as another, by the counts of the last time they were analyzed. */
async function isMostOf(client: ClientBase, part: SqlText, whole: SqlText): Promise<boolean> {
  const { rows } = await runSql<{ most: boolean }>(
    client,
    sql`/* reporting.compare_sizes */
      select part.reltuples > whole.reltuples / 2 as most
      from pg_class as part, pg_class as whole
      where part.oid = ${render(part).text}::regclass and whole.oid = ${render(whole).text}::regclass`,
  );
  return rows[0]!.most;
}

/** Publishes the contributions of an earlier state. If they are not available, the report has no contributions until the next build. */
export async function restoreContributions(
  client: ClientBase,
  { name }: ReportDefinition,
  areAvailable: boolean,
): Promise<void> {
  if (areAvailable) return replaceContributions(client, name);
  await runSql(
    client,
    sql`/* reporting.drop_contributions */ drop table if exists ${contributionTable(name)}`,
  );
}

async function replaceContributions(client: ClientBase, name: string): Promise<void> {
  const known = contributionTable(name);
  const newName = ident(`contribution_${name}`);
  await runSql(client, sql`/* reporting.replace_contributions */ drop table if exists ${known}`);
  await runSql(
    client,
    sql`/* reporting.replace_contributions */ alter table ${contributionBuildTable(name)} rename to ${newName}`,
  );
  await runSql(
    client,
    sql`/* reporting.replace_contributions */ alter table ${known} reset (autovacuum_enabled)`,
  );
}
