import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { raw, runSql, type SqlText, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { columnList, sameContribution } from '../sql/row-sql.js';
import { columnsOf } from '../sql/table-columns.js';
import {
  contributionBuildTable,
  contributionChangeTable,
  contributionHistoryTable,
  contributionTable,
  withoutAutovacuum,
} from '../sql/table-names.js';

/**
 * Keeps the contributions that the collected changes replace, so that an earlier state can be published again together with its
 * explanation: each contribution as it was until a publication, and only the key of those that appeared. If the earlier state
 * cannot be derived, the history starts again with this publication.
 * @param explained whether changes of contributions were collected
 */
export async function recordContributionHistory(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
  explained: boolean,
): Promise<void> {
  const { name, key, contributions } = definition;
  if (contributions === undefined) return;
  const known = contributionTable(name);
  const history = contributionHistoryTable(name);
  if (!explained || (await historySince(client, definition, contributionBuildTable(name))) === null) {
    await startHistory(client, definition, publication);
    return;
  }
  const change = contributionChangeTable(name);
  await runSql(
    client,
    sql`/* reporting.record_replaced_contributions ${raw(name)} */
      insert into ${history}
      select ${publication}::integer, true, known.*
      from ${known} as known
      join ${change} as change on ${sameContribution(definition, 'known', 'change')}`,
  );
  const columns = columnList([...key, 'entity']);
  await runSql(
    client,
    sql`/* reporting.record_new_contributions ${raw(name)} */
      insert into ${history} (replaced_by, existed, ${columns})
      select ${publication}::integer, false, ${columns} from ${change} where came`,
  );
}

async function startHistory(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
): Promise<void> {
  const { name } = definition;
  await deleteHistory(client, definition);
  await runSql(
    client,
    sql`/* reporting.start_history ${raw(name)} */
      create table ${contributionHistoryTable(name)} as
      select 0 as replaced_by, true as existed, built.* from ${contributionBuildTable(name)} as built limit 0`,
  );
  const rows = await ledger(client);
  await rows.contributionHistory.create({ data: { report: name, since: publication } });
}

/** Deletes the earlier contributions of a report. */
export async function deleteHistory(client: ClientBase, { name }: ReportDefinition): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.delete_history */ drop table if exists ${contributionHistoryTable(name)}`,
  );
  const rows = await ledger(client);
  await rows.contributionHistory.deleteMany({ where: { report: name } });
}

/**
 * The earliest publication whose contributions can be derived; null without a history, or if it has other columns than this table of
 * contributions.
 */
async function historySince(
  client: ClientBase,
  { name }: ReportDefinition,
  contributions: SqlText,
): Promise<number | null> {
  const rows = await ledger(client);
  const history = await rows.contributionHistory.findUnique({ where: { report: name } });
  const columns = await columnsOf(client, contributionHistoryTable(name));
  if (history === null || columns === null) return null;
  const expected = `replaced_by integer,existed boolean,${await columnsOf(client, contributions)}`;
  return columns === expected ? history.since : null;
}

/** Deletes what is needed to derive the contributions before a publication. */
export async function forgetContributions(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  upTo: number,
): Promise<void> {
  const rows = await ledger(client);
  for (const { name } of definitions) {
    const { count } = await rows.contributionHistory.updateMany({
      where: { report: name, since: { lt: upTo } },
      data: { since: upTo },
    });
    if (count === 0) continue;
    await runSql(
      client,
      sql`/* reporting.forget_contributions ${raw(name)} */
        delete from ${contributionHistoryTable(name)} where replaced_by <= ${upTo}`,
    );
  }
}

/**
 * Builds the contributions of an earlier state, as `rowsAt` does for the rows.
 * @returns false if they are not available: nothing is kept, or they had other columns
 */
export async function buildEarlierContributions(
  client: ClientBase,
  definition: ReportDefinition,
  to: number,
): Promise<boolean> {
  const { name, key, contributions } = definition;
  const known = contributionTable(name);
  const columns = await columnsOf(client, known);
  if (contributions === undefined || columns === null) return false;
  const since = await historySince(client, definition, known);
  if (since === null || since > to) return false;
  const identity = columnList([...key, 'entity']);
  const names = columns.split(',').map((column) => column.split(' ')[0]!);
  await runSql(
    client,
    sql`/* reporting.build_earlier_contributions ${raw(name)} */
      create table ${contributionBuildTable(name)} ${withoutAutovacuum} as
      with first_change as materialized (
        select distinct on (${identity}) *
        from ${contributionHistoryTable(name)}
        where replaced_by > ${to}
        order by ${identity}, replaced_by
      )
      select known.* from ${known} as known
      where not exists (select from first_change where ${sameContribution(definition, 'first_change', 'known')})
      union all
      select ${columnList(names, 'first_change')} from first_change where existed`,
  );
  return true;
}
