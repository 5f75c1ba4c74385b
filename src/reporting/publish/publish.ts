import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { runSql, sql } from '../../database/sql.js';
import { filesTable } from '../../warehouse/corrections/withdrawal.js';
import { dropBuild } from '../build/drop-build.js';
import { keepIncrementalBase } from '../build/incremental-base.js';
import { applyDifferences, insertBuild } from '../build/row-difference.js';
import { correctionsBetween, retirementCauses } from '../causes/manual-corrections.js';
import { type ReportCauses, recordDifferences } from '../causes/record-differences.js';
import { deliveryCauses, knownFiles, ruleCauses } from '../causes/report-wide-causes.js';
import type { ReportDefinition } from '../definition/definition.js';
import { insertPublication, latestPublication, reflectedHash } from '../publications/publication.js';
import { keepPublicationState, readPublicationState } from '../publications/publication-state.js';
import type { Comparison, DifferenceCounts, LatestPublication, ReadyBuilds } from '../publications/types.js';
import { applyContributions } from './apply-contributions.js';
import { compareWithPublished } from './build-comparison.js';
import { recordContributionHistory } from './contribution-history.js';
import { updateDictionary } from './dictionary.js';
import { lockPublication, notifyPublished } from './publication-lock.js';
import { readyBuilds } from './publishable-builds.js';
import { updateCatalog } from './report-catalog.js';
import { defaultRetainedPublications, forgetChanges } from './retention.js';

/**
 * Why reports are published: a drop was loaded, they were rebuilt, rows were retired or restored manually, or a file was withdrawn or
 * taken back.
 */
export const publicationReasons = ['load', 'rebuild', 'retire', 'restore', 'withdraw', 'take back'] as const;
export type PublicationReason = (typeof publicationReasons)[number];

export interface PublishOptions {
  readonly runId: string | null;
  readonly reason?: PublicationReason | undefined;
  /** How many publications that changed rows keep their changes, so that their states can be shown again; 24 by default. */
  readonly retainedPublications?: number | undefined;
}

export interface PublishResult {
  /** The current publication. */
  readonly publication: number;
  /** False if nothing differed from it: then nothing was written. */
  readonly published: boolean;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
  /** The publication that a rollback had restored, if that stays current because a load brought nothing new. */
  readonly restores?: number;
}

/** What is published, and what it is compared with. */
interface Changeset {
  readonly builds: ReadyBuilds;
  /** Undefined for the first publication. */
  readonly previous: LatestPublication | undefined;
  /** By report; missing for a report that was not published before. */
  readonly comparisons: ReadonlyMap<string, Comparison>;
  readonly changes: Readonly<Record<string, DifferenceCounts>>;
  readonly rowCounts: Readonly<Record<string, number>>;
}

/**
 * Publishes the checked builds of a run: applies the differences to all reports and writes them, the publication and the catalog, in
 * the caller's transaction. Readers see the old state until its commit and the new state after it. Drops the builds. Nothing is
 * published if the builds, the files, the as-of day, the mapping and the definitions are the same as in the current publication,
 * or if a load brought nothing into the warehouse since a rollback: files that are sent again must not undo it.
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
  const changeset = await compareAll(client, definitions, builds, previous);
  const isNeeded = isDifferent(changeset);
  const number = (previous?.number ?? 0) + (isNeeded ? 1 : 0);
  if (isNeeded) {
    const { rowCounts, changes } = changeset;
    await insertPublication(client, { number, runId, reason, builds, rowCounts, changes });
    for (const definition of definitions) await publishReport(client, definition, number, changeset);
    await updateCatalog(client, definitions, number, rowCounts, changes);
    await updateDictionary(client, definitions);
    await forgetChanges(client, definitions, retainedPublications);
    await notifyPublished(client, number);
  }
  await keepPublicationState(client, number, builds);
  for (const definition of definitions) {
    await applyContributions(client, definition, builds.reports[definition.name]!.whole);
    await keepIncrementalBase(client, definition, number);
  }
  await assignChecks(client, runId, number);
  for (const definition of definitions) await dropBuild(client, definition);
  return { publication: number, published: isNeeded, changes: changeset.changes };
}

/** Whether the builds reflect the warehouse in the same state as the newest publication that was built from it. */
async function wasPublished(client: ClientBase, builds: ReadyBuilds): Promise<boolean> {
  const built = await latestPublication(client, 'built');
  if (built === undefined || built.reflects !== reflectedHash(builds)) return false;
  const { builtDate, retirements } = await readPublicationState(client, built.number);
  if (String(retirements) !== String(builds.reflected.retirements)) return false;
  const { rowCount } = await runSql(
    client,
    sql`/* reporting.find_cleaned_since */
      select from support.file_transform where created_date > ${builtDate}::timestamptz limit 1`,
  );
  return rowCount === 0;
}

/** Compares each build with the current publication, unless `compareBuild` already has. */
async function compareAll(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  builds: ReadyBuilds,
  previous: LatestPublication | undefined,
): Promise<Changeset> {
  const comparisons = new Map<string, Comparison>();
  const changes: Record<string, DifferenceCounts> = {};
  const rowCounts: Record<string, number> = {};
  for (const definition of definitions) {
    const { name } = definition;
    const { rows, whole, comparison } = builds.reports[name]!;
    const before = previous?.rowCounts[name];
    if (previous === undefined || before === undefined) {
      changes[name] = { inserted: rows, updated: 0, deleted: 0 };
      rowCounts[name] = rows;
      continue;
    }
    const build = { whole, asOfDay: builds.asOfDay, retirements: builds.reflected.retirements };
    const compared =
      comparison?.publication === previous.number
        ? comparison
        : await compareWithPublished(client, definition, build, previous);
    comparisons.set(name, compared);
    changes[name] = compared.counts;
    rowCounts[name] = before + compared.counts.inserted - compared.counts.deleted;
  }
  return { builds, previous, comparisons, changes, rowCounts };
}

function isDifferent({ builds, previous, comparisons, changes }: Changeset): boolean {
  return (
    previous === undefined ||
    previous.reflects !== reflectedHash(builds) ||
    [...comparisons.values()].some(({ contributions }) => (contributions ?? 0) > 0) ||
    Object.values(changes).some((count) => count.inserted + count.updated + count.deleted > 0)
  );
}

/** Applies the differences of a report and records them with their causes. */
async function publishReport(
  client: ClientBase,
  definition: ReportDefinition,
  number: number,
  changeset: Changeset,
): Promise<void> {
  const { builds, previous, comparisons, rowCounts } = changeset;
  const { name } = definition;
  const comparison = comparisons.get(name);
  if (previous === undefined || comparison === undefined) {
    await insertBuild(client, definition);
    await recordContributionHistory(client, definition, number, false);
    await recordFirst(client, definition, number, rowCounts[name]!);
    return;
  }
  const explained = comparison.contributions !== null;
  await applyDifferences(client, definition);
  const causes = await reportCauses(client, definition, previous, builds, explained);
  const { whole } = builds.reports[name]!;
  await recordDifferences(client, definition, number, causes, { explained, whole });
  await recordContributionHistory(client, definition, number, explained);
}

async function reportCauses(
  client: ClientBase,
  { name }: ReportDefinition,
  previous: LatestPublication,
  builds: ReadyBuilds,
  explained: boolean,
): Promise<ReportCauses> {
  const { builtDate, retirements } = await readPublicationState(client, previous.number);
  const corrections = await retirementCauses(
    client,
    correctionsBetween(retirements, builds.reflected.retirements),
  );
  const ofFiles = corrections.filter(({ table }) => table === filesTable);
  // A withdrawn file is a cause of every change. If changes of contributions are known, a retired row is a cause only of those it
  // affected.
  const ofRows = explained ? [] : corrections.filter((cause) => !ofFiles.includes(cause));
  return {
    rules: [...ruleCauses(name, previous, builds), ...ofFiles],
    otherwise: [...deliveryCauses(previous, builds), ...ofRows],
    before: { builtDate, knownFiles: knownFiles(previous) },
  };
}

/** The first publication of a report is one change: listing each row would double the report and explain nothing. */
async function recordFirst(
  client: ClientBase,
  { name }: ReportDefinition,
  number: number,
  rowCount: number,
): Promise<void> {
  const rows = await ledger(client);
  await rows.reportChange.create({
    data: {
      publication: number,
      report: name,
      row_key: {},
      change: 'insert',
      cause: [{ kind: 'first publication', rows: rowCount }],
    },
  });
}

/** Assigns the check results of the run to the publication. */
async function assignChecks(client: ClientBase, runId: string | null, number: number): Promise<void> {
  const rows = await ledger(client);
  await rows.checkResult.updateMany({
    where: { run_id: runId, publication: null },
    data: { publication: number },
  });
}
