import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import { columnsOf } from '../sql/table-columns.js';
import {
  columnList,
  contributionBuildTable,
  contributionChangeTable,
  contributionHistoryTable,
  contributionTable,
  quoted,
  sameContribution,
  untouchedByAutovacuum,
} from '../sql/table-names.js';

/**
 * Keeps what the collected changes replace, so that an earlier state can be published again with all that explains it:
 * each contribution as it was until a publication, and of those that came the key alone. Where there is nothing the
 * state before can be told from, the history begins anew with this publication.
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
    await beginHistory(client, definition, publication);
    return;
  }
  const change = contributionChangeTable(name);
  const same = sameContribution(definition, 'known', 'change');
  await client.query(
    `/* reporting.record_contribution_history ${name} */
     insert into ${history}
     select $1, true, known.* from ${known} as known join ${change} as change on ${same}`,
    [publication],
  );
  const columns = columnList([...key, 'entity']);
  await client.query(
    `/* reporting.record_contribution_history ${name} */
     insert into ${history} (replaced_by, existed, ${columns})
     select $1, false, ${columns} from ${change} where came`,
    [publication],
  );
}

async function beginHistory(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
): Promise<void> {
  const { name } = definition;
  await forgetHistory(client, definition);
  await client.query(
    `/* reporting.begin_history ${name} */
     create table ${contributionHistoryTable(name)} as
     select 0 as replaced_by, true as existed, built.* from ${contributionBuildTable(name)} as built limit 0`,
  );
  await client.query(
    `/* reporting.note_history */ insert into support.contribution_history (report, since) values ($1, $2)`,
    [name, publication],
  );
}

/** Takes away what is kept of earlier contributions. */
export async function forgetHistory(client: ClientBase, { name }: ReportDefinition): Promise<void> {
  await client.query(`/* reporting.forget_history */ drop table if exists ${contributionHistoryTable(name)}`);
  await client.query(
    '/* reporting.forget_history */ delete from support.contribution_history where report = $1',
    [name],
  );
}

/**
 * The earliest publication whose contributions can be told, where the history has the columns of a table of
 * contributions; null where there is none.
 */
async function historySince(
  client: ClientBase,
  { name }: ReportDefinition,
  like: string,
): Promise<number | null> {
  const { rows } = await client.query<{ since: number }>(
    '/* reporting.history_since */ select since from support.contribution_history where report = $1',
    [name],
  );
  const columns = await columnsOf(client, contributionHistoryTable(name));
  if (rows[0] === undefined || columns === null) return null;
  return columns === `replaced_by integer,existed boolean,${await columnsOf(client, like)}`
    ? rows[0].since
    : null;
}

/** Forgets what is needed to tell contributions before a publication. */
export async function forgetContributions(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  upTo: number,
): Promise<void> {
  for (const { name } of definitions) {
    const { rowCount } = await client.query(
      `/* reporting.forget_contributions */
       update support.contribution_history set since = $2 where report = $1 and since < $2`,
      [name, upTo],
    );
    if (rowCount === 0) continue;
    await client.query(
      `/* reporting.forget_contributions ${name} */ delete from ${contributionHistoryTable(name)} where replaced_by <= $1`,
      [upTo],
    );
  }
}

/**
 * Computes the contributions of an earlier state, as `rowsAt` does the rows.
 * @returns false where they cannot be had: there are none, or their columns were others then
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
  const names = columns.split(',').map((column) => quoted(column.split(' ')[0]!, 'first_change'));
  await client.query(
    `/* reporting.build_earlier_contributions ${name} */
     create table ${contributionBuildTable(name)} ${untouchedByAutovacuum} as
     with first_change as materialized (
       select distinct on (${identity}) *
       from ${contributionHistoryTable(name)}
       where replaced_by > ${Number(to)}
       order by ${identity}, replaced_by
     )
     select known.* from ${known} as known
     where not exists (select from first_change where ${sameContribution(definition, 'first_change', 'known')})
     union all
     select ${names.join(', ')} from first_change where existed`,
  );
  return true;
}
