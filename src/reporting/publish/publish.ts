import type { ClientBase } from 'pg';
import { filesTable } from '../../warehouse/corrections/withdrawal.js';
import { dropBuild } from '../build/drop-build.js';
import { keepState } from '../build/incremental-base.js';
import { applyDifferences, insertBuild } from '../build/row-difference.js';
import { type ReportCauses, recordDifferences } from '../causes/amount-causes.js';
import { applyContributions } from '../causes/contribution-changes.js';
import { byHandBetween, retirementCauses } from '../causes/manual-corrections.js';
import { deliveryCauses, knownFiles, ruleCauses } from '../causes/report-wide-causes.js';
import type { ReportDefinition } from '../definition/definition.js';
import { insertPublication, latestPublication, reflectedHash } from '../publications/publication.js';
import {
  keepPublicationState,
  type PublicationState,
  readPublicationState,
} from '../publications/publication-state.js';
import type { DifferenceCounts, LatestPublication, ReadyBuilds } from '../publications/types.js';
import { compareWithPublished } from './build-comparison.js';
import { forgetContributions, recordContributionHistory } from './contribution-history.js';
import { updateDictionary } from './dictionary.js';
import { readyBuilds } from './publishable-builds.js';
import { updateCatalog } from './report-catalog.js';

/**
 * Why reports are published: a drop was loaded, they were rebuilt, rows were retired or restored by hand, or a file was
 * withdrawn or taken back.
 */
export const publicationReasons = ['load', 'rebuild', 'retire', 'restore', 'withdraw', 'take back'] as const;
export type PublicationReason = (typeof publicationReasons)[number];

export interface PublishOptions {
  readonly runId: string | null;
  readonly reason?: PublicationReason | undefined;
  /** The changes of how many publications that changed rows are kept, so that their states can be shown again; 24 unless told. */
  readonly retainedPublications?: number | undefined;
}

export interface PublishResult {
  /** The publication readers see now. */
  readonly publication: number;
  /** False when nothing differed from it: then nothing was written. */
  readonly published: boolean;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
  /** What a rollback had published again, where it stays published since a load brought nothing. */
  readonly restores?: number;
}

export const defaultRetainedPublications = 24;

/**
 * Makes the checked builds of a run what readers see: applies the differences to all reports and writes them,
 * the publication and the catalog, all in the caller's transaction. Readers see the old state until its commit
 * and the new one after it. Drops the builds. Where the builds, the drops, the as-of day, the mapping and the
 * definitions are as in the latest publication, there is nothing to publish. Nor is there for a load that brought nothing
 * into the warehouse since a rollback: files that are sent again must not take it back.
 *
 * @throws as `readyBuilds` does
 */
export async function publish(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  { runId, reason = 'load', retainedPublications = defaultRetainedPublications }: PublishOptions,
): Promise<PublishResult> {
  await lockPublication(client);
  const builds = await readyBuilds(client, definitions, runId);
  const previous = await latestPublication(client);
  if (reason === 'load' && previous !== undefined && previous.restores !== null) {
    if (await wasPublished(client, builds)) {
      for (const definition of definitions) await dropBuild(client, definition);
      return { publication: previous.number, published: false, changes: {}, restores: previous.restores };
    }
  }
  const { retirements } = builds.reflected;
  const state = previous === undefined ? undefined : await readPublicationState(client, previous.number);
  const isNew = ({ name }: ReportDefinition) => previous?.rowCounts[name] === undefined;

  const changes: Record<string, DifferenceCounts> = {};
  const rowCounts: Record<string, number> = {};
  const explained = new Set<string>();
  let contributions = 0;
  for (const definition of definitions) {
    const { name } = definition;
    const { rows, whole, comparison } = builds.reports[name]!;
    if (isNew(definition)) {
      changes[name] = { inserted: rows, updated: 0, deleted: 0 };
      rowCounts[name] = rows;
      continue;
    }
    const compared =
      comparison?.publication === previous!.number
        ? comparison
        : await compareWithPublished(
            client,
            definition,
            { whole, hash: builds.hashes[name]!, retirements },
            previous!,
          );
    changes[name] = compared.counts;
    rowCounts[name] = previous!.rowCounts[name]! + compared.counts.inserted - compared.counts.deleted;
    if (compared.contributions !== null) explained.add(name);
    contributions += compared.contributions ?? 0;
  }
  const different =
    contributions > 0 ||
    Object.values(changes).some((count) => count.inserted + count.updated + count.deleted > 0);
  const published = different || previous === undefined || previous.reflects !== reflectedHash(builds);
  const number = published ? (previous?.number ?? 0) + 1 : previous.number;
  if (published) {
    await insertPublication(client, { number, runId, reason, builds, rowCounts, changes });
    for (const definition of definitions) {
      if (isNew(definition)) {
        await insertBuild(client, definition);
        await recordContributionHistory(client, definition, number, false);
        await recordFirst(client, definition, number, rowCounts[definition.name]!);
        continue;
      }
      const isExplained = explained.has(definition.name);
      await applyDifferences(client, definition);
      const causes = await causesSince(client, definition, previous!, state!, builds, isExplained);
      const { whole } = builds.reports[definition.name]!;
      await recordDifferences(client, definition, number, causes, { explained: isExplained, whole });
      await recordContributionHistory(client, definition, number, isExplained);
    }
    await updateCatalog(client, definitions, number, rowCounts, changes);
    await updateDictionary(client, definitions);
    await forgetChanges(client, definitions, retainedPublications);
    await notifyPublished(client, number);
  }
  await keepPublicationState(client, number, builds);
  for (const definition of definitions) {
    await applyContributions(client, definition, builds.reports[definition.name]!.whole);
    await keepState(client, definition, number);
  }
  await settle(client, definitions, runId, number);
  return { publication: number, published, changes };
}

/** Whether builds reflect the warehouse as the last publication that was made from it does. */
async function wasPublished(client: ClientBase, builds: ReadyBuilds): Promise<boolean> {
  const built = await latestPublication(client, 'built');
  if (built === undefined || built.reflects !== reflectedHash(builds)) return false;
  const { builtDate, retirements } = await readPublicationState(client, built.number);
  if (String(retirements) !== String(builds.reflected.retirements)) return false;
  const { rowCount } = await client.query(
    `/* reporting.cleaned_since */ select from support.file_transform where created_date > $1::timestamptz limit 1`,
    [builtDate],
  );
  return rowCount === 0;
}

/** Has other publications wait for the end of the transaction, and sets it up for much work on tables that are read once. */
export async function lockPublication(client: ClientBase): Promise<void> {
  await client.query(
    `/* reporting.lock_publication */ select pg_advisory_xact_lock(hashtextextended('marquee.publication', 0))`,
  );
  // What is compared here is read once; small samples plan it as well as large ones, in a tenth of the time.
  await client.query(
    `/* reporting.prepare_publish */
     select set_config('jit', 'off', true), set_config('work_mem', '64MB', true),
       set_config('default_statistics_target', '10', true)`,
  );
}

/**
 * Has publications wait for the end of the transaction, and waits for one under way. What explains a publication is replaced
 * with it table by table, so that no snapshot of the database would hold it together.
 */
export async function holdPublication(client: ClientBase): Promise<void> {
  await client.query(
    `/* reporting.hold_publication */ select pg_advisory_xact_lock_shared(hashtextextended('marquee.publication', 0))`,
  );
}

/** Whoever caches by publication may listen; delivered at the commit, not before. */
export async function notifyPublished(client: ClientBase, number: number): Promise<void> {
  await client.query(`/* reporting.notify */ select pg_notify('marquee_publication', $1)`, [String(number)]);
}

async function causesSince(
  client: ClientBase,
  { name }: ReportDefinition,
  previous: LatestPublication,
  { builtDate, retirements }: PublicationState,
  builds: ReadyBuilds,
  isExplained: boolean,
): Promise<ReportCauses> {
  const byHand = await retirementCauses(client, byHandBetween(retirements, builds.reflected.retirements));
  const ofFiles = byHand.filter(({ table }) => table === filesTable);
  // Where changes of contributions are known, what was retired is told with those it is a cause of, and with no others; a
  // file that was withdrawn, with whatever changed.
  const ofRows = isExplained ? [] : byHand.filter((cause) => !ofFiles.includes(cause));
  return {
    rules: [...ruleCauses(name, previous, builds), ...ofFiles],
    otherwise: [...deliveryCauses(previous, builds), ...ofRows],
    before: { builtDate, knownFiles: knownFiles(previous) },
  };
}

/** The first publication of a report is one change: to list each row would double it and tell nothing. */
async function recordFirst(
  client: ClientBase,
  definition: ReportDefinition,
  number: number,
  rows: number,
): Promise<void> {
  await client.query(
    `/* reporting.record_first */
     insert into reporting.report_change (publication, report, row_key, change, cause)
     values ($1, $2, '{}', 'insert', $3)`,
    [number, definition.name, JSON.stringify([{ kind: 'first publication', rows }])],
  );
}

/**
 * Forgets the changes of publications but for the newest of those that changed rows. Others do not count: they would have a
 * state forgotten that somebody may go back to for one that readers saw no difference in.
 */
export async function forgetChanges(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  retainedPublications: number,
): Promise<void> {
  const { rows } = await client.query<{ number: number }>(
    `/* reporting.newest_to_forget */
     select number
     from reporting.publication
     where exists (
       select
       from jsonb_each(changes) as changed (report, counts)
       cross join jsonb_each_text(changed.counts) as count (name, rows)
       where count.rows::bigint > 0
     )
     order by number desc
     offset $1
     limit 1`,
    [retainedPublications],
  );
  if (rows[0] === undefined) return;
  const upTo = rows[0].number;
  await client.query(
    '/* reporting.forget_changes */ delete from reporting.report_change where publication <= $1',
    [upTo],
  );
  await forgetContributions(client, definitions, upTo);
}

/** Ties the check results to the publication and drops the builds. */
async function settle(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
  number: number,
): Promise<void> {
  await client.query(
    `/* reporting.settle_checks */
     update support.check_result set publication = $2
     where run_id is not distinct from $1 and publication is null`,
    [runId, number],
  );
  for (const definition of definitions) await dropBuild(client, definition);
}
