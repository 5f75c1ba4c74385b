import type { ClientBase } from 'pg';
import { Fault } from '../fault.js';
import { updateCatalog } from './catalog.js';
import { recordDifferences } from './causes.js';
import {
  collectContributionChanges,
  columnsOf,
  recordContributionChanges,
  restoreContributions,
} from './contribution-changes.js';
import type { ReportDefinition } from './definition.js';
import { applyDifferences, collectDifferences, type DifferenceCounts } from './difference.js';
import { dropBuild } from './drop-build.js';
import { earlierPublication, rowsAt } from './earlier-state.js';
import { insertRollback } from './publication.js';
import { defaultRetainedPublications, forgetChanges, lockPublication, notifyPublished } from './publish.js';
import { forgetStates } from './report-state.js';
import { buildTable, columnList, contributionBuildTable, contributionTable, quoted } from './sql-names.js';

export interface RollbackOptions {
  /** The publication whose state is wanted. */
  readonly to: number;
  readonly runId: string | null;
  readonly retainedPublications?: number | undefined;
}

export interface RollbackResult {
  readonly publication: number;
  readonly restores: number;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
}

/**
 * Publishes the state of an earlier publication again, as a new publication, in the caller's transaction: reports,
 * what explains them, as-of day, files and definitions are as they were. The next build starts from the warehouse
 * as it is, whole.
 * @throws Fault as `earlierPublication`; `already_published` when it is the newest one
 */
export async function rollback(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  { to, runId, retainedPublications = defaultRetainedPublications }: RollbackOptions,
): Promise<RollbackResult> {
  await lockPublication(client);
  const { latest } = await earlierPublication(client, definitions, to);
  if (to === latest) {
    throw new Fault('already_published', `Publication ${to} is the one that is served; name an earlier one.`);
  }
  const number = latest + 1;
  const explained = new Map<string, boolean>();
  const changes: Record<string, DifferenceCounts> = {};
  for (const definition of definitions) {
    await dropBuild(client, definition);
    await client.query(
      `/* reporting.build_earlier ${definition.name} */
       create unlogged table ${buildTable(definition.name)} as ${rowsAt(definition, to)}`,
    );
    changes[definition.name] = await collectDifferences(client, definition, true);
    const restored = await buildEarlierContributions(client, definition, to);
    if (restored) await collectContributionChanges(client, definition, true);
    explained.set(definition.name, restored);
  }
  const rowCounts = await insertRollback(client, { number, runId, to, changes });
  const rules = [{ kind: 'rollback' as const, from: latest, to }];
  for (const definition of definitions) {
    const isExplained = explained.get(definition.name)!;
    await applyDifferences(client, definition);
    const causes = { rules, otherwise: [], newestPeriod: '', since: latest, rollback: true };
    await recordDifferences(client, definition, number, causes, isExplained);
    if (isExplained) await recordContributionChanges(client, definition, number);
    await restoreContributions(client, definition, isExplained);
    await dropBuild(client, definition);
  }
  await forgetStates(
    client,
    definitions.map((definition) => definition.name),
  );
  await updateCatalog(client, definitions, number, rowCounts, changes);
  await forgetChanges(client, number - retainedPublications);
  await notifyPublished(client, number);
  return { publication: number, restores: to, changes };
}

/**
 * Computes the contributions of an earlier state, as `rowsAt` does the rows.
 * @returns false where they cannot be had: there are none, or their columns were others then
 */
async function buildEarlierContributions(
  client: ClientBase,
  definition: ReportDefinition,
  to: number,
): Promise<boolean> {
  const { name } = definition;
  const known = contributionTable(name);
  const columns = await columnsOf(client, known);
  if (definition.contributions === undefined || columns === null) return false;
  const { rows } = await client.query<{ fits: boolean }>(
    `/* reporting.contributions_fit */
     select not exists (
       select
       from support.contribution_change as change
       where report = $1 and publication > $2 and old_row is not null
         and (select array_agg(key order by key) from jsonb_object_keys(old_row) as key)
           <> (
             select array_agg(attname::text order by attname::text) from pg_attribute
             where attrelid = to_regclass($3) and attnum > 0 and not attisdropped
           )
     ) as fits`,
    [name, to, known],
  );
  if (!rows[0]!.fits) return false;
  const key = columnList(definition.key, 'changed');
  const same = [...definition.key, 'entity'].map(
    (column) => `${quoted(column, 'changed')} = ${quoted(column, 'known')}`,
  );
  await client.query(
    `/* reporting.build_earlier_contributions ${name} */
     create table ${contributionBuildTable(name)} as
     with first_change as (
       select distinct on (row_key, entity) row_key, entity, old_row
       from support.contribution_change
       where report = '${name}' and publication > ${Number(to)}
       order by row_key, entity, id
     ),
     changed as (
       select ${key}, first_change.entity
       from first_change
       cross join lateral jsonb_populate_record(null::${known}, first_change.row_key) as changed
     )
     select known.* from ${known} as known
     where not exists (select from changed where ${same.join(' and ')})
     union all
     select earlier.*
     from first_change
     cross join lateral jsonb_populate_record(null::${known}, first_change.old_row) as earlier
     where first_change.old_row is not null`,
  );
  return true;
}
